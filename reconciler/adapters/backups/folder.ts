import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { compareText } from '../../base/values.ts';
import { segment } from './names.ts';
import type { BackupVolume, BackupStore, StoredBackup } from '../../ports/backups/backup-store.ts';

const PARTIAL = '.partial-';
const CHECKSUM = '.sha256';

/** The part of its file system that backups leave free, at most this many bytes: whoever writes a dump decides when it ends. */
const FREE_SHARE = 0.05;
const MAX_FREE_BYTES = 1024 ** 3;
const BYTES_BETWEEN_LOOKS = 4 * 1024 ** 2;

/**
 * Backups in a directory: `<directory>/<stack>/<service>/<file>`. Only this user can read them. A file takes its name once all of it is on the
 * disk, and counts once its checksum stands beside it. One that would leave too little of the file system free fails (STORE_FULL).
 *
 * @param maxFreeBytes default 1 GiB, or a twentieth of the file system where that is less
 */
export function createBackupFolder(directory: string, maxFreeBytes = MAX_FREE_BYTES): BackupStore {
  return {
    backupVolume: (stack, service) =>
      createFolderVolume(join(directory, segment(stack), segment(service)), maxFreeBytes),
    services: () =>
      translate(directory, async () => {
        const found: { stack: string; service: string }[] = [];
        for (const stack of await foldersIn(directory)) {
          for (const service of await foldersIn(join(directory, stack))) found.push({ stack, service });
        }
        return found;
      }),
  };
}

function createFolderVolume(folder: string, maxFreeBytes: number): BackupVolume {
  return {
    location: folder,
    list: () => translate(folder, () => listFolder(folder)),
    write: (file, content, signal) =>
      translate(folder, () => writeBackup(folder, segment(file), { content, maxFreeBytes, signal })),
    async *read(file, signal) {
      const handle = await translate(folder, () => open(join(folder, segment(file)), ONLY_FILES));
      try {
        yield* handle.createReadStream({ signal, autoClose: false });
      } finally {
        await handle.close();
      }
    },
    remove: (file) =>
      translate(folder, async () => {
        // The order matters: what is left when it is cut short is not listed.
        await rm(join(folder, segment(`${file}${CHECKSUM}`)), { force: true });
        await rm(join(folder, segment(file)), { force: true });
      }),
  };
}

async function listFolder(folder: string): Promise<readonly StoredBackup[]> {
  const names = await namesIn(folder);
  const known = new Set(names);
  const complete = names.filter((name) => !name.startsWith('.') && known.has(`${name}${CHECKSUM}`));
  const stored: StoredBackup[] = [];
  for (const file of complete.sort(compareText)) {
    const sha256 = await readChecksum(join(folder, `${file}${CHECKSUM}`));
    const { size } = await stat(join(folder, file));
    if (sha256 !== undefined) stored.push({ file, sizeBytes: size, sha256 });
  }
  return stored;
}

const CHECKSUM_LENGTH = 64;
/** A file that was listed may be a link or a pipe by now. */
const ONLY_FILES = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The first characters of a file, however much more it has; `undefined` when they are no checksum. */
async function readChecksum(path: string): Promise<string | undefined> {
  const handle = await open(path, ONLY_FILES);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHECKSUM_LENGTH), 0, CHECKSUM_LENGTH, 0);
    return /^[0-9a-f]{64}$/.exec(buffer.toString('latin1', 0, bytesRead))?.[0];
  } finally {
    await handle.close();
  }
}

interface Writing {
  readonly content: AsyncIterable<Uint8Array>;
  readonly maxFreeBytes: number;
  readonly signal: AbortSignal;
}

async function writeBackup(
  folder: string,
  file: string,
  { content, maxFreeBytes, signal }: Writing,
): Promise<StoredBackup> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const partial = join(folder, `${PARTIAL}${randomBytes(6).toString('hex')}`);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let nextLook = 0;
  try {
    await writeFileSafely(partial, async (handle) => {
      for await (const chunk of content) {
        signal.throwIfAborted();
        if (sizeBytes >= nextLook) {
          await requireSpace(folder, maxFreeBytes);
          nextLook = sizeBytes + BYTES_BETWEEN_LOOKS;
        }
        hash.update(chunk);
        sizeBytes += chunk.length;
        await handle.writeFile(chunk);
      }
    });
    const sha256 = hash.digest('hex');
    if ((await namesIn(folder)).includes(file))
      throw new ReconcilerError('STORE_UNAVAILABLE', `there is a file ${file} in ${folder} already`);
    await rename(partial, join(folder, file));
    const checksum = `${partial}${CHECKSUM}`;
    await writeFileSafely(checksum, (handle) => handle.writeFile(`${sha256}  ${file}\n`));
    await rename(checksum, join(folder, `${file}${CHECKSUM}`));
    return { file, sizeBytes, sha256 };
  } finally {
    await rm(partial, { force: true });
    await rm(`${partial}${CHECKSUM}`, { force: true });
  }
}

async function requireSpace(folder: string, maxFreeBytes: number): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const wanted = Math.min(maxFreeBytes, blocks * bsize * FREE_SHARE);
  if (bavail * bsize > wanted) return;
  const message = `no space left for backups in ${folder}: ${Math.ceil(wanted / 1024 ** 2)} MiB of its file system stay free`;
  throw new ReconcilerError('STORE_FULL', message, { retryable: true });
}

/** Writes a file to the disk, not only to memory, before it takes its name. */
async function writeFileSafely(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await write(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder)).filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function foldersIn(folder: string): Promise<string[]> {
  return (await entriesOf(folder))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort(compareText);
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Errors of the file system in our words; others, such as those of whatever is being written, as they are. */
async function translate<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const code = codeOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new ReconcilerError('STORE_FULL', `no space left for backups in ${folder}`, {
        cause: error,
        retryable: true,
      });
    throw new ReconcilerError('STORE_UNAVAILABLE', `backups in ${folder}: ${errorMessage(error)}`, {
      cause: error,
      retryable: true,
    });
  }
}
