import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import process from 'node:process';
import { parse } from 'yaml';
import { run } from './processes.ts';

/** A bare config repository and a clone of it to work in, both made with the system's git. */
export interface DemoRepository {
  readonly bare: string;
  readonly clone: string;
  /** Runs git in the clone. */
  git(...args: readonly string[]): Promise<string>;
  /** Runs git in the bare repository. */
  bareGit(...args: readonly string[]): Promise<string>;
}

/** Nothing of the user's own Git configuration may change what the demo does. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const person = { name: 'Demo', email: 'demo@example.org' };
  return {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: person.name,
    GIT_AUTHOR_EMAIL: person.email,
    GIT_COMMITTER_NAME: person.name,
    GIT_COMMITTER_EMAIL: person.email,
  };
}

/** Copies the example into a new repository and pushes it as its first commit. */
export async function createRepository(
  root: string,
  example: string,
  adjust: (clone: string) => Promise<void>,
): Promise<DemoRepository> {
  const bare = join(root, 'config.git');
  const clone = join(root, 'config');
  const env = gitEnvironment();
  const git = (...args: readonly string[]) => run('git', args, { cwd: clone, env });
  const bareGit = (...args: readonly string[]) => run('git', args, { cwd: bare, env });
  await mkdir(clone, { recursive: true });
  await run('git', ['init', '--quiet', '--bare', bare], { cwd: root, env });
  await bareGit('symbolic-ref', 'HEAD', 'refs/heads/main');
  await cp(example, clone, { recursive: true });
  await adjust(clone);
  await git('init', '--quiet');
  await git('checkout', '--quiet', '-b', 'main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Describe the demo');
  await git('remote', 'add', 'origin', bare);
  await git('push', '--quiet', '--set-upstream', 'origin', 'main');
  return { bare, clone, git, bareGit };
}

/** Every file below a directory, as paths relative to it, sorted. */
export async function listFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('/.git'))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Replaces host ports that something else uses by free ones, in every YAML file of the directory.
 * Resolves to the new port for each of the given ones.
 */
export async function settlePorts(
  directory: string,
  wanted: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const chosen = new Map<number, number>();
  for (const port of wanted) chosen.set(port, (await isFree(port)) ? port : await freePort());
  for (const file of await listFiles(directory)) {
    if (!/\.ya?ml$/.test(file)) continue;
    const text = await readFile(join(directory, file), 'utf8');
    const changed = text.replaceAll(/\b\d{4,5}\b/g, (number) => String(chosen.get(Number(number)) ?? number));
    if (changed !== text) await writeFile(join(directory, file), changed);
  }
  return chosen;
}

/** Host ports that the example's kombinations publish: the left side of `"18080:8080"`. */
export async function publishedPorts(directory: string): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (const file of await listFiles(directory)) {
    if (!/\.ya?ml$/.test(file)) continue;
    const text = await readFile(join(directory, file), 'utf8');
    for (const match of text.matchAll(/\b(?<port>\d{4,5}):\d{1,5}\b/g))
      ports.add(Number(match.groups?.['port']));
  }
  return [...ports].sort((a, b) => a - b);
}

/** `meta.name` of every kombination, sorted. */
export async function readStackNames(directory: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const file of await listFiles(directory)) {
    if (!/(^|\/)kombination\.ya?ml$/.test(file)) continue;
    const document = parse(await readFile(join(directory, file), 'utf8')) as {
      meta?: { name?: string };
    } | null;
    if (document?.meta?.name) names.push(document.meta.name);
  }
  return names.sort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // All addresses, as Docker publishes them.
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** A TCP port nobody listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
