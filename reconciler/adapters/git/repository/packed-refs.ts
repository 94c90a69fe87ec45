import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareText } from '../../../base/values.ts';
import { errnoOf, isMissing, writeConflict } from '../errors.ts';
import { createFile } from './files.ts';
import { createLock } from './lock-file.ts';
import { readText } from './layout.ts';
import { isObjectId } from './objects.ts';

/** A ref and what it points to: a commit, or a tag object. */
export interface Ref {
  readonly name: string;
  readonly id: string;
}

/** The `packed-refs` file, parsed again only when it was replaced. */
export interface PackedRefs {
  get(name: string): Promise<string | null>;
  /** Lists those whose name starts with the prefix, sorted by name. */
  list(prefix: string): Promise<readonly Ref[]>;
  /** Adds or moves many at once; a loose ref of the same name would hide the new value. Throws WRITE_CONFLICT when locked. */
  put(refs: readonly Ref[]): Promise<void>;
  /** Removes a ref; a missing one is no error. Throws WRITE_CONFLICT when locked. */
  remove(name: string): Promise<void>;
  /** Removes many at once, of those that are as given. Throws WRITE_CONFLICT when locked. */
  drop(refs: readonly Ref[]): Promise<void>;
}

interface Parsed {
  readonly key: string;
  readonly sorted: readonly Ref[];
  readonly byName: ReadonlyMap<string, string>;
}

export function createPackedRefs(commonDir: string): PackedRefs {
  const path = join(commonDir, 'packed-refs');
  let parsed: Parsed | undefined;
  const load = async (): Promise<Parsed> => {
    const key = await fileKey(path);
    if (parsed?.key !== key) parsed = parse(key, key === '' ? null : await readText(path));
    return parsed;
  };
  const edit = async (change: (all: Map<string, string>) => void): Promise<void> => {
    const lock = `${path}.lock`;
    await createLock(lock, '').catch((error: unknown) => {
      throw errnoOf(error) === 'EEXIST' ? writeConflict('packed-refs is locked by another writer') : error;
    });
    try {
      parsed = undefined;
      const all = new Map((await load()).byName);
      change(all);
      const lines = [...all]
        .map(([name, id]) => `${id} ${name}\n`)
        .sort((a, b) => compareText(a.slice(41), b.slice(41)));
      const scratch = `${lock}.new`;
      await rm(scratch, { force: true });
      await createFile(scratch, lines.join(''), 0o644);
      await rename(scratch, path);
    } finally {
      parsed = undefined;
      await rm(lock, { force: true });
    }
  };
  return {
    get: async (name) => (await load()).byName.get(name) ?? null,
    list: async (prefix) => sliceByPrefix((await load()).sorted, prefix),
    put: (refs) =>
      edit((all) => {
        for (const { name, id } of refs) all.set(name, id);
      }),
    remove: async (name) => {
      if ((await load()).byName.has(name)) await edit((all) => void all.delete(name));
    },
    drop: async (refs) => {
      const { byName } = await load();
      const there = refs.filter(({ name, id }) => byName.get(name) === id);
      if (there.length === 0) return;
      await edit((all) => {
        for (const { name, id } of there) if (all.get(name) === id) all.delete(name);
      });
    },
  };
}

function parse(key: string, text: string | null): Parsed {
  const byName = new Map<string, string>();
  for (const line of text?.split('\n') ?? []) {
    if (line[40] === ' ' && isObjectId(line.slice(0, 40))) byName.set(line.slice(41), line.slice(0, 40));
  }
  const sorted = [...byName].map(([name, id]) => ({ name, id })).sort((a, b) => compareText(a.name, b.name));
  return { key, sorted, byName };
}

/** Slices by halving: histories of thousands of stacks are asked for one after the other. */
function sliceByPrefix(sorted: readonly Ref[], prefix: string): readonly Ref[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.name ?? '') < prefix) low = middle + 1;
    else high = middle;
  }
  const end = sorted.findIndex(({ name }, index) => index >= low && !name.startsWith(prefix));
  return sorted.slice(low, end < 0 ? sorted.length : end);
}

/** Git replaces the file, so a new content has a new inode or at least a new time. */
async function fileKey(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino}:${mtimeNs}:${size}`;
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
