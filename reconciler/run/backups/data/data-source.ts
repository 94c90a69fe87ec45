import { DATA_ENDING } from '../../../database/backup.ts';
import { toFolderName } from '../../../database/data-name.ts';
import { newId } from '../../../base/ids.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../../base/errors.ts';
import type { DesiredStack } from '../../../model/stack.ts';
import { OWN_FOLDER } from '../../../ports/backups/moves-data.ts';
import type { BackupStore, StoredBackup } from '../../../ports/backups/backup-store.ts';
import { requireCapability } from '../../../ports/target-capabilities.ts';
import type { StreamedEnd } from '../../../ports/target-capabilities.ts';
import { inOurWords, unreadable } from '../dump-server.ts';
import type { BackupParts, BackupSource, DumpOptions, KnownBackup, Verified } from '../source.ts';
import { storeBackup, unpacked } from '../source.ts';
import { measure } from '../../../base/bytes.ts';
import { outputOf } from '../streams.ts';
import { compareData, DataSum, DataTree } from './compare-data.ts';
import { verifyArchive, writeManifest } from './manifest.ts';
import type { FoundPlace } from './places.ts';
import { findPlace } from './places.ts';
import { readTar, wholeTar } from './read-tar.ts';
import type { Stopping } from './stopping.ts';
import { foreignHolders, refuseForeign, requireWell, runningHolders, whileStopped } from './stopping.ts';

interface DataSource extends Pick<BackupSource, 'stack' | 'service' | 'backupVolume'> {
  readonly parts: BackupParts;
  readonly description: DesiredStack;
}

type Tell = (message: string) => void;

/** A volume or a directory as something that is backed up. Where it is, and who has it, is looked up each time. */
export function toDataSource(
  parts: BackupParts,
  store: BackupStore,
  { description, name }: { readonly description: DesiredStack; readonly name: string },
): BackupSource {
  const { name: stack } = description;
  const backupVolume = store.backupVolume(stack, toFolderName(name));
  const source: DataSource = { parts, description, stack, service: name, backupVolume };
  return {
    stack,
    service: name,
    backupVolume,
    dump: (options, signal) =>
      inWords(source, 'BACKUP_FAILED', signal, () => dumpData(source, options, signal)),
    verify: (backup, signal) => verifyArchive(parts, source, backup, signal),
    restore: (verified, tell, signal) =>
      inWords(source, 'RESTORE_FAILED', signal, () => restoreData(source, verified, { tell, signal })),
    wayBack: (before) =>
      before === null
        ? 'no backup was made before'
        : `what was there before: kombinator backup restore ${stack} ${name} --file ${before}`,
    look: (backup, signal) => lookAt(source, backup, signal),
  };
}

async function inWords<T>(
  source: DataSource,
  code: 'BACKUP_FAILED' | 'RESTORE_FAILED',
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inOurWords(source, code, error, signal);
  }
}

async function dumpData(
  source: DataSource,
  options: DumpOptions,
  signal: AbortSignal,
): Promise<StoredBackup> {
  const { parts, description, service: name } = source;
  const found = await findPlace(parts.context, description, { name, signal });
  const { stop, tell } = options;
  if (!stop) return await archive(source, found, options, signal);
  const stopping = { ...found, description, tell };
  const foreign = foreignHolders(stopping);
  if (foreign.length > 0) tell(`${foreign.join(', ')} of others goes on, and has ${name} as well`);
  return await whileStopped(parts.context, stopping, () => archive(source, found, options, signal), signal);
}

async function archive(
  source: DataSource,
  found: FoundPlace,
  options: DumpOptions,
  signal: AbortSignal,
): Promise<StoredBackup> {
  const { parts, backupVolume } = source;
  const plain = measure(wholeTar(contentOf(parts, found, { signal })));
  const content = { ending: DATA_ENDING, plain: plain.content, packing: options };
  const stored = await storeBackup(parts, source, content, signal);
  try {
    await writeManifest(source, { stored, options, content: plain.result() }, signal);
  } catch (error) {
    await backupVolume.remove(stored.file, new AbortController().signal).catch(() => undefined);
    throw error;
  }
  return stored;
}

/** Streams a place, or one of its own folders. */
function contentOf(
  { context }: BackupParts,
  { place, reference }: FoundPlace,
  { folder, signal }: { readonly folder?: string; readonly signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const fine: StreamedEnd = { exitCode: 0, stderr: '' };
  return outputOf(
    async (onOutput) => {
      await context.pool.ask(reference, (target) =>
        requireCapability(target, 'movesData').readData(
          place,
          { onOutput, ...(folder === undefined ? {} : { folder }) },
          signal,
        ),
      );
      return fine;
    },
    () => undefined,
  );
}

async function lookAt(source: DataSource, backup: KnownBackup, signal: AbortSignal) {
  const { parts, description, service: name } = source;
  const { bytes } = await verifyArchive(parts, source, backup, signal);
  if (bytes === null) throw unreadable(backup);
  const found = await findPlace(parts.context, description, { name, signal });
  const [now, then] = [new DataTree(), new DataTree()];
  await readTar(unpacked(parts, backup, source.backupVolume.read(backup.file, signal)), then.add);
  await readTar(contentOf(parts, found, { signal }), now.add);
  const stops = runningHolders({ description, users: found.users }).map((one) => one.name);
  return { stops, note: null, data: compareData(now, then) };
}

interface Restoring {
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/**
 * The backup is unpacked beside what is there and read back from there; then services stop for as long as a few renames take. What was there
 * stays beside it until they are well again, and goes back when they are not.
 */
async function restoreData(
  source: DataSource,
  { backup, found: { bytes } }: { readonly backup: KnownBackup; readonly found: Verified },
  { tell, signal }: Restoring,
): Promise<void> {
  const { parts, description, service: name } = source;
  if (bytes === null) throw unreadable(backup);
  const found = await findPlace(parts.context, description, { name, signal });
  const stopping = { ...found, description, tell };
  refuseForeign(stopping);
  const id = newId(parts.context.clock.now());
  const folders = { staged: `${OWN_FOLDER}restore-${id}`, kept: `${OWN_FOLDER}before-${id}` };
  const mover = moverOf(parts, found);
  try {
    await stage(source, found, { backup, folder: folders.staged, tell }, signal);
  } catch (error) {
    await dropQuietly(mover, folders.staged, tell);
    throw error;
  }
  await putInPlace(parts, stopping, { mover, folders }, signal);
  tell('what was there before is removed');
  await dropQuietly(mover, folders.kept, tell);
}

async function stage(
  { parts, backupVolume }: DataSource,
  found: FoundPlace,
  { backup, folder, tell }: { readonly backup: KnownBackup; readonly folder: string; readonly tell: Tell },
  signal: AbortSignal,
): Promise<void> {
  const open = () => unpacked(parts, backup, backupVolume.read(backup.file, signal));
  const wanted = new DataSum();
  await readTar(open(), wanted.add);
  tell(`unpacks ${wanted.entries} files and directories beside what is there`);
  await parts.context.pool.ask(found.reference, (target) =>
    requireCapability(target, 'movesData').stageData(
      found.place,
      { folder, root: wanted.root, content: open() },
      signal,
    ),
  );
  const there = new DataSum();
  await readTar(contentOf(parts, found, { folder, signal }), there.add);
  if (there.equals(wanted)) return;
  throw new ReconcilerError(
    'RESTORE_FAILED',
    `what was unpacked is not what the backup holds (${there.entries} of ${wanted.entries} files and directories); nothing was changed`,
  );
}

interface Mover {
  swap(folders: { readonly staged: string; readonly kept: string }): Promise<void>;
  drop(folder: string): Promise<void>;
}

function moverOf({ context }: BackupParts, { place, reference }: FoundPlace): Mover {
  // A restore that has begun to move things comes to an end.
  const until = new AbortController().signal;
  const asked = <T>(work: (target: Parameters<typeof requireCapability>[0]) => Promise<T>) =>
    context.pool.ask(reference, work);
  return {
    swap: (folders) =>
      asked((target) => requireCapability(target, 'movesData').swapData(place, folders, until)),
    drop: (folder) =>
      asked((target) => requireCapability(target, 'movesData').dropData(place, folder, until)),
  };
}

async function putInPlace(
  { context }: BackupParts,
  stopping: Stopping,
  {
    mover,
    folders,
  }: { readonly mover: Mover; readonly folders: { readonly staged: string; readonly kept: string } },
  signal: AbortSignal,
): Promise<void> {
  const chosen = runningHolders(stopping);
  await whileStopped(
    context,
    stopping,
    async ({ start }) => {
      await mover.swap(folders);
      try {
        await start();
        await requireWell(context, stopping, { chosen, signal });
      } catch (error) {
        stopping.tell(`not well with it: ${errorMessage(error)}; what was there before is put back`);
        await putBack(context, stopping, { mover, folders });
        throw new ReconcilerError(
          'RESTORE_FAILED',
          `${errorMessage(error)}; what was there before has been put back`,
          { cause: error },
        );
      }
    },
    signal,
  );
}

/** Runs inside of the hold that the restore has. */
async function putBack(
  context: BackupParts['context'],
  stopping: Stopping,
  {
    mover,
    folders,
  }: { readonly mover: Mover; readonly folders: { readonly staged: string; readonly kept: string } },
): Promise<void> {
  const failed = `${folders.staged}-failed`;
  await whileStopped(
    context,
    stopping,
    () => mover.swap({ staged: folders.kept, kept: failed }),
    new AbortController().signal,
  );
  await dropQuietly(mover, failed, stopping.tell);
}

/** Restores are over by then: what stays behind is told of, and no data. */
async function dropQuietly(mover: Mover, folder: string, tell: Tell): Promise<void> {
  try {
    await mover.drop(folder);
  } catch (error) {
    if (!isReconcilerError(error)) throw error;
    tell(`${folder} could not be removed: ${errorMessage(error)}`);
  }
}
