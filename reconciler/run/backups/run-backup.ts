import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { JobStep } from '../../ports/store.ts';
import type { BackupRequest, RestoreRequest } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { expireBackups } from './expire-backups.ts';
import { refuseStopped } from './servers.ts';
import type { BackupParts, BackupSource, KnownBackup } from './source.ts';
import { listBackups, recipientsOf } from './source.ts';
import type { Found } from './sources.ts';
import { findSources } from './sources.ts';

export interface Task<Request> {
  readonly request: Request;
  readonly job: JobRecorder;
  readonly signal: AbortSignal;
}

/** Every source on its own: one that cannot be backed up keeps none of the others from it. Throws what failed first, at the end. */
export async function runBackup(
  parts: BackupParts,
  { request, job, signal }: Task<BackupRequest>,
): Promise<void> {
  const { context } = parts;
  const found = await findSources(parts, request, signal);
  if (found.dumped.length > 0) refuseStopped(context, request.stack);
  const { sources, policy } = found;
  const steps = planSteps(
    job,
    context,
    sources.map(({ service }) => `back up ${service}`),
  );
  const failures: unknown[] = [];
  for (const [index, source] of sources.entries()) {
    try {
      await steps(index, async (tell) => {
        const stored = await dump(parts, source, { found, beforeRestore: false, tell }, signal);
        const gone = policy === undefined ? [] : await expireBackups(context, source, policy, signal);
        for (const file of gone) tell(`no longer kept: ${file}`);
        return describe(source, stored);
      });
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Verify, back up what is there, restore. Each only once the one before it went well. */
export async function runRestore(parts: BackupParts, task: Task<RestoreRequest>): Promise<void> {
  try {
    await restoreOne(parts, task);
  } catch (error) {
    const { job } = task;
    for (const { index, status } of job.detail().steps) {
      if (status === 'pending')
        job.step(index, { status: 'skipped', endedAt: new Date(parts.context.clock.now()).toISOString() });
    }
    throw error;
  }
}

async function restoreOne(parts: BackupParts, { request, job, signal }: Task<RestoreRequest>): Promise<void> {
  const { context } = parts;
  const found = await findSources(parts, request, signal);
  const source = requireOne(found, request.stack);
  if (found.dumped.length > 0) refuseStopped(context, request.stack);
  const backup = await findBackup(source, request.file, signal);
  const { service } = source;
  const backupFirst = request.backupFirst !== false;
  const names = [
    `verify ${backup.file}`,
    ...(backupFirst ? [`back up ${service}`] : []),
    `restore ${service}`,
  ];
  const steps = planSteps(job, context, names);
  let verified: Awaited<ReturnType<BackupSource['verify']>> = { bytes: null };
  await steps(0, async () => {
    verified = await source.verify(backup, signal);
    const { bytes } = verified;
    const size = bytes === null ? 'it cannot be decrypted here' : `${bytes} bytes unpacked`;
    return `${size}, checksum ${backup.sha256.slice(0, 12)}…`;
  });
  let before: string | null = null;
  if (backupFirst) {
    await steps(1, async (tell) => {
      const stored = await dump(parts, source, { found, beforeRestore: true, tell }, signal);
      before = stored.file;
      return describe(source, stored);
    });
  }
  await steps(names.length - 1, async (tell) => {
    try {
      await source.restore({ backup, found: verified }, tell, signal);
    } catch (error) {
      const code = error instanceof ReconcilerError ? error.code : 'RESTORE_FAILED';
      throw new ReconcilerError(code, `${errorMessage(error)}; ${source.wayBack(before)}`, { cause: error });
    }
    return `${service} is as it was at ${new Date(backup.time).toISOString()}`;
  });
}

function requireOne({ sources }: Found, stack: string): BackupSource {
  const [source, ...others] = sources;
  if (source !== undefined && others.length === 0) return source;
  const names = sources.map(({ service }) => service).join(', ');
  throw new ReconcilerError(
    'BAD_OPTIONS',
    `${stack} has several things to restore, name one of them: ${names}`,
  );
}

/** Finds a backup by its name, else the newest that was made on purpose. Throws UNKNOWN_BACKUP. */
export async function findBackup(
  source: Pick<BackupSource, 'stack' | 'service' | 'backupVolume'>,
  file: string | undefined,
  signal: AbortSignal,
): Promise<KnownBackup> {
  const { stack, service } = source;
  const backups = await listBackups(source, signal);
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

interface Dumping {
  readonly found: Found;
  readonly beforeRestore: boolean;
  readonly tell: (message: string) => void;
}

async function dump(
  { cipher }: BackupParts,
  source: BackupSource,
  { found: { policy, packs }, beforeRestore, tell }: Dumping,
  signal: AbortSignal,
) {
  const { compression = 'gzip', stop = false } = policy ?? {};
  const packing = packs
    ? { compression: 'none' as const, recipients: [] }
    : { compression, recipients: await recipientsOf(cipher, policy) };
  return await source.dump({ ...packing, beforeRestore, stop, tell }, signal);
}

function describe(
  { backupVolume }: BackupSource,
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
  return async (index: number, work: (tell: (message: string) => void) => Promise<string>): Promise<void> => {
    const step = names[index] ?? null;
    job.step(index, { status: 'running', startedAt: now() });
    try {
      const message = await work((line) => job.log('info', line, step));
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
