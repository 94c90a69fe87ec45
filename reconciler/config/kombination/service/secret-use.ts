import type { DocumentPath } from '../../../base/document-path.ts';
/** A secret that a service is given as a file. */
export interface SecretUse {
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly path: DocumentPath;
}

/** A declared secret: a file of the repository, or a reference. */
export interface SecretModel {
  readonly file?: string;
  readonly reference?: string;
  readonly path: DocumentPath;
}
