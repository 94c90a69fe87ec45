import { LRUCache } from 'lru-cache';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { BatchObject, CatFile } from './cat-file.ts';
import { createCatFile, streamObjects, toReadError } from './cat-file.ts';
import { gitError, leftAtRemote } from '../errors.ts';
import { createFile, lstatOrNull, makeDirectory, publishFile } from './files.ts';
import { isPartialClone } from './layout.ts';
import type { GitCommand } from './git-command.ts';
import { firstErrorLine } from './git-command.ts';
import type { GitObject, ObjectType } from './objects.ts';
import { hashObject } from './objects.ts';
import type { PackedReader } from './packed-reader.ts';
import { createPackedReader } from './packed-reader.ts';

/** The objects of one repository: read through the git command where there is one, else in this process. */
export interface ObjectStore extends Disposable {
  /** Tells whether the repository has it now, whatever is kept in memory. */
  has(id: string): Promise<boolean>;
  /**
   * Resolves to `null` when missing. Commits and trees read lately are kept in memory. Throws GIT_ERROR for one that is larger.
   *
   * @param maxBytes default: any size
   */
  read(id: string, maxBytes?: number): Promise<GitObject | null>;
  /** Like `read`; of an object larger than `maxBytes` only the size. */
  readBounded(id: string, maxBytes: number): Promise<BatchObject>;
  /** Many objects, in any order; missing ones have `type: null`. */
  readMany(ids: readonly string[], maxBytes: number, signal: AbortSignal): AsyncIterable<BatchObject>;
  /** Raw output of a full recursive listing with its directories, `null` where only tree by tree is possible. */
  listRecursive(commit: string, signal: AbortSignal): Promise<Buffer | null>;
  /** Adds an object (loose, durable) unless it is there; returns its id. */
  write(type: ObjectType, content: Uint8Array): Promise<string>;
  expand(abbreviation: string): Promise<string | null>;
  pack(ids: readonly string[]): Promise<Buffer>;
}

const deflateAsync = promisify(deflate);
/** Below this a stream of its own does not pay. */
const STREAM_FROM = 33;
/** Reads at the same time where there is no stream. */
const PARALLEL_READS = 64;
const CACHE_BYTES = 16 * 1024 * 1024;
/** Memory that an object which is kept takes beside its content: id, buffer and what the map needs. */
const ENTRY_BYTES = 512;
/** A million files and directories with names of ordinary length. */
const MAX_LISTING_BYTES = 128 * 1024 * 1024;
/** Largest objects that are read whole. A few bytes of a pack may come to any size. */
const MAX_BYTES: Readonly<Record<ObjectType, number>> = {
  commit: 4 * 1024 ** 2,
  tag: 4 * 1024 ** 2,
  tree: 16 * 1024 ** 2,
  blob: 256 * 1024 ** 2,
};

export function createObjectStore(commonDir: string, git: GitCommand): ObjectStore {
  const catFile = createCatFile(git, commonDir);
  const packed = createPackedReader(commonDir);
  const recent = createRecent(CACHE_BYTES);

  const { has, readStored } = createStoredReader(commonDir, git, { catFile, packed });
  const readBounded = async (id: string, maxBytes: number): Promise<BatchObject> => {
    const known = recent.get(id);
    return known === undefined ? readStored(id, maxBytes) : toBatch(id, known, maxBytes);
  };
  const read = async (id: string, maxBytes = MAX_BYTES.blob): Promise<GitObject | null> => {
    const known = recent.get(id);
    if (known !== undefined) return known;
    const { type, size, content } = await readBounded(id, maxBytes);
    if (type === null) return null;
    const most = Math.min(maxBytes, MAX_BYTES[type]);
    if (content === null || size > most)
      throw gitError(`the ${type} ${id} has ${size} bytes; at most ${most} are read`);
    if (type !== 'blob') recent.set(id, { type, content });
    return { type, content };
  };
  return {
    has,
    read,
    readBounded,
    readMany: async function* (ids, maxBytes, signal) {
      const unique = [...new Set(ids)];
      if (unique.length >= STREAM_FROM && (await git.available())) {
        yield* streamObjects(git, { commonDir, ids: unique, maxBytes }, signal);
        return;
      }
      for (let start = 0; start < unique.length; start += PARALLEL_READS) {
        signal.throwIfAborted();
        yield* await Promise.all(
          unique.slice(start, start + PARALLEL_READS).map((id) => readBounded(id, maxBytes)),
        );
      }
    },
    listRecursive: async (commit, signal) => {
      if (!(await git.available())) return null;
      const args = [`--git-dir=${commonDir}`, 'ls-tree', '-r', '-t', '-z', '--full-tree', commit];
      const { exitCode, stdout, stderr } = await git.run(args, { signal, maxOutputBytes: MAX_LISTING_BYTES });
      if (exitCode !== 0) throw toReadError('files cannot be listed', firstErrorLine(stderr), commonDir);
      return stdout;
    },
    write: async (type, content) => {
      const id = hashObject(type, content);
      if (!(await has(id))) await writeLoose(commonDir, id, type, content);
      return id;
    },
    expand: (abbreviation) => packed.expand(abbreviation),
    pack: (ids) => packed.pack(ids),
    [Symbol.dispose]: () => {
      catFile[Symbol.dispose]();
      packed[Symbol.dispose]();
    },
  };
}

interface Readers {
  readonly catFile: CatFile;
  readonly packed: Pick<PackedReader, 'read'>;
}

function createStoredReader(commonDir: string, git: GitCommand, { catFile, packed }: Readers) {
  return {
    has: async (id: string): Promise<boolean> =>
      (await git.available()) ? (await catFile.read(id, 0)).type !== null : (await packed.read(id)) !== null,
    readStored: async (id: string, maxBytes: number): Promise<BatchObject> => {
      if (await git.available()) return catFile.read(id, maxBytes);
      const object = await packed.read(id);
      if (object !== null) return toBatch(id, object, maxBytes);
      if (await isPartialClone(commonDir)) throw leftAtRemote(commonDir);
      return { id, type: null, size: 0, content: null };
    },
  };
}

function toBatch(id: string, { type, content }: GitObject, maxBytes: number): BatchObject {
  return { id, type, size: content.length, content: content.length > maxBytes ? null : content };
}

/** Written under another name first, so that nobody ever reads half an object under its id. */
async function writeLoose(
  commonDir: string,
  id: string,
  type: ObjectType,
  content: Uint8Array,
): Promise<void> {
  const directory = join(commonDir, 'objects', id.slice(0, 2));
  const path = join(directory, id.slice(2));
  if ((await lstatOrNull(path)) !== null) return;
  await makeDirectory(directory);
  const bytes = Buffer.concat([Buffer.from(`${type} ${content.byteLength}\0`), content]);
  const temporary = join(directory, `tmp_obj_${randomBytes(6).toString('hex')}`);
  await createFile(temporary, await deflateAsync(bytes), 0o444);
  await publishFile(temporary, path);
}

/** Keeps the objects that were used last in this many bytes; one that fills more than half is not kept at all. */
export function createRecent(limit: number): LRUCache<string, GitObject> {
  return new LRUCache({
    maxSize: limit,
    maxEntrySize: Math.floor(limit / 2),
    sizeCalculation: ({ content }) => content.length + ENTRY_BYTES,
  });
}
