import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../../base/json.ts';
import { isMissing } from '../errors.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { readText } from '../repository/layout.ts';
import type { ObjectStore } from '../repository/object-store.ts';
import { MAX_COMMIT_BYTES, readTagged } from '../repository/objects.ts';
import type { Refs } from '../repository/refs.ts';

/** Returns where the mirror of a remote lies: a readable name, made unique by the address. */
export function mirrorPath(cacheDir: string, address: string): string {
  const name = address.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replaceAll(/^-+|-+$|\.git$/g, '');
  return join(cacheDir, `${name.slice(-60)}-${sha256(address).slice(0, 12)}.git`);
}

/** Makes an empty bare repository unless one is there. Only this user can read it: configuration may be private. */
export async function ensureMirror(cacheDir: string, path: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  if ((await readText(join(path, 'HEAD'))) !== null) return;
  await mkdir(join(path, 'objects', 'pack'), { recursive: true, mode: 0o700 });
  await mkdir(join(path, 'refs', 'heads'), { recursive: true });
  await mkdir(join(path, 'refs', 'tags'), { recursive: true });
  await writeFile(join(path, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  // Last: what makes the directory a repository.
  await writeFile(join(path, 'HEAD'), 'ref: refs/heads/main\n');
}

/** Takes a mirror out of the way; what cannot be deleted now does no harm. */
export async function discardMirror(path: string): Promise<void> {
  const aside = `${path}.broken-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return;
  }
  await rm(aside, { recursive: true, force: true }).catch(() => undefined);
}

/** A tag that only the mirror has, whole. */
export interface KeptTag {
  readonly ref: string;
  readonly content: Buffer;
  readonly commit: string;
}

/** Annotated tags of a mirror that is about to be discarded, as far as they can still be read. */
export async function keepTags(store: ObjectStore, refs: Refs): Promise<readonly KeptTag[]> {
  const kept: KeptTag[] = [];
  for (const { name, id } of await refs.list('refs/tags/deploy/').catch(() => [])) {
    const object = await store.read(id, MAX_COMMIT_BYTES).catch(() => null);
    const tag = object === null ? null : readTagged(object.type, object.content);
    if (object !== null && tag !== null && 'object' in tag)
      kept.push({ ref: name, content: object.content, commit: tag.object });
  }
  return kept;
}

/** Puts kept tags back that did not come from the remote and whose commit did. */
export async function restoreTags(store: ObjectStore, refs: Refs, kept: readonly KeptTag[]): Promise<void> {
  for (const { ref, content, commit } of kept) {
    if ((await refs.read(ref)) !== null || !(await store.has(commit))) continue;
    await refs.update(ref, await store.write('tag', content), null);
  }
}

/** Every fetch leaves a pack; reading gets slower with their number. */
const MAX_PACKS = 20;
/** Packs that are kept without the git command: they cannot be joined then, only fetched anew. */
const MAX_PACKS_WITHOUT_GIT = 100;

/**
 * Joins small packs when there are many.
 *
 * @returns false when the mirror should be fetched anew instead
 */
export async function compactMirror(path: string, git: GitCommand, signal: AbortSignal): Promise<boolean> {
  const names = await readdir(join(path, 'objects', 'pack'));
  const packs = names.filter((name) => name.endsWith('.pack')).length;
  if (!(await git.available())) return packs <= MAX_PACKS_WITHOUT_GIT;
  if (packs > MAX_PACKS)
    await git.run([`--git-dir=${path}`, 'repack', '-d', '-q', '--geometric=2'], { signal });
  return true;
}
