import type {
  BackupFilter,
  BackupList,
  BackupReference,
  BackupRequest,
  DatabaseView,
  Job,
  RestoreLook,
  RestoreRequest,
  VerifyResult,
} from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** Database servers with what they say of themselves, by stack and service. Throws UNKNOWN_STACK. */
export function readDatabases(
  { reconciler }: ApiDeps,
  filter: BackupFilter,
  signal: AbortSignal,
): Promise<readonly DatabaseView[]> {
  return reconciler.databases(signal, filter);
}

/** Backups by stack and service, the newest first; also of stacks that are gone. */
export function readBackups(
  { reconciler }: ApiDeps,
  filter: BackupFilter,
  signal: AbortSignal,
): Promise<BackupList> {
  return reconciler.listBackups(filter, signal);
}

/** Throws UNKNOWN_STACK, BAD_OPTIONS. The job goes on when whoever asked goes away. */
export function backUp({ reconciler }: ApiDeps, request: Omit<BackupRequest, 'trigger'>): Job {
  return reconciler.backup({ ...request, trigger: 'api' });
}

/** Restores as a job, like `backUp`. Whoever asks has said yes to losing what is there. */
export function restoreBackup({ reconciler }: ApiDeps, request: Omit<RestoreRequest, 'trigger'>): Job {
  return reconciler.restore({ ...request, trigger: 'api' });
}

/** Throws UNKNOWN_STACK, BAD_OPTIONS, UNKNOWN_BACKUP, BACKUP_DAMAGED. Reads the backup and what is there, which may take long. */
export function lookAtRestore(
  { reconciler }: ApiDeps,
  reference: BackupReference,
  signal: AbortSignal,
): Promise<RestoreLook> {
  return reconciler.lookAtRestore(reference, signal);
}

/** Throws UNKNOWN_BACKUP. Reads all of the backup, which may take long. */
export function verifyBackup(
  { reconciler }: ApiDeps,
  reference: BackupReference,
  signal: AbortSignal,
): Promise<VerifyResult> {
  return reconciler.verifyBackup(reference, signal);
}
