import type { SchemaCheck } from '../../schema-check.ts';
import type { Document } from 'yaml';
/** State that the parts of an import share. */
export interface Import extends Required<ImportOptions> {
  note(kind: ImportNote['kind'], path: readonly (string | number)[], message: string): void;
  readonly copies: Set<string>;
  readonly document: Document.Parsed;
  /** Volumes to declare. */
  readonly volumes: Set<string>;
}

/** One line of the report. */
export interface ImportNote {
  readonly kind: 'mapped' | 'changed' | 'dropped';
  /** Line in the Compose file, from 1. */
  readonly line: number;
  /** `services.web.env_file` */
  readonly path: string;
  readonly message: string;
}

export interface ImportOptions {
  readonly text: string;
  /** Name of the stack where the file does not say one. */
  readonly name: string;
  /** Use the name whatever the file says. Default false. */
  readonly rename?: boolean;
  /** Values of `.env`. */
  readonly env: Readonly<Record<string, string>>;
  /** Files at or below a path beside the Compose file, relative to it; none when there is nothing. */
  readonly list: (path: string) => readonly string[];
  /** Text of a file beside the Compose file; `null` when there is none. */
  readonly read: (path: string) => string | null;
  /** Default: a new one. */
  readonly checkSchema?: SchemaCheck;
}
