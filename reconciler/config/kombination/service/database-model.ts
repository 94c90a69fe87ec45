import type { DatabaseKind } from '../../../database/settings.ts';
import type { BackupPolicy } from '../../../database/backup.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
/** `backup` of the document, as written. */
export interface BackupModel extends BackupPolicy {
  readonly path: DocumentPath;
  /** A volume that each of the services mounts. */
  readonly volume?: string;
}

/** `database` of a service, as written. */
export interface DatabaseModel {
  readonly kind: DatabaseKind;
  readonly user?: string;
  readonly database?: string;
  /** A secret that the service is given as a file. */
  readonly passwordSecret?: string;
  readonly passwordEnv?: string;
  readonly path: DocumentPath;
}
