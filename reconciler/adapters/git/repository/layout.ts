import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { gitError, isMissing, notFound } from '../errors.ts';

/** Paths of the parts of a repository. */
export interface Layout {
  /** HEAD and index: the repository itself, or the private part of a linked work tree. */
  readonly gitdir: string;
  /** Objects and refs; the same as `gitdir` except in a linked work tree. */
  readonly commonDir: string;
  /** `null` for a bare repository. */
  readonly workTree: string | null;
  /** Changes when another repository has taken the place of this one. */
  readonly identity: string;
}

/**
 * Looks at what is at a path: a bare repository, or a directory with a `.git` directory or file (linked work tree, submodule).
 *
 * @throws REPOSITORY_NOT_FOUND (retryable) when there is none, GIT_ERROR for formats that are not supported
 */
export async function readLayout(path: string): Promise<Layout> {
  const dotGit = join(path, '.git');
  const kind = await kindOf(dotGit);
  const gitdir =
    kind === 'directory' ? dotGit : kind === 'file' ? await followGitFile(path, dotGit) : resolve(path);
  const commonDir = await readCommonDir(gitdir);
  const [head, objects] = await Promise.all([
    kindOf(join(gitdir, 'HEAD')),
    kindOf(join(commonDir, 'objects')),
  ]);
  if (head !== 'file' || objects !== 'directory') {
    const exists = (await kindOf(path)) !== null;
    throw notFound(
      path,
      exists ? 'this is not a Git repository' : 'there is no such directory, or it cannot be read',
    );
  }
  await refuseForeignFormats(path, commonDir);
  const identity = (await readIdentity(commonDir)) ?? '';
  return { gitdir, commonDir, workTree: kind === null ? null : resolve(path), identity };
}

/** Reads what `Layout.identity` is now, in one look; `null` when the repository is gone. */
export async function readIdentity(commonDir: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(join(commonDir, 'objects'));
    return `${dev}:${ino}`;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A directory that has the branch checked out: its work tree and index follow when the branch is moved. */
export interface Checkout {
  readonly gitdir: string;
  readonly workTree: string;
}

/** Every work tree of the repository that has this branch checked out. */
export async function findCheckouts(
  layout: Layout,
  branch: string,
  linked: readonly string[],
): Promise<readonly Checkout[]> {
  const candidates: Checkout[] = [];
  if (basename(layout.commonDir) === '.git') {
    candidates.push({ gitdir: layout.commonDir, workTree: dirname(layout.commonDir) });
  } else if (layout.workTree !== null && layout.gitdir === layout.commonDir) {
    candidates.push({ gitdir: layout.gitdir, workTree: layout.workTree });
  }
  for (const name of linked) {
    const gitdir = join(layout.commonDir, 'worktrees', name);
    const dotGit = await readText(join(gitdir, 'gitdir'));
    if (dotGit !== null) candidates.push({ gitdir, workTree: dirname(dotGit.trim()) });
  }
  const checkouts: Checkout[] = [];
  for (const candidate of candidates) {
    const head = await readText(join(candidate.gitdir, 'HEAD'));
    const there = (await kindOf(candidate.workTree)) === 'directory';
    if (there && head?.trim() === `ref: refs/heads/${branch}`) checkouts.push(candidate);
  }
  return checkouts;
}

/** Tells whether the repository may have left objects at its remote. */
export async function isPartialClone(commonDir: string): Promise<boolean> {
  const config = (await readText(join(commonDir, 'config'))) ?? '';
  return /^[ \t]*(promisor[ \t]*=[ \t]*true|partialclone)/im.test(config);
}

/** The file's text, `null` when there is none. */
export async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function kindOf(path: string): Promise<'file' | 'directory' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch (error) {
    if (isMissing(error)) return null;
    throw notFound(path, 'it cannot be read', error);
  }
}

async function followGitFile(path: string, dotGit: string): Promise<string> {
  const target = /^gitdir: (.+)$/m.exec((await readText(dotGit)) ?? '')?.[1];
  if (target === undefined) throw notFound(path, 'its .git file names no repository');
  return resolve(path, target);
}

async function readCommonDir(gitdir: string): Promise<string> {
  const text = await readText(join(gitdir, 'commondir'));
  return text === null ? gitdir : resolve(gitdir, text.trim());
}

async function refuseForeignFormats(path: string, commonDir: string): Promise<void> {
  const config = (await readText(join(commonDir, 'config'))) ?? '';
  if (/^[ \t]*refstorage[ \t]*=[ \t]*"?reftable/im.test(config)) {
    throw gitError(
      `${path}: refs are kept in the reftable format, which is not supported; convert with: git refs migrate --ref-format=files`,
    );
  }
  if (/^[ \t]*objectformat[ \t]*=[ \t]*"?sha256/im.test(config)) {
    throw gitError(`${path}: the repository uses SHA-256 object ids, which are not supported`);
  }
}
