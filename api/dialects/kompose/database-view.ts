import type { BackupView, DatabaseView } from '../../../reconciler/index.ts';

export function toDatabase({ databases, ...server }: DatabaseView) {
  return {
    ...server,
    databases: databases.map(({ name, sizeBytes, connections }) => ({
      name,
      size_bytes: sizeBytes,
      connections,
    })),
  };
}

/** Members that known clients read, and no others. */
export function toBackup({
  sizeBytes,
  beforeRestore,
  kind: _kind,
  destination: _destination,
  encrypted: _encrypted,
  ...backup
}: BackupView) {
  return { ...backup, size_bytes: sizeBytes, before_restore: beforeRestore };
}
