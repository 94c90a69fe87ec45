import { gitError } from './errors.ts';
import { createGitCommand, firstErrorLine } from './repository/git-command.ts';

export interface FolderCommit {
  /** Work tree; absolute. */
  readonly root: string;
  /** Paths from the root; nothing else that has changed goes along. */
  readonly paths: readonly string[];
  readonly message: string;
  /** Person that the commit is of where Git knows none. */
  readonly author: { readonly name: string; readonly email: string };
}

/** Makes a folder a Git repository with the branch `main`. Throws GIT_NOT_INSTALLED, GIT_ERROR. */
export async function initFolder(root: string): Promise<void> {
  await run(root, ['init', '--quiet', '--initial-branch=main']);
}

/** Returns those paths that Git is told to leave out. */
export async function findIgnored(root: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  if (paths.length === 0) return new Set();
  const input = paths.map((path) => `${path}\0`).join('');
  const { stdout } = await createGitCommand().run(['-C', root, 'check-ignore', '-z', '--stdin'], { input });
  return new Set(
    stdout
      .toString('utf8')
      .split('\0')
      .filter((path) => path !== ''),
  );
}

/** Commits some files of a work tree, with what the user has told Git. @returns the commit. Throws GIT_NOT_INSTALLED, GIT_ERROR. */
export async function commitFolder({ root, paths, message, author }: FolderCommit): Promise<string> {
  const git = createGitCommand();
  const known = await git.run(['-C', root, 'config', 'user.email']);
  const identity = ['-c', `user.name=${author.name}`, '-c', `user.email=${author.email}`];
  const input = paths.map((path) => `${path}\0`).join('');
  const list = ['--pathspec-from-file=-', '--pathspec-file-nul'];
  await run(root, ['--literal-pathspecs', 'add', ...list], input);
  const commit = ['--literal-pathspecs', 'commit', '--quiet', '--message', message, ...list];
  await run(root, [...(known.exitCode === 0 ? [] : identity), ...commit], input);
  return (await run(root, ['rev-parse', 'HEAD'])).trim();
}

async function run(root: string, args: readonly string[], input?: string): Promise<string> {
  const result = await createGitCommand().run(['-C', root, ...args], input === undefined ? {} : { input });
  const { exitCode, stdout, stderr } = result;
  if (exitCode !== 0) throw gitError(`${root}: ${firstErrorLine(stderr)}`);
  return stdout.toString('utf8');
}
