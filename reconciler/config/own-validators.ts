import { compileSchemas } from './compile-schemas.ts';
import type { Validators } from './document-kind.ts';

let compiled: Validators | undefined;

/**
 * The validators of our own schemas: they never change, so a process needs them once. The build has them compiled ahead of time and puts those in
 * the place of this file.
 */
export const ownValidators: Validators = (kind) => {
  compiled ??= compileSchemas();
  return compiled(kind);
};
