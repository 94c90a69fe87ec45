import type { BackupName, Compression } from '../../database/backup.ts';
import { compareBackups, formatBackupName, parseBackupName } from '../../database/backup.ts';
import { dumpCommand, dumpEnding, isDump, restoreCommand, restoresAtOnce } from '../../database/dump.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { StoredBackup } from '../../ports/backup-store.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { StreamedEnd } from '../../ports/target-capabilities.ts';
import type { RunContext } from '../context.ts';
import type { Server } from './servers.ts';
import { compress, decompress, measure, outputOf } from './streams.ts';

/** A backup with what its name tells. */
export interface KnownBackup extends StoredBackup, BackupName {}

export interface DumpOptions {
  readonly compression: Compression;
  readonly beforeRestore: boolean;
}

const SECOND_MS = 1_000;
/** So much of a dump tells what it is. */
const START_BYTES = 64;

/** Complete backups of a server, the newest first. */
export async function listBackups(
  { backupVolume }: Pick<Server, 'backupVolume'>,
  signal: AbortSignal,
): Promise<readonly KnownBackup[]> {
  const stored = await backupVolume.list(signal);
  const known = stored.flatMap((one): KnownBackup[] => {
    const name = parseBackupName(one.file);
    return name === null ? [] : [{ ...name, ...one }];
  });
  return known.sort(compareBackups);
}

/** Dumps a server into its backup volume and reads the file back, so that every listed backup can be restored. */
export async function dumpServer(
  context: RunContext,
  server: Server,
  { compression, beforeRestore }: DumpOptions,
  signal: AbortSignal,
): Promise<StoredBackup> {
  const { settings, backupVolume, service } = server;
  const taken = new Set((await backupVolume.list(signal)).map(({ file }) => file));
  const ending = dumpEnding(settings.kind);
  const nameAt = (time: number) => formatBackupName({ service, time, beforeRestore, ending, compression });
  let time = context.clock.now();
  while (taken.has(nameAt(time))) time += SECOND_MS;
  const dump = outputOf(
    (onOutput) =>
      context.pool.ask(server.reference, (target) =>
        requireCapability(target, 'streamsPrograms').stream(
          server.stack,
          server.resource,
          { argv: dumpCommand(settings), onOutput },
          signal,
        ),
      ),
    (end) => requireSuccess(server, 'BACKUP_FAILED', end),
  );
  try {
    const content = compress(recognise(server, dump), compression);
    const stored = await backupVolume.write(nameAt(time), content, signal);
    const { sha256 } = await readThrough(backupVolume.read(stored.file, signal));
    if (sha256 === stored.sha256) return stored;
    await backupVolume.remove(stored.file, signal);
    throw new ReconcilerError('BACKUP_FAILED', `${nameOf(server)}: what was written cannot be read back`);
  } catch (error) {
    throw inOurWords(server, 'BACKUP_FAILED', error, signal);
  }
}

/** Reads all of a backup. Throws BACKUP_DAMAGED unless it is what was written, and a whole dump of this kind. Resolves to its length unpacked. */
export async function verifyBackup(
  server: Server,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<number> {
  const damaged = (reason: string, cause?: unknown) =>
    new ReconcilerError('BACKUP_DAMAGED', `${backup.file} ${reason}`, { cause });
  const packed = measure(server.backupVolume.read(backup.file, signal));
  let start: Uint8Array = new Uint8Array();
  let bytes = 0;
  try {
    for await (const chunk of decompress(packed.content, backup.compression)) {
      if (start.length < START_BYTES) start = Buffer.concat([start, chunk.subarray(0, START_BYTES)]);
      bytes += chunk.length;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isReconcilerError(error)) throw error;
    throw damaged('cannot be unpacked', error);
  }
  if (packed.result().sha256 !== backup.sha256)
    throw damaged('is not what was written: its checksum differs');
  if (!isDump(server.settings.kind, start)) throw damaged(`is no backup of a ${server.settings.kind} server`);
  return bytes;
}

/** Puts a verified backup into its server. */
export async function restoreServer(
  context: RunContext,
  server: Server,
  { backup, bytes }: { readonly backup: KnownBackup; readonly bytes: number },
  signal: AbortSignal,
): Promise<void> {
  const { settings, stack, resource, reference, backupVolume } = server;
  const program = {
    argv: restoreCommand(settings, bytes),
    input: decompress(backupVolume.read(backup.file, signal), backup.compression),
    onOutput: async () => undefined,
  };
  try {
    const end = await context.pool.ask(reference, (target) =>
      requireCapability(target, 'streamsPrograms').stream(stack, resource, program, signal),
    );
    requireSuccess(server, 'RESTORE_FAILED', end);
  } catch (error) {
    throw inOurWords(server, 'RESTORE_FAILED', error, signal);
  }
}

/** Says what a failed restore leaves, and how to get back to what was there. */
export function wayBack({ stack, service, settings }: Server, before: string | null): string {
  const state = restoresAtOnce(settings.kind)
    ? 'the databases are as they were before'
    : 'the databases may be half restored';
  const back =
    before === null
      ? 'no backup was made before'
      : `what was there before: kombinator db restore ${stack} ${service} --file ${before}`;
  return `${state}; ${back}`;
}

/** Fails where a dump is empty or something else: a client that only prints an error, say. */
async function* recognise(server: Server, dump: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Buffer | null = Buffer.alloc(0);
  for await (const chunk of dump) {
    if (start === null) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < START_BYTES) continue;
    requireDump(server, start);
    yield start;
    start = null;
  }
  if (start === null) return;
  requireDump(server, start);
  yield start;
}

function requireDump(server: Server, start: Uint8Array): void {
  if (isDump(server.settings.kind, start)) return;
  throw new ReconcilerError(
    'BACKUP_FAILED',
    `${nameOf(server)}: its client printed something that is no dump`,
  );
}

async function readThrough(content: AsyncIterable<Uint8Array>): Promise<{ readonly sha256: string }> {
  const measured = measure(content);
  for await (const chunk of measured.content) void chunk;
  return measured.result();
}

type Failure = 'BACKUP_FAILED' | 'RESTORE_FAILED';

function requireSuccess(server: Server, code: Failure, { exitCode, stderr }: StreamedEnd): void {
  if (exitCode === 0) return;
  const reason = stderr.trim().split('\n').slice(-2).join(' / ').slice(0, 400) || 'no reason given';
  throw new ReconcilerError(code, `${nameOf(server)}: its client ended with ${exitCode}: ${reason}`);
}

/** A connection that breaks says so in words of its own. */
function inOurWords(server: Server, code: Failure, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (isReconcilerError(error)) return error;
  return new ReconcilerError(code, `${nameOf(server)}: ${errorMessage(error)}`, { cause: error });
}

function nameOf({ stack, service }: Server): string {
  return `${stack}/${service}`;
}
