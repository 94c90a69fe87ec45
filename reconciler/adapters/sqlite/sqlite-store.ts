import type { Access } from './access.ts';
import type { DatabaseSync } from 'node:sqlite';
import { ReconcilerError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { canonicalJson, sha256 } from '../../base/json.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Job, JobError, StackRecord, Store } from '../../ports/store.ts';
import type { ConnectionOptions } from './connection.ts';
import { fileAt, leaveFile, moveAside, openConnection } from './connection.ts';
import { isCorruption, toStoreError } from './errors.ts';
import { createBuildRecords } from './build-records.ts';
import { createImageRecords } from './images/image-records.ts';
import { createInstanceRecords } from './instance-records.ts';
import { createUserRecords } from './user-records.ts';
import { createAuditRecords } from './accounts/audit-records.ts';
import { createLoginRecords } from './accounts/login-records.ts';
import { createAccessLog } from './accesses/access-log.ts';
import { createConnectionLog } from './connection-log.ts';
import { selectJobCounts, selectJobs } from './job-query.ts';
import { createNoticeRecords } from './notices.ts';
import { createObjectRecords } from './object-records.ts';
import { createPluginSwitches } from './plugin-switches.ts';
import { createVerifiedRecords } from './git/verified-records.ts';
import { text, toApiKey, toJob, toLog, toStackRecord, toStep } from './rows.ts';
import type { Statements } from './statements.ts';
import { prepareStatements } from './statements.ts';

export interface SqliteStoreOptions {
  /** A file (its directory is made with mode 0700, the file with 0600), or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  /** Told when a damaged database had to be moved aside. */
  readonly logger?: Logger;
  /** Time that a call waits for another program's lock before STORE_UNAVAILABLE; the process waits with it. Default 500. */
  readonly busyTimeoutMs?: number;
}

/** So long nobody looks again whether the file is still there. */
const FILE_CHECK_MS = 1_000;

interface Connection {
  /** The file and its write-ahead log, as `fileAt` knows them. */
  readonly file: string | null;
  readonly log: string | null;
  readonly database: DatabaseSync;
  readonly statements: Statements;
}

const INTERRUPTED: JobError = {
  code: 'CANCELLED',
  message: 'the process that was to do this ended while it was queued or running',
  retryable: true,
};

/**
 * The store on `node:sqlite`. Opening throws as every call does: STORE_UNAVAILABLE or STORE_FULL (both retryable), and
 * BAD_OPTIONS for a file that a newer version of the program wrote. A damaged database, found when opening or later, is
 * moved aside and begun anew. Dispose it to close the file.
 */
export function createSqliteStore(options: SqliteStoreOptions): Store {
  const access = createAccess({
    path: options.path,
    clock: options.clock,
    logger: options.logger,
    busyTimeoutMs: options.busyTimeoutMs ?? 500,
  });
  const now = () => new Date(options.clock.now()).toISOString();
  return {
    ...createJobRecords(access),
    ...createPlanRecords(access, now),
    ...createStackRecords(access),
    ...createKeyRecords(access),
    ...createInstanceRecords(access),
    ...createUserRecords(access),
    ...createLoginRecords(access),
    ...createAuditRecords(access),
    ...createPluginSwitches(access),
    ...createAccessLog(access),
    ...createConnectionLog(access),
    ...createNoticeRecords(access),
    ...createObjectRecords(access),
    ...createBuildRecords(access),
    ...createImageRecords(access),
    ...createVerifiedRecords(access),
    [Symbol.dispose]: () => access.close(),
  };
}

/** Turns errors into the port's, and replaces a connection whose file turned out to be damaged. */
function createAccess(options: ConnectionOptions): Access {
  let connection: Connection | null = translate(() => connect(options));
  let checkedAt = options.clock.elapsed();

  function current(): Connection {
    if (connection !== null) return connection;
    throw new ReconcilerError('STORE_UNAVAILABLE', 'the database is closed', { retryable: true });
  }

  /** Opens the file anew that has taken the place of the one in use, or writes that one again where it was deleted. */
  function watchFile(): void {
    const { path, clock } = options;
    if (path === ':memory:' || clock.elapsed() - checkedAt < FILE_CHECK_MS) return;
    checkedAt = clock.elapsed();
    const { database, file, log } = current();
    if (database.isTransaction || fileAt(path) === file) return;
    leaveFile(database, log, options);
    connection = connect(options);
  }

  function use<T>(work: (statements: Statements, database: DatabaseSync) => T): T {
    return translate(() => {
      watchFile();
      const { database, statements } = current();
      try {
        return work(statements, database);
      } catch (error) {
        if (!isCorruption(error) || options.path === ':memory:') throw error;
        database.close();
        moveAside(options);
        connection = connect(options);
        return work(connection.statements, connection.database);
      }
    });
  }

  return {
    use,
    transaction: (work) => use((statements, database) => runTransaction(database, () => work(statements))),
    close() {
      connection?.database.close();
      connection = null;
    },
  };
}

function connect(options: ConnectionOptions): Connection {
  const database = openConnection(options);
  return {
    database,
    statements: prepareStatements(database),
    file: fileAt(options.path),
    log: fileAt(`${options.path}-wal`),
  };
}

function runTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    // A full disk makes SQLite roll back by itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function translate<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error);
  }
}

type JobRecords = Pick<
  Store,
  | 'saveJob'
  | 'saveProgress'
  | 'getJob'
  | 'newestJobId'
  | 'listJobs'
  | 'countJobs'
  | 'saveSteps'
  | 'listSteps'
  | 'appendLogs'
  | 'listLogs'
  | 'closeInterrupted'
  | 'prune'
>;

function createJobRecords({ use, transaction }: Access): JobRecords {
  return {
    saveJob: (job) => use((statements) => void statements.saveJob.run(jobColumns(job))),
    saveProgress: (job, steps, logs) =>
      transaction((statements) => {
        statements.saveJob.run(jobColumns(job));
        for (const step of steps) statements.saveStep.run({ ...step });
        for (const log of logs) statements.appendLog.run({ ...log });
      }),
    getJob: (id) =>
      use((statements) => {
        const row = statements.getJob.get(id);
        return row === undefined ? undefined : toJob(row);
      }),
    newestJobId: () =>
      use((statements) => {
        const id = statements.newestJob.get()?.['id'];
        return typeof id === 'string' ? id : undefined;
      }),
    listJobs: (filter) => use((_, database) => selectJobs(database, filter)),
    countJobs: (type) => use((_, database) => selectJobCounts(database, type)),
    saveSteps: (steps) =>
      transaction((statements) => {
        for (const step of steps) statements.saveStep.run({ ...step });
      }),
    listSteps: (jobId) => use((statements) => statements.listSteps.all(jobId).map(toStep)),
    appendLogs: (logs) =>
      transaction((statements) => {
        for (const log of logs) statements.appendLog.run({ ...log });
      }),
    listLogs: (jobId, afterSequence = 0) =>
      use((statements) => statements.listLogs.all(jobId, afterSequence).map(toLog)),
    closeInterrupted(time) {
      let closed = 0;
      transaction((statements) => {
        statements.closeSteps.run({ now: time });
        closed = Number(statements.closeJobs.run({ now: time, error: JSON.stringify(INTERRUPTED) }).changes);
      });
      return closed;
    },
    prune: (before) =>
      transaction((statements) => {
        for (const statement of ['pruneSteps', 'pruneLogs', 'pruneJobs', 'prunePlans'] as const) {
          statements[statement].run(before);
        }
      }),
  };
}

function createPlanRecords({ use }: Access, now: () => string): Pick<Store, 'savePlan' | 'getPlan'> {
  return {
    savePlan(plan) {
      const json: Json = JSON.parse(JSON.stringify(plan));
      const document = canonicalJson(json);
      const id = planId(document);
      use((statements) => statements.savePlan.run(id, document, now()));
      return id;
    },
    getPlan: (id) =>
      use((statements) => {
        const row = statements.getPlan.get(id);
        return row === undefined ? undefined : parsePlan(id, text(row, 'document'));
      }),
  };
}

function createStackRecords({ use }: Access): Pick<Store, 'saveStack' | 'getStack' | 'listStacks'> {
  return {
    saveStack: (record) => use((statements) => void statements.saveStack.run(stackColumns(record))),
    getStack: (stack) =>
      use((statements) => {
        const row = statements.getStack.get(stack);
        return row === undefined ? undefined : toStackRecord(row);
      }),
    listStacks: () => use((statements) => statements.listStacks.all().map(toStackRecord)),
  };
}

function createKeyRecords({ use }: Access): Pick<Store, 'saveKey' | 'listKeys' | 'deleteKey'> {
  return {
    saveKey: (key) => use((statements) => void statements.saveKey.run({ ...key })),
    listKeys: () => use((statements) => statements.listKeys.all().map(toApiKey)),
    deleteKey: (id) => use((statements) => void statements.deleteKey.run(id)),
  };
}

function planId(document: string): string {
  return `plan_${sha256(document).slice(0, 32)}`;
}

/** The id is the hash of the content: a document that still has it is the plan that was saved. */
function parsePlan(id: string, document: string): Plan | undefined {
  return planId(document) === id ? (JSON.parse(document) as Plan) : undefined;
}

function jobColumns({ summary, error, ...rest }: Job) {
  return { ...rest, summary: summary && JSON.stringify(summary), error: error && JSON.stringify(error) };
}

function stackColumns({
  untagged,
  unpushedTags,
  pendingTags,
  stopped,
  synced,
  onHold,
  ...rest
}: StackRecord) {
  return {
    ...rest,
    untagged: untagged ? 1 : 0,
    unpushedTags: JSON.stringify(unpushedTags),
    pendingTags: JSON.stringify(pendingTags),
    stopped: stopped && JSON.stringify(stopped),
    synced: synced && JSON.stringify(synced),
    onHold: onHold && JSON.stringify(onHold),
  };
}
