import type { TestProject } from 'vitest/node';
import type { DockerEngine } from './docker/docker-engine.ts';
import { startDockerEngine } from './docker/docker-engine.ts';
import { engineVersion } from './docker/engine-programs.ts';
import type { KubernetesSuites, RealKubernetes } from './kubernetes/kubernetes-suites.ts';
import { announce, startKubernetesSuites } from './kubernetes/kubernetes-suites.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `unix:///…` of the engines that this run started for its tests, one for each worker that has a file; none where no file asks for one. */
    dockerHosts: readonly string[];
    /** A real API server that the Kubernetes suites run on as well; `null`: there is none. */
    kubernetes: RealKubernetes | null;
  }
}

/** Projects load this file separately but in one process: what they share is held by the process object. */
const KEY = Symbol.for('kombinator.test.engine');

interface Shared {
  engines: Promise<readonly DockerEngine[]> | undefined;
  kubernetes: Promise<KubernetesSuites>;
  users: number;
}

/** Private Docker Engines for the projects whose files ask for one, and an API server where one is to be had; stopped when the last project ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const holder = process as unknown as Record<symbol, Shared | undefined>;
  const shared = (holder[KEY] ??= { engines: undefined, kubernetes: openKubernetes(), users: 0 });
  const needsEngine = project.name !== 'engineless';
  if (needsEngine) shared.engines ??= startEngines(await countWorkers(project));
  shared.users++;
  const teardown = async () => {
    if (--shared.users > 0) return;
    holder[KEY] = undefined;
    await (await shared.kubernetes).stop();
    await Promise.all(((await shared.engines) ?? []).map((engine) => engine.stop()));
  };
  const kubernetes = await shared.kubernetes;
  const engines = needsEngine ? ((await shared.engines) ?? []) : [];
  project.provide(
    'dockerHosts',
    engines.map(({ host }) => host),
  );
  project.provide('kubernetes', kubernetes.real);
  return teardown;
}

async function openKubernetes(): Promise<KubernetesSuites> {
  const suites = await startKubernetesSuites();
  process.stdout.write(`${announce(suites)}\n`);
  return suites;
}

/**
 * One for each file that the command line names, up to as many as there may be: engines that no worker asks for are waited for in vain. Files
 * without one count too, for they may take the first workers.
 */
async function countWorkers(project: TestProject): Promise<number> {
  const named = process.argv.slice(2).filter((word) => word.startsWith('test/'));
  const files = await project.vitest.globTestSpecifications(named);
  return Math.min(files.length, project.config.maxWorkers);
}

async function startEngines(workers: number): Promise<readonly DockerEngine[]> {
  process.stdout.write(`Docker suites: Engine ${engineVersion()}\n`);
  return Promise.all(Array.from({ length: workers }, () => startDockerEngine()));
}
