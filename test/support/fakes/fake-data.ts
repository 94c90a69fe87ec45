import type {
  BackupFilter,
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
    if (databases({ stack, ...(service === undefined ? {} : { service }) }).length === 0)
      throw new ReconcilerError('BAD_OPTIONS', `${stack} has no database`);
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
      backups.unshift({ stack, service, file, ...place, time: at(backups.length), beforeRestore: false });
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
  };
}
