import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { git } from '../../support/git/git-repo.ts';

export interface DeployTag {
  readonly name: string;
  readonly stack: string;
  readonly number: number;
  readonly commit: string;
  readonly isRemoval: boolean;
  /** The trigger of the deployment: `push`, `drift`, … */
  readonly trigger: string | null;
}

/** The bare repository that the daemon follows, and the clone of the person who pushes to it. */
export interface ConfigRepository {
  readonly path: string;
  /** Commits the files, which are all there are, and pushes; resolves to the commit. A push that loses a race is tried again. */
  push(files: Readonly<Record<string, string>>, message: string): Promise<string>;
  /** Forces the branch back to a commit that was pushed before, the history after it is lost. */
  rewind(commit: string): Promise<void>;
  /** Runs Git in the bare repository. */
  git(...args: string[]): Promise<string>;
  /** Deployment tags, by stack and number. */
  tags(): Promise<readonly DeployTag[]>;
  /** Renames the repository away, or back. */
  vanish(): Promise<void>;
  reappear(): Promise<void>;
}

const PUSHES = 20;

/** Makes an empty one below the directory. */
export async function createConfigRepository(root: string): Promise<ConfigRepository> {
  const path = join(root, 'config.git');
  const clone = join(root, 'clone');
  await mkdir(root, { recursive: true });
  await git(root, 'init', '--quiet', '--bare', '--initial-branch=main', path);
  await git(path, 'config', 'gc.auto', '0');
  await git(root, 'clone', '--quiet', path, clone);
  await git(clone, 'config', 'gc.auto', '0');
  return {
    path,
    async push(files, message) {
      await rm(join(clone, 'kombinations'), { recursive: true, force: true });
      for (const [file, content] of Object.entries(files)) {
        await mkdir(dirname(join(clone, file)), { recursive: true });
        await writeFile(join(clone, file), content);
      }
      await git(clone, 'add', '--all');
      await git(clone, 'commit', '--quiet', '--allow-empty', '--message', message);
      await pushHead(clone, []);
      return git(clone, 'rev-parse', 'HEAD');
    },
    async rewind(commit) {
      await git(clone, 'reset', '--quiet', '--hard', commit);
      await pushHead(clone, ['--force']);
    },
    git: (...args) => git(path, ...args),
    tags: async () =>
      parseTags(await git(path, 'for-each-ref', 'refs/tags/deploy/', `--format=${TAG_FORMAT}`)),
    vanish: () => rename(path, `${path}.away`),
    reappear: () => rename(`${path}.away`, path),
  };
}

/** Locks of somebody else's, or a Git that packs, make a push fail for a moment. */
async function pushHead(clone: string, flags: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await git(clone, 'push', '--quiet', ...flags, 'origin', 'HEAD:main');
      return;
    } catch (error) {
      if (attempt === PUSHES) throw error;
      await sleep(300);
    }
  }
}

const TAG_FORMAT = '%(refname:short)%00%(*objectname)%00%(contents)%01';

function parseTags(text: string): DeployTag[] {
  const tags = text.split('\u0001').flatMap((entry) => {
    const [name = '', commit = '', message = ''] = entry.trimStart().split('\0');
    const [, stack, number] = /^deploy\/(.+)\/(\d+)$/.exec(name) ?? [];
    if (stack === undefined) return [];
    const trigger = /^Trigger: (.*)$/m.exec(message)?.[1] ?? null;
    return [
      { name, stack, number: Number(number), commit, isRemoval: message.startsWith('Remove '), trigger },
    ];
  });
  return tags.toSorted((a, b) => (a.stack === b.stack ? a.number - b.number : a.stack < b.stack ? -1 : 1));
}
