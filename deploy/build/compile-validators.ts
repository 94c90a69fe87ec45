import standaloneCode from 'ajv/dist/standalone/index.js';
import type { OwnDocumentKind } from '../../reconciler/config/document-kind.ts';
import { createAjv, OWN_SCHEMAS } from '../../reconciler/config/compile-schemas.ts';

/** Writes the module that stands in the bundle in the place of `reconciler/config/own-validators.ts`: the same, compiled ahead of time. */
export function compileValidators(): string {
  const ajv = createAjv({ source: true, esm: true, optimize: true });
  const kinds = Object.keys(OWN_SCHEMAS) as OwnDocumentKind[];
  for (const kind of kinds) ajv.addSchema(OWN_SCHEMAS[kind]);
  const ids = Object.fromEntries(kinds.map((kind) => [kind, OWN_SCHEMAS[kind].$id]));
  const code = standaloneCode.default(ajv, ids);
  return [
    "import { formTest } from './form-test.ts';",
    code,
    `const validators = { ${kinds.join(', ')} };`,
    'export const ownValidators = (kind) => (Object.hasOwn(validators, kind) ? validators[kind] : undefined);',
  ].join('\n');
}
