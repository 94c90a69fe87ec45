import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isReconcilerError } from '../../../base/errors.ts';
import { compareText } from '../../../base/values.ts';
import { errnoOf, gitError, isMissing, writeConflict } from '../errors.ts';
import { makeDirectory } from './files.ts';
import type { SeenLocks } from './lock-file.ts';
import { createLock } from './lock-file.ts';
import { readText } from './layout.ts';
import { isObjectId } from './objects.ts';
import type { PackedRefs, Ref } from './packed-refs.ts';
import { createPackedRefs } from './packed-refs.ts';

/** The refs of one repository, loose and packed, read and moved the way Git does it. */
export interface Refs {
  /** Reads what a ref (`refs/heads/main`) points to, symbolic refs followed; `null` when it does not exist. */
  read(name: string): Promise<string | null>;
  /** Refs whose full name starts with the prefix, sorted by name; a loose ref hides the packed one. */
  list(prefix: string): Promise<readonly Ref[]>;
  /**
   * Moves a ref from one value to another, atomically and with Git's own lock, so that of two writers (ours or `git`) one wins.
   *
   * @param expected value it must have now; `null` it must not exist, `undefined` anything
   * @throws WRITE_CONFLICT when it has another value, or when its lock stays taken
   */
  update(name: string, id: string, expected?: string | null): Promise<void>;
  /** Takes a ref away. Throws WRITE_CONFLICT when it is on something else than expected, or when its lock stays taken. */
  remove(name: string, expected: string): Promise<void>;
  /** Takes many away at once; those that are on something else by now are left. Throws WRITE_CONFLICT when the file of packed refs stays locked. */
  drop(refs: readonly Ref[]): Promise<void>;
  /** Sets many at once, whatever they were. */
  put(refs: readonly Ref[]): Promise<void>;
}

const LOCK_ATTEMPTS = 20;
const LOCK_PAUSE_MS = 25;
const MAX_SYMBOLIC_DEPTH = 5;

/** Only Kombinator writes these, in a moment: a lock that is older than some seconds was left by a process of its that was killed. */
const OWN_REFS = /^refs\/(tags\/deploy|kombinator)\//;
const OWN_LOCK_MS = 15_000;

/** Below this, refs are written one by one. */
const PACK_FROM = 20;

export function createRefs(commonDir: string): Refs {
  const packed = createPackedRefs(commonDir);
  const seen: SeenLocks = new Map();
  const read: Refs['read'] = async (name) => {
    let current = name;
    for (let depth = 0; depth < MAX_SYMBOLIC_DEPTH; depth += 1) {
      const text = await readLoose(commonDir, current);
      if (text === null) return packed.get(current);
      const target = symbolicTarget(text);
      if (target === null) return isObjectId(text.trim()) ? text.trim() : null;
      current = target;
    }
    throw gitError(`${name} leads in a circle`);
  };
  const update: Refs['update'] = async (name, id, expected) => {
    requireName(name);
    const path = join(commonDir, name);
    const lock = `${path}.lock`;
    await takeLock({ name, lock, seen }, id);
    try {
      const current = await read(name);
      if (expected !== undefined && current !== expected) {
        throw writeConflict(
          expected === null ? `${name} exists already` : `${name} has moved on to ${current ?? 'nothing'}`,
        );
      }
      if (current === null) await refuseNesting(packed, name);
      await replaceFile(lock, path);
    } catch (error) {
      await rm(lock, { force: true });
      throw error;
    }
  };
  return {
    read,
    update,
    remove: (name, expected) => removeRef({ commonDir, packed, read, seen }, name, expected),
    drop: (gone) => dropRefs({ commonDir, packed, read, seen }, gone),
    list: async (prefix) => {
      // Loose ones first: a ref that is packed meanwhile is then found in one of the two, never in none.
      const loose = await looseRefs(commonDir, prefix);
      const packedOnes = await packed.list(prefix);
      if (loose.length === 0) return packedOnes;
      const found = new Map([...packedOnes, ...loose].map((ref) => [ref.name, ref]));
      return [...found.values()].sort((x, y) => compareText(x.name, y.name));
    },
    put: async (refs) => {
      for (const { name } of refs) requireName(name);
      if (refs.length < PACK_FROM) {
        for (const { name, id } of refs) if ((await read(name)) !== id) await update(name, id);
        return;
      }
      await packed.put(refs);
      const loose = new Map((await looseRefs(commonDir, 'refs/')).map(({ name, id }) => [name, id]));
      for (const { name, id } of refs) if ((loose.get(name) ?? id) !== id) await update(name, id);
    },
  };
}

interface RefFiles {
  readonly commonDir: string;
  readonly packed: PackedRefs;
  readonly read: Refs['read'];
  readonly seen: SeenLocks;
}

async function removeRef(
  { commonDir, packed, read, seen }: RefFiles,
  name: string,
  expected: string,
): Promise<void> {
  requireName(name);
  const path = join(commonDir, name);
  const lock = `${path}.lock`;
  await takeLock({ name, lock, seen }, expected);
  try {
    const current = await read(name);
    if (current !== expected) throw writeConflict(`${name} has moved on to ${current ?? 'nothing'}`);
    // The packed one first: it would come to light again behind the loose one.
    await packed.remove(name);
    await rm(path, { force: true });
  } finally {
    await rm(lock, { force: true });
  }
}

async function dropRefs(files: RefFiles, gone: readonly Ref[]): Promise<void> {
  const loose = new Map((await looseRefs(files.commonDir, 'refs/')).map(({ name, id }) => [name, id]));
  // The packed ones first, in one go: those of which a loose one says something else are hidden by it, and stay so.
  await files.packed.drop(gone.filter(({ name, id }) => (loose.get(name) ?? id) === id));
  for (const { name, id } of gone) {
    if (loose.get(name) !== id) continue;
    await removeRef(files, name, id).catch((error: unknown) => {
      if (!isReconcilerError(error, 'WRITE_CONFLICT')) throw error;
    });
  }
}

/** The branch that HEAD names, or the commit of a detached HEAD. */
export async function readHead(
  gitdir: string,
): Promise<{ readonly branch: string | null; readonly commit: string | null }> {
  const text = (await readText(join(gitdir, 'HEAD'))) ?? '';
  const target = symbolicTarget(text);
  if (target?.startsWith('refs/heads/')) {
    return { branch: target.slice('refs/heads/'.length), commit: null };
  }
  return { branch: null, commit: isObjectId(text.trim()) ? text.trim() : null };
}

/** Names that `git check-ref-format` accepts, without the prefix `refs/…/`. */
export function isRefName(name: string): boolean {
  return (
    name !== '' &&
    !/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\.$|^\/|\/$|^-/u.test(name) &&
    !name.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'))
  );
}

/** Throws GIT_ERROR for a name that is no ref's: it would be the path of another file. */
function requireName(name: string): void {
  if (!name.startsWith('refs/') || !isRefName(name))
    throw gitError(`${JSON.stringify(name)} cannot be the name of a ref`);
}

interface RefLock {
  readonly name: string;
  readonly lock: string;
  readonly seen: SeenLocks;
}

async function takeLock({ name, lock, seen }: RefLock, id: string): Promise<void> {
  const patience = OWN_REFS.test(name) ? { seen, milliseconds: OWN_LOCK_MS } : { seen };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await makeDirectory(dirname(lock));
      return await createLock(lock, `${id}\n`, patience);
    } catch (error) {
      const failure = lockFailure(error, name, lock);
      if (failure.final || attempt === LOCK_ATTEMPTS) throw failure.error;
      await delay(LOCK_PAUSE_MS);
    }
  }
}

function lockFailure(
  error: unknown,
  name: string,
  lock: string,
): { readonly error: unknown; readonly final: boolean } {
  switch (errnoOf(error)) {
    case 'ENOTDIR':
      return {
        error: writeConflict(`${name} cannot be made: a shorter ref is in its way`, error),
        final: true,
      };
    case 'EEXIST': {
      const message = `${name} is locked by another writer; if none is running, delete ${lock}`;
      return { error: writeConflict(message, error), final: false };
    }
    case 'ENOENT':
      // Git has just removed the directory because it was empty.
      return { error, final: false };
    default:
      return { error, final: true };
  }
}

async function replaceFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'EISDIR' && errnoOf(error) !== 'ENOTEMPTY') throw error;
    // Git leaves empty directories behind when it deletes or packs refs.
    await rmdir(to).catch((cause: unknown) => {
      throw writeConflict('longer refs are in the way of this one', cause);
    });
    await rename(from, to);
  }
}

/** `a` and `a/b` cannot both be refs; among loose ones the file system sees to it. */
async function refuseNesting(packed: PackedRefs, name: string): Promise<void> {
  const [below] = await packed.list(`${name}/`);
  if (below !== undefined) throw writeConflict(`${name} cannot be made beside ${below.name}`);
  const parts = name.split('/');
  for (let length = 3; length < parts.length; length += 1) {
    const above = parts.slice(0, length).join('/');
    if ((await packed.get(above)) !== null) throw writeConflict(`${name} cannot be made beside ${above}`);
  }
}

async function readLoose(commonDir: string, name: string): Promise<string | null> {
  try {
    return await readText(join(commonDir, name));
  } catch (error) {
    if (errnoOf(error) === 'EISDIR') return null;
    throw error;
  }
}

async function looseRefs(commonDir: string, prefix: string): Promise<Ref[]> {
  const directory = prefix.slice(0, prefix.lastIndexOf('/'));
  const entries = await readdir(join(commonDir, directory), { withFileTypes: true, recursive: true }).catch(
    (error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    },
  );
  const refs: Ref[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith('.lock')) continue;
    const name = join(entry.parentPath, entry.name).slice(commonDir.length + 1);
    if (!name.startsWith(prefix)) continue;
    const id = (await readText(join(commonDir, name)))?.trim() ?? '';
    if (isObjectId(id)) refs.push({ name, id });
  }
  return refs;
}

function symbolicTarget(text: string): string | null {
  const target = /^ref: (refs\/\S+)\s*$/.exec(text)?.[1];
  // A name such as `refs/../../secret` must not be read as a file.
  return target !== undefined && isRefName(target) ? target : null;
}
