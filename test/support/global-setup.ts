import type { TestProject } from 'vitest/node';
import type { DockerEngine } from './docker-engine.ts';
import { startDockerEngine } from './docker-engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `unix:///…` of the engines that this run started for its tests, one for each worker. */
    dockerHosts: readonly string[];
  }
}

/** Projects load this file separately but in one process: the engines are shared over the process object. */
const KEY = Symbol.for('kombinator.test.engine');

interface Shared {
  engines: Promise<readonly DockerEngine[]>;
  users: number;
}

/** Private Docker Engines of this run, for the projects that need them; stopped when the last of them ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const holder = process as unknown as Record<symbol, Shared | undefined>;
  const shared = (holder[KEY] ??= { engines: startEngines(project.config.maxWorkers), users: 0 });
  shared.users++;
  const teardown = async () => {
    if (--shared.users > 0) return;
    holder[KEY] = undefined;
    await Promise.all((await shared.engines).map((engine) => engine.stop()));
  };
  project.provide(
    'dockerHosts',
    (await shared.engines).map(({ host }) => host),
  );
  return teardown;
}

/** One after the other: they choose their bridges and address pools by what the machine has. */
async function startEngines(workers: number): Promise<readonly DockerEngine[]> {
  const engines: DockerEngine[] = [];
  for (let worker = 1; worker <= workers; worker += 1) engines.push(await startDockerEngine());
  return engines;
}
