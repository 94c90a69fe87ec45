import { own } from '../../../reconciler/index.ts';
import type {
  BackupFilter,
  BackupList,
  BackupReference,
  DatabaseView,
  Job,
  Reconciler,
  RestoreLook,
  VerifyResult,
} from '../../../reconciler/index.ts';
import { fieldsOf, listAt, textAt, textOrNull, toJob } from '../remote/decode.ts';
import type { RemoteClient } from '../remote/client.ts';
import type { Actor } from '../../../reconciler/index.ts';

export interface RestoreOptions {
  readonly stack: string;
  readonly service?: string;
  readonly file?: string;
  readonly backupFirst: boolean;
}

/** Databases of stacks and their backups. */
export interface DataSession {
  databases(filter: BackupFilter, signal: AbortSignal): Promise<readonly DatabaseView[]>;
  listBackups(filter: BackupFilter, signal: AbortSignal): Promise<BackupList>;
  backup(place: { readonly stack: string; readonly service?: string }, signal: AbortSignal): Promise<Job>;
  restore(options: RestoreOptions, signal: AbortSignal): Promise<Job>;
  lookAtRestore(reference: BackupReference, signal: AbortSignal): Promise<RestoreLook>;
  verifyBackup(reference: BackupReference, signal: AbortSignal): Promise<VerifyResult>;
}

export interface LocalDataOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
  /** Names the stacks that there are where one is not known. */
  readonly withNames: <T>(work: () => Promise<T>, stack: string) => Promise<T>;
}

export function createLocalData({ reconciler, actor, readOnce, withNames }: LocalDataOptions): DataSession {
  const origin = { actor, trigger: 'cli' } as const;
  return {
    async databases(filter, signal) {
      await readOnce(signal);
      const stacks = filter.stack === undefined ? reconciler.stackNames() : [filter.stack];
      // The running services are known once somebody has looked.
      for (const stack of stacks) await withNames(() => reconciler.observe(stack, signal), stack);
      return reconciler.databases(signal, filter);
    },
    async listBackups(filter, signal) {
      await readOnce(signal);
      return reconciler.listBackups(filter, signal);
    },
    async backup(place, signal) {
      await readOnce(signal);
      return withNames(async () => reconciler.backup({ ...place, ...origin }), place.stack);
    },
    async restore(options, signal) {
      await readOnce(signal);
      return withNames(async () => reconciler.restore({ ...options, ...origin }), options.stack);
    },
    async lookAtRestore(reference, signal) {
      await readOnce(signal);
      return withNames(() => reconciler.lookAtRestore(reference, signal), reference.stack);
    },
    async verifyBackup(reference, signal) {
      await readOnce(signal);
      return reconciler.verifyBackup(reference, signal);
    },
  };
}

export interface RemoteDataOptions {
  readonly client: RemoteClient;
  readonly withNames: <T>(answer: Promise<T>, stack: string, signal: AbortSignal) => Promise<T>;
}

export function createRemoteData({ client, withNames }: RemoteDataOptions): DataSession {
  const post = (stack: string, verb: string, body: object, signal: AbortSignal) =>
    withNames(client.post(`/stacks/${encodeURIComponent(stack)}/${verb}`, { body, signal }), stack, signal);
  return {
    async databases({ stack, service }, signal) {
      const answer = client.get('/databases', { query: { stack, service }, signal });
      const fields = fieldsOf(
        await (stack === undefined ? answer : withNames(answer, stack, signal)),
        'databases',
      );
      return listAt(fields, 'databases', toDatabase);
    },
    async listBackups({ stack, service }, signal) {
      const fields = fieldsOf(await client.get('/backups', { query: { stack, service }, signal }), 'backups');
      return {
        backups: listAt(fields, 'backups', toBackup),
        failures: listAt(fields, 'failures', (value) => {
          const failure = fieldsOf(value, 'failure');
          const [at, service] = [textAt(failure, 'stack'), textAt(failure, 'service')];
          return { stack: at, service, message: textAt(failure, 'message') };
        }),
      };
    },
    async backup({ stack, ...body }, signal) {
      return toJob(await post(stack, 'backup', body, signal));
    },
    async restore({ stack, backupFirst, ...rest }, signal) {
      return toJob(
        await post(stack, 'restore', { ...rest, backup_first: backupFirst, confirm: true }, signal),
      );
    },
    async lookAtRestore({ stack, ...body }, signal) {
      return toLook(await post(stack, 'restore/look', body, signal));
    },
    async verifyBackup(reference, signal) {
      return toVerifyResult(await client.post('/backups/verify', { body: reference, signal }));
    },
  };
}

function toBackup(value: unknown): BackupList['backups'][number] {
  const fields = fieldsOf(value, 'backup');
  return {
    stack: textAt(fields, 'stack'),
    service: textAt(fields, 'service'),
    file: textAt(fields, 'file'),
    location: textAt(fields, 'location'),
    sha256: textAt(fields, 'sha256'),
    time: textAt(fields, 'time'),
    sizeBytes: numberOrNull(fields, 'size_bytes') ?? 0,
    beforeRestore: fields['before_restore'] === true,
    // A daemon from before these were told has databases only, in its own place.
    kind: fields['kind'] === 'data' ? 'data' : 'database',
    destination: typeof fields['destination'] === 'string' ? fields['destination'] : null,
    encrypted: fields['encrypted'] === true,
  };
}

function toLook(value: unknown): RestoreLook {
  const fields = fieldsOf(value, 'look');
  const data = fields['data'] === null ? null : fieldsOf(fields['data'], 'data');
  const count = (key: string) => (data === null ? 0 : (numberOrNull(data, key) ?? 0));
  return {
    stack: textAt(fields, 'stack'),
    service: textAt(fields, 'service'),
    file: textAt(fields, 'file'),
    time: textAt(fields, 'time'),
    stops: listAt(fields, 'stops', String),
    note: textOrNull(fields, 'note'),
    data: data && {
      added: count('added'),
      changed: count('changed'),
      removed: count('removed'),
      same: count('same'),
      bytesBefore: count('bytes_before'),
      bytesAfter: count('bytes_after'),
      changes: listAt(data, 'changes', (one) => {
        const change = fieldsOf(one, 'change');
        const what = (['added', 'changed', 'removed'] as const).find((each) => each === change['change']);
        const [before, after] = [numberOrNull(change, 'before'), numberOrNull(change, 'after')];
        return { path: textAt(change, 'path'), change: what ?? 'changed', before, after };
      }),
    },
  };
}

function toVerifyResult(value: unknown): VerifyResult {
  const fields = fieldsOf(value, 'result');
  const results = ['whole', 'stored', 'damaged', 'unreadable'] as const;
  return {
    stack: textAt(fields, 'stack'),
    service: textAt(fields, 'service'),
    file: textAt(fields, 'file'),
    destination: textOrNull(fields, 'destination'),
    result: results.find((one) => one === fields['result']) ?? 'unreadable',
    bytes: numberOrNull(fields, 'bytes'),
    message: textOrNull(fields, 'message'),
  };
}

function toDatabase(value: unknown): DatabaseView {
  const fields = fieldsOf(value, 'database');
  const kinds = ['postgres', 'mysql', 'mongodb', 'redis'] as const;
  const states = ['healthy', 'starting', 'unhealthy', 'completed', 'failed', 'stopped', 'missing'] as const;
  return {
    stack: textAt(fields, 'stack'),
    service: textAt(fields, 'service'),
    node: textAt(fields, 'node'),
    image: textAt(fields, 'image'),
    kind: kinds.find((kind) => kind === fields['kind']) ?? 'postgres',
    status: states.find((state) => state === fields['status']) ?? 'unknown',
    connections: numberOrNull(fields, 'connections'),
    error: textOrNull(fields, 'error'),
    databases: listAt(fields, 'databases', (one) => {
      const database = fieldsOf(one, 'database');
      const [sizeBytes, connections] = [
        numberOrNull(database, 'size_bytes'),
        numberOrNull(database, 'connections'),
      ];
      return { name: textAt(database, 'name'), sizeBytes, connections };
    }),
  };
}

function numberOrNull(fields: Readonly<Record<string, unknown>>, key: string): number | null {
  const value = own(fields, key);
  return typeof value === 'number' ? value : null;
}
