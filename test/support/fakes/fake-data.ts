import type {
  BackupFilter,
  BackupReference,
  BackupView,
  DatabaseView,
  DataOperations,
  Job,
  StackView,
} from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { at } from '../records.ts';

export interface FakeDataOptions {
  readonly viewOf: (stack: string) => StackView;
  readonly stacks: () => readonly string[];
  readonly addJob: (changes: Partial<Job>) => Job;
  /** Throws what the test has planned. */
  readonly check: () => void;
}

/** Every service called `db` is a PostgreSQL server; backups are names in a list. */
export function createFakeData({ viewOf, stacks, addJob, check }: FakeDataOptions): DataOperations {
  const backups: BackupView[] = [];
  const isWanted =
    ({ stack, service }: BackupFilter) =>
    (one: { readonly stack: string; readonly service: string }) =>
      (stack ?? one.stack) === one.stack && (service ?? one.service) === one.service;
  const databases = (filter: BackupFilter = {}): readonly DatabaseView[] =>
    stacks()
      .flatMap((stack) =>
        viewOf(stack)
          .services.filter(({ name }) => name === 'db')
          .map(({ name: service, node, image, health: status }): DatabaseView => {
            const sizes = [{ name: 'app', sizeBytes: 7_864_320, connections: 2 }];
            const server = { stack, service, node, image, status, kind: 'postgres' } as const;
            return { ...server, databases: sizes, connections: 2, error: null };
          }),
      )
      .filter(isWanted(filter));
  const need = ({ stack, service }: { readonly stack: string; readonly service?: string }) => {
    viewOf(stack);
    if (service?.includes(':') === true) return;
    if (databases({ stack, ...(service === undefined ? {} : { service }) }).length === 0)
      throw new ReconcilerError('BAD_OPTIONS', `${stack} has no database`);
  };
  const find = ({ stack, service, file }: BackupReference): BackupView => {
    const found = backups.find(
      (one) => one.stack === stack && one.service === service && (file ?? one.file) === one.file,
    );
    if (found !== undefined) return found;
    throw new ReconcilerError('UNKNOWN_BACKUP', `there is no backup ${file ?? ''} of ${stack}/${service}`);
  };
  return {
    databases: async (_signal, filter) => {
      check();
      return databases(filter);
    },
    listBackups: async (filter) => {
      check();
      return { backups: backups.filter(isWanted(filter)), failures: [] };
    },
    backup(request) {
      need(request);
      const { stack, service = 'db', actor } = request;
      const file = `${service}_20260101-00000${backups.length}.sql.gz`;
      const place = {
        location: `/srv/backups/${stack}/${service}`,
        sizeBytes: 1_536,
        sha256: 'ab'.repeat(32),
      };
      const kind = service.includes(':') ? 'data' : 'database';
      const more = { kind, destination: null, encrypted: false, beforeRestore: false } as const;
      backups.unshift({ stack, service, file, ...place, time: at(backups.length), ...more });
      return addJob({ type: 'backup', stack, actor: actor?.name ?? null, status: 'completed' });
    },
    restore(request) {
      need(request);
      const { stack, file, actor } = request;
      const isKnown = backups.some((one) => one.stack === stack && (file ?? one.file) === one.file);
      const message = `there is no backup ${file ?? ''} of ${stack}`;
      const error = isKnown ? null : { code: 'UNKNOWN_BACKUP', message, retryable: false };
      const status = isKnown ? 'completed' : 'failed';
      return addJob({ type: 'restore', stack, actor: actor?.name ?? null, status, error });
    },
    async lookAtRestore(reference) {
      const { stack, service } = reference;
      check();
      viewOf(stack);
      const found = find(reference);
      const counts = { added: 1, changed: 1, removed: 1, same: 2, bytesBefore: 2_048, bytesAfter: 4_096 };
      const changes = [
        { path: 'a.txt', change: 'added', before: null, after: 3_072 },
        { path: 'b.txt', change: 'changed', before: 1_024, after: 1_024 },
        { path: 'c.txt', change: 'removed', before: 1_024, after: null },
      ] as const;
      const what = { stack, service, file: found.file, time: found.time, stops: ['web'] };
      return { ...what, note: null, data: { ...counts, changes } };
    },
    async verifyBackup(reference) {
      const { stack, service } = reference;
      check();
      const found = find(reference);
      return {
        stack,
        service,
        file: found.file,
        destination: null,
        result: 'whole',
        bytes: 4_096,
        message: null,
      };
    },
  };
}
