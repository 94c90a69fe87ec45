import type { BackupPolicy } from '../../database/backup.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import type { JobStep } from '../../ports/store.ts';
import type { BackupRequest, RestoreRequest } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from '../record/job-store.ts';
import type { KnownBackup } from './dump-server.ts';
import { dumpServer, listBackups, restoreServer, verifyBackup, wayBack } from './dump-server.ts';
import { expireBackups } from './expire-backups.ts';
import type { Server } from './servers.ts';
import { findServers, refuseStopped } from './servers.ts';

export interface Task<Request> {
  readonly request: Request;
  readonly job: JobRecorder;
  readonly signal: AbortSignal;
}

/** Every server on its own: one that cannot be dumped keeps none of the others from it. Throws what failed first, at the end. */
export async function runBackup(
  context: RunContext,
  store: BackupStore,
  { request, job, signal }: Task<BackupRequest>,
): Promise<void> {
  const { servers, policy } = findServers(context, store, request);
  refuseStopped(context, request.stack);
  const steps = planSteps(
    job,
    context,
    servers.map(({ service }) => `back up ${service}`),
  );
  const failures: unknown[] = [];
  for (const [index, server] of servers.entries()) {
    try {
      await steps(index, async () => {
        const stored = await dump(context, server, { policy, beforeRestore: false }, signal);
        const gone = policy === undefined ? [] : await expireBackups(context, server, policy, signal);
        for (const file of gone) job.log('info', `no longer kept: ${file}`, `back up ${server.service}`);
        return describe(server, stored);
      });
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Verify, back up what is there, restore. Each only once the one before it went well. */
export async function runRestore(
  context: RunContext,
  store: BackupStore,
  task: Task<RestoreRequest>,
): Promise<void> {
  try {
    await restoreOne(context, store, task);
  } catch (error) {
    const { job } = task;
    for (const { index, status } of job.detail().steps) {
      if (status === 'pending')
        job.step(index, { status: 'skipped', endedAt: new Date(context.clock.now()).toISOString() });
    }
    throw error;
  }
}

async function restoreOne(
  context: RunContext,
  store: BackupStore,
  { request, job, signal }: Task<RestoreRequest>,
): Promise<void> {
  const { servers, policy } = findServers(context, store, request);
  const [server] = servers;
  if (server === undefined) throw new ReconcilerError('BAD_OPTIONS', `${request.stack} has no database`);
  refuseStopped(context, request.stack);
  const backup = await findBackup(server, request.file, signal);
  const { service } = server;
  const backupFirst = request.backupFirst !== false;
  const names = [
    `verify ${backup.file}`,
    ...(backupFirst ? [`back up ${service}`] : []),
    `restore ${service}`,
  ];
  const steps = planSteps(job, context, names);
  let bytes = 0;
  await steps(0, async () => {
    bytes = await verifyBackup(server, backup, signal);
    return `${bytes} bytes unpacked, checksum ${backup.sha256.slice(0, 12)}…`;
  });
  let before: string | null = null;
  if (backupFirst) {
    await steps(1, async () => {
      const stored = await dump(context, server, { policy, beforeRestore: true }, signal);
      before = stored.file;
      return describe(server, stored);
    });
  }
  await steps(names.length - 1, async () => {
    try {
      await restoreServer(context, server, { backup, bytes }, signal);
    } catch (error) {
      const code = error instanceof ReconcilerError ? error.code : 'RESTORE_FAILED';
      throw new ReconcilerError(code, `${errorMessage(error)}; ${wayBack(server, before)}`, { cause: error });
    }
    return `${service} is as it was at ${new Date(backup.time).toISOString()}`;
  });
}

async function findBackup(
  server: Server,
  file: string | undefined,
  signal: AbortSignal,
): Promise<KnownBackup> {
  const { stack, service } = server;
  const backups = await listBackups(server, signal);
  const found =
    file === undefined
      ? backups.find(({ beforeRestore }) => !beforeRestore)
      : backups.find((one) => one.file === file);
  if (found !== undefined) return found;
  const what = file === undefined ? 'no backup' : `no backup ${file}`;
  const known = backups.slice(0, 5).map((one) => one.file);
  throw new ReconcilerError(
    'UNKNOWN_BACKUP',
    `there is ${what} of ${stack}/${service}; there are: ${known.join(', ') || 'none'}`,
  );
}

function dump(
  context: RunContext,
  server: Server,
  { policy, beforeRestore }: { readonly policy: BackupPolicy | undefined; readonly beforeRestore: boolean },
  signal: AbortSignal,
) {
  return dumpServer(context, server, { compression: policy?.compression ?? 'gzip', beforeRestore }, signal);
}

function describe(
  { backupVolume }: Server,
  { file, sizeBytes }: { readonly file: string; readonly sizeBytes: number },
) {
  return `${sizeBytes} bytes in ${backupVolume.location}/${file}`;
}

/** Writes the steps down, and each of them as it is carried out. */
function planSteps(job: JobRecorder, { clock }: RunContext, names: readonly string[]) {
  const now = () => new Date(clock.now()).toISOString();
  job.plan(
    names.map((name, index): JobStep => ({
      jobId: job.job.id,
      index,
      name,
      action: null,
      status: 'pending',
      message: null,
      health: null,
      startedAt: null,
      endedAt: null,
    })),
  );
  return async (index: number, work: () => Promise<string>): Promise<void> => {
    const step = names[index] ?? null;
    job.step(index, { status: 'running', startedAt: now() });
    try {
      const message = await work();
      job.step(index, { status: 'completed', message, endedAt: now() });
      job.log('info', message, step);
    } catch (error) {
      const message = errorMessage(error);
      job.step(index, { status: 'failed', message, endedAt: now() });
      job.log('error', message, step);
      throw error;
    }
  };
}
