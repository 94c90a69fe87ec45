import type { TestProject } from 'vitest/node';
import type { DockerEngine } from './docker-engine.ts';
import { startDockerEngine } from './docker-engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `unix:///…` of the engine that this run started for its tests. */
    dockerHost: string;
  }
}

/** Projects load this file separately but in one process: the engine is shared over the process object. */
const KEY = Symbol.for('kombinator.test.engine');

interface Shared {
  engine: Promise<DockerEngine>;
  users: number;
}

/** One private Docker Engine per run, for the projects that need one; stopped when the last of them ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const holder = process as unknown as Record<symbol, Shared | undefined>;
  const shared = (holder[KEY] ??= { engine: startDockerEngine(), users: 0 });
  shared.users++;
  const teardown = async () => {
    if (--shared.users > 0) return;
    holder[KEY] = undefined;
    await (await shared.engine).stop();
  };
  project.provide('dockerHost', (await shared.engine).host);
  return teardown;
}
