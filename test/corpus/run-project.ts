import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { errorMessage } from '../../reconciler/base/errors.ts';
import { createKombinator } from '../../reconciler/index.ts';
import type { Kombinator } from '../../reconciler/index.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import type { Adopted } from './adopt.ts';
import type { External } from './stand-in.ts';
import { IMAGE, standIn } from './stand-in.ts';

export interface RunResult {
  readonly ok: boolean;
  readonly containers: number;
  /** Reason why it does not run. */
  readonly reason: string;
  /** Things of the machine that it wants and a private engine has not got. */
  readonly host: readonly string[];
}

export interface Runner extends AsyncDisposable {
  run(adopted: Adopted): Promise<RunResult>;
}

const PATIENCE_MS = 180_000;

/** Runs projects one after the other on an engine of its own. */
export async function createRunner(tell: (line: string) => void): Promise<Runner> {
  const engine = await startDockerEngine();
  const scratch = await mkdtemp(join(tmpdir(), 'kombinator-corpus-'));
  await buildTestImage(engine.host, IMAGE);
  tell(`engine ${engine.host}`);
  return {
    run: (adopted) => runProject(adopted, engine, scratch),
    async [Symbol.asyncDispose]() {
      await engine.stop();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function runProject(adopted: Adopted, engine: DockerEngine, scratch: string): Promise<RunResult> {
  const { text, host, externals } = standIn(adopted, { scratch: join(scratch, 'host'), engine: engine.host });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  await using repository = await createBareRepo();
  await commitFiles(repository, { ...adopted.files, [adopted.path]: text }, 'Add the project');
  const stateDir = await mkdtemp(join(scratch, 'state-'));
  await mkdir(join(stateDir, 'secrets'), { mode: 0o700 });
  for (const name of adopted.secrets)
    await writeFile(join(stateDir, 'secrets', name), 'stand-in', { mode: 0o600 });
  const env = { ...process.env, DOCKER_HOST: engine.host };
  const config = join(scratch, 'operator.yaml');
  await writeFile(config, 'policy: { allow: everything }\n');
  const logger = createQuietLogger();
  await createExternals(externals, engine);
  await using kombinator = await createKombinator({
    repo: repository.path,
    stateDir,
    config,
    stableMs: 0,
    logger,
    env,
  });
  try {
    const containers = await apply(kombinator, adopted.stack, signal);
    return { ok: true, containers, reason: '', host };
  } catch (error) {
    return { ok: false, containers: 0, reason: errorMessage(error), host };
  } finally {
    await destroy(kombinator, adopted.stack);
    await removeExternals(externals, engine);
  }
}

async function apply({ reconciler }: Kombinator, stack: string, signal: AbortSignal): Promise<number> {
  await reconciler.refresh(signal);
  const request = { stack, trigger: 'cli', actor: null } as const;
  const { id } = await reconciler.apply({ ...request, confirm: true }, signal);
  const { job, logs } = await reconciler.waitForJob(id, signal);
  if (job.status !== 'completed') {
    const last = logs.at(-1)?.message;
    throw new Error(job.error?.message ?? last ?? `the job is ${job.status}`);
  }
  const { plan } = await reconciler.plan(request, signal);
  const { create, update, replace, delete: removed } = plan.summary;
  if (create + update + replace + removed > 0) {
    const changes = plan.changes
      .filter(({ action }) => action !== 'no-op')
      .map(({ id, cause }) => `${id}: ${cause}`);
    throw new Error(`a second plan still finds something to do: ${changes.join('; ')}`);
  }
  const { services } = await reconciler.observe(stack, signal);
  const bad = services.filter(({ health }) => health !== 'healthy' && health !== 'completed');
  if (bad.length > 0)
    throw new Error(bad.map(({ name, health, reason }) => `${name} is ${health}: ${reason}`).join('; '));
  return services.length;
}

async function destroy({ reconciler }: Kombinator, stack: string): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const request = { stack, trigger: 'cli', actor: null, mode: 'destroy', volumes: true } as const;
  const { id } = await reconciler.apply({ ...request, confirm: true }, signal);
  await reconciler.waitForJob(id, signal);
}

async function createExternals({ networks, volumes }: External, { socketPath }: DockerEngine): Promise<void> {
  for (const Name of networks) await engineJson(socketPath, 'POST', '/networks/create', { Name });
  for (const Name of volumes) await engineJson(socketPath, 'POST', '/volumes/create', { Name });
}

async function removeExternals({ networks, volumes }: External, { socketPath }: DockerEngine): Promise<void> {
  for (const name of networks) await engineJson(socketPath, 'DELETE', `/networks/${name}`);
  for (const name of volumes) await engineJson(socketPath, 'DELETE', `/volumes/${name}?force=1`);
}
