import type { ErrorObject } from 'ajv/dist/2020.js';

/** Kinds of documents that have a schema of ours. */
export type OwnDocumentKind =
  | 'cluster'
  | 'daemon'
  | 'kombination'
  | 'node'
  | 'plugin'
  | 'repository'
  | 'stackkit'
  | 'workflow';

export type DocumentKind =
  | OwnDocumentKind
  /** `nodes/<name>.yaml` of a kind that was registered. */
  | `node:${string}`;

export function isRegistered(kind: DocumentKind): kind is `node:${string}` {
  return kind.startsWith('node:');
}

/** Tells whether a value is valid; what is wrong with it stands in `errors` until the next call. */
export interface Validator {
  (value: unknown): boolean;
  errors?: readonly ErrorObject[] | null;
}

/** Returns `undefined` for a kind that was not registered. */
export type Validators = (kind: DocumentKind) => Validator | undefined;
