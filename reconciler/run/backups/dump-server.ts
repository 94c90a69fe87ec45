import { dumpCommand, dumpEnding, isDump, restoreCommand, restoresAtOnce } from '../../database/dump.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { StoredBackup } from '../../ports/backups/backup-store.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { StreamedEnd } from '../../ports/target-capabilities.ts';
import type { Server } from './servers.ts';
import type { BackupParts, BackupSource, DumpOptions, KnownBackup, Verified } from './source.ts';
import { damaged, START_BYTES, storeBackup, unpacked, verifyStored } from './source.ts';
import { outputOf } from './streams.ts';

/** A database server as something that is backed up: by the clients in its own container. */
export function toServerSource(parts: BackupParts, server: Server): BackupSource {
  const { stack, service, backupVolume, settings } = server;
  return {
    stack,
    service,
    backupVolume,
    dump: (options, signal) => dumpServer(parts, server, options, signal),
    verify: (backup, signal) => verifyDump(parts, server, backup, signal),
    restore: (verified, _tell, signal) => restoreServer(parts, server, verified, signal),
    wayBack: (before) => wayBack(server, before),
    async look(backup, signal) {
      await verifyDump(parts, server, backup, signal);
      const how = restoresAtOnce(settings.kind) ? 'all at once' : 'one after the other';
      return { stops: [], note: `the databases that it holds are replaced, ${how}`, data: null };
    },
  };
}

async function dumpServer(
  parts: BackupParts,
  server: Server,
  packing: DumpOptions,
  signal: AbortSignal,
): Promise<StoredBackup> {
  const { settings } = server;
  const dump = outputOf(
    (onOutput) =>
      parts.context.pool.ask(server.reference, (target) =>
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
    const content = { ending: dumpEnding(settings.kind), plain: recognise(server, dump), packing };
    return await storeBackup(parts, server, content, signal);
  } catch (error) {
    throw inOurWords(server, 'BACKUP_FAILED', error, signal);
  }
}

async function verifyDump(
  parts: BackupParts,
  server: Server,
  backup: KnownBackup,
  signal: AbortSignal,
): Promise<Verified> {
  let start: Uint8Array = new Uint8Array();
  const onPlain = async (content: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of content) {
      if (start.length < START_BYTES) start = Buffer.concat([start, chunk.subarray(0, START_BYTES)]);
    }
  };
  const verified = await verifyStored(parts, server, { backup, onPlain }, signal);
  if (verified.bytes !== null && !isDump(server.settings.kind, start))
    throw damaged(backup, `is no backup of a ${server.settings.kind} server`);
  return verified;
}

async function restoreServer(
  parts: BackupParts,
  server: Server,
  { backup, found }: { readonly backup: KnownBackup; readonly found: Verified },
  signal: AbortSignal,
): Promise<void> {
  const { settings, stack, resource, reference, backupVolume } = server;
  if (found.bytes === null) throw unreadable(backup);
  const program = {
    argv: restoreCommand(settings, found.bytes),
    input: unpacked(parts, backup, backupVolume.read(backup.file, signal)),
    onOutput: async () => undefined,
  };
  try {
    const end = await parts.context.pool.ask(reference, (target) =>
      requireCapability(target, 'streamsPrograms').stream(stack, resource, program, signal),
    );
    requireSuccess(server, 'RESTORE_FAILED', end);
  } catch (error) {
    throw inOurWords(server, 'RESTORE_FAILED', error, signal);
  }
}

/** Error of a backup that was encrypted for others. */
export function unreadable({ file }: { readonly file: string }): ReconcilerError {
  const message = `${file} is encrypted, and none of the daemon's age keys opens it: put the key into age.key of the state directory`;
  return new ReconcilerError('SECRET_NOT_DECRYPTED', message);
}

function wayBack({ stack, service, settings }: Server, before: string | null): string {
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

type Failure = 'BACKUP_FAILED' | 'RESTORE_FAILED';

function requireSuccess(server: Server, code: Failure, { exitCode, stderr }: StreamedEnd): void {
  if (exitCode === 0) return;
  const reason = stderr.trim().split('\n').slice(-2).join(' / ').slice(0, 400) || 'no reason given';
  throw new ReconcilerError(code, `${nameOf(server)}: its client ended with ${exitCode}: ${reason}`);
}

/** A connection that breaks says so in words of its own. */
export function inOurWords(
  place: { readonly stack: string; readonly service: string },
  code: Failure,
  error: unknown,
  signal: AbortSignal,
): unknown {
  if (signal.aborted) return signal.reason;
  if (isReconcilerError(error)) return error;
  return new ReconcilerError(code, `${nameOf(place)}: ${errorMessage(error)}`, { cause: error });
}

function nameOf({ stack, service }: { readonly stack: string; readonly service: string }): string {
  return `${stack}/${service}`;
}
