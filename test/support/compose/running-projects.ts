import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../deploy/demo/processes.ts';
import { engineJson } from '../docker/docker-engine.ts';
import type { Json } from '../main-job.ts';
import { prepareCompose } from './compose.ts';

/** Projects that docker-compose makes on an engine, as anybody does. */
export interface RunningProjects {
  /** Runs docker-compose in a directory. */
  compose(directory: string, ...words: readonly string[]): Promise<string>;
  /** Containers, as an engine lists them. */
  containers(project: string): Promise<readonly Json[]>;
  /** Volumes, as an engine lists them. */
  volumes(project: string): Promise<readonly Json[]>;
  /** `name id started` of each container. */
  lives(project: string): Promise<readonly string[]>;
  /** Removes what an engine has of a project, whatever has become of its files. */
  remove(project: string): Promise<void>;
}

export function createRunningProjects(dockerHost: string): RunningProjects {
  const socket = dockerHost.replace('unix://', '');
  const listed = (path: string, project: string): Promise<Json> => {
    const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
    return engineJson(socket, 'GET', `${path}filters=${filters}`);
  };
  const containers = (project: string): Promise<readonly Json[]> =>
    listed('/containers/json?all=1&', project);
  return {
    containers,
    volumes: async (project) => (await listed('/volumes?', project)).Volumes ?? [],
    async compose(directory, ...words) {
      const { program, args } = await prepareCompose(() => undefined);
      const env = { ...process.env, DOCKER_HOST: dockerHost };
      return run(program, [...args, ...words], { cwd: directory, env });
    },
    async lives(project) {
      const found = await Promise.all(
        (await containers(project)).map(({ Id }) =>
          engineJson<Json>(socket, 'GET', `/containers/${Id}/json`),
        ),
      );
      return found.map(({ Name, Id, State }) => `${Name} ${Id} ${State.StartedAt}`).sort();
    },
    async remove(project) {
      for (const { Id } of await containers(project))
        await engineJson(socket, 'DELETE', `/containers/${Id}?force=1&v=1`);
      for (const { Id } of await listed('/networks?', project))
        await engineJson(socket, 'DELETE', `/networks/${Id}`);
      for (const { Name } of (await listed('/volumes?', project)).Volumes ?? [])
        await engineJson(socket, 'DELETE', `/volumes/${Name}`);
    },
  };
}

/** Writes the files of a project. */
export async function writeProjectFiles(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

/** Every file of a directory of the host but Git's, with its content and time of change. */
export async function bytesOf(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const told = files
    .filter((one) => one.isFile() && !`${one.parentPath}/`.includes('/.git/'))
    .map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return `${path} ${(await stat(path)).mtimeMs} ${await readFile(path, 'utf8')}`;
    });
  return (await Promise.all(told)).sort();
}
