import type { DataOperations } from '../../public/backups.ts';
import type { StackOperations } from '../../public/reconciler.ts';
import { readDatabases } from '../observe/databases.ts';
import type { OperationParts } from './parts.ts';

export function createDataOperations(
  { context, backups }: OperationParts,
  { getStack, listStacks, stackNames }: StackOperations,
): DataOperations {
  return {
    databases(signal, filter = {}) {
      const stacks = filter.stack === undefined ? listStacks() : [getStack(filter.stack)];
      return readDatabases(context, { stacks, filter }, signal);
    },
    listBackups(filter, signal) {
      const stacks = filter.stack === undefined ? stackNames() : [filter.stack];
      return backups.list(filter, stacks, signal);
    },
    backup: (request) => backups.backup(request),
    restore: (request) => backups.restore(request),
    lookAtRestore: (reference, signal) => backups.lookAtRestore(reference, signal),
    verifyBackup: (reference, signal) => backups.verify(reference, signal),
  };
}
