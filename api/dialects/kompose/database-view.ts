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

export function toBackup({ sizeBytes, beforeRestore, ...backup }: BackupView) {
  return { ...backup, size_bytes: sizeBytes, before_restore: beforeRestore };
}
