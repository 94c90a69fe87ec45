import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../../deploy/demo/processes.ts';
import type {
  HashedProject,
  HashedProjectOptions,
} from '../../../reconciler/config/compose/hash/compose-project.ts';
import { hashComposeProject } from '../../../reconciler/config/compose/hash/compose-project.ts';
import type { ComposeCommand } from './compose.ts';
import type { ProjectFiles } from './compose-config.ts';
import { treeOf } from './compose-config.ts';

/* Hashes of one project, by docker-compose and by us. */

export interface ProjectOnDisk extends AsyncDisposable {
  readonly directory: string;
}

export async function writeProject(files: ProjectFiles): Promise<ProjectOnDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-hash-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return {
    directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Our hashes of files that are their own blob ids, for a project called `proj`. */
export function hashFiles(
  files: ProjectFiles,
  options: Pick<HashedProjectOptions, 'directory'> & Partial<HashedProjectOptions>,
): HashedProject {
  return hashComposeProject({
    tree: treeOf(files),
    texts: new Map(Object.entries(files)),
    files: ['compose.yaml'],
    name: 'proj',
    ...options,
  });
}

/** Arguments and variables with which both read a project. */
export function composeCall(
  { args }: ComposeCommand,
  directory: string,
  names: readonly string[] = ['compose.yaml'],
) {
  return {
    words: [...args, '-p', 'proj', '--profile', '*', ...names.flatMap((name) => ['-f', name])],
    variables: { HOME: '/home/somebody', PWD: directory },
  };
}

/** The hash of each service by `docker-compose config --hash`, which leaves variables and labels of files out. */
export async function hashesByCompose(
  compose: ComposeCommand,
  files: ProjectFiles,
  names: readonly string[] = ['compose.yaml'],
): Promise<{ readonly theirs: Readonly<Record<string, string>>; readonly ours: HashedProject }> {
  await using project = await writeProject(files);
  const { directory } = project;
  const { words, variables } = composeCall(compose, directory, names);
  const env = { ...variables, PATH: process.env['PATH'] };
  const printed = await run(compose.program, [...words, 'config', '--hash', '*'], { cwd: directory, env });
  const lines = printed.trim().split('\n');
  return {
    theirs: Object.fromEntries(lines.map((line) => line.split(' ') as [string, string])),
    ours: hashFiles(files, { directory, files: names, variables: new Map(Object.entries(variables)) }),
  };
}

/** Hashes as a record, problems in their words. */
export function plainHashes({ services }: HashedProject): Readonly<Record<string, string>> {
  const entries = [...services].map(([name, { hash }]) => [
    name,
    typeof hash === 'string' ? hash : hash.problem,
  ]);
  return Object.fromEntries(entries);
}
