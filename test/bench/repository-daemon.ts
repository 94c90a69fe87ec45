import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from '../../api/app.ts';
import { createGitSource } from '../../reconciler/adapters/git/index.ts';
import { createSecrets } from '../../reconciler/adapters/secrets/secrets.ts';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createMetrics } from '../../reconciler/daemon/metrics.ts';
import { systemClock } from '../../reconciler/daemon/system-clock.ts';
import type { Reconciler } from '../../reconciler/index.ts';
import { createReconciler } from '../../reconciler/run/create-reconciler.ts';
import { createDesiredState } from '../../reconciler/desired/desired-state.ts';
import { createMemoryEngine } from '../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../support/memory/memory-target.ts';
import type { MemoryTarget } from '../support/memory/memory-target.ts';
import { silentLogger } from '../support/docker/target-options.ts';
import { moveBranch } from './move-branch.ts';
import type { PreparedCommit } from './repository-files.ts';
import { IMAGES } from './repository-files.ts';

/*
 * A process of its own that runs the daemon as `kombinator serve` does, API and metrics included, with a target in memory instead of Docker.
 * Started by `repository.ts`, which tells it over IPC when to move the branch.
 */

/** Longer than the pause after which events are acted on. */
const QUIET_MS = 1_000;

export type DaemonRequest =
  | { readonly type: 'commit'; readonly commit: PreparedCommit }
  | { readonly type: 'stop' };

export type DaemonAnswer =
  /** Everything is deployed, and nothing is left to look at. */
  | {
      readonly type: 'ready';
      readonly loadMs: number;
      readonly reconcileMs: number;
      readonly loadedMiB: number;
    }
  /** Time from the move of the branch to the plan of the stack that it touches. */
  | { readonly type: 'planned'; readonly milliseconds: number }
  | { readonly type: 'stopped'; readonly peakMiB: number };

/** The parts of a reconciler around a target in memory, not started. */
export interface Parts extends AsyncDisposable {
  readonly reconciler: Reconciler;
  /** Returns how often the target was asked for something. */
  calls(): number;
}

export async function createParts(gitdir: string, stateDir: string): Promise<Parts> {
  const logger = silentLogger;
  const clock = systemClock;
  const source = await createGitSource({
    location: gitdir,
    cacheDir: join(stateDir, 'mirrors'),
    clock,
    logger,
  });
  const secrets = createSecrets({ stateDir, env: {}, logger });
  const store = createSqliteStore({ path: join(stateDir, 'kombinator.db'), clock, logger });
  const targets: MemoryTarget[] = [];
  const reconciler = createReconciler({
    source,
    desired: createDesiredState({ source, secrets }),
    store,
    clock,
    logger,
    createTarget({ name }) {
      const target = createMemoryTarget({ name, engine: createMemoryEngine(IMAGES) });
      targets.push(target);
      return target;
    },
  });
  return {
    reconciler,
    calls: () => targets.reduce((sum, { control }) => sum + control.calls, 0),
    async [Symbol.asyncDispose]() {
      await reconciler[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

async function main(gitdir: string, stateDir: string): Promise<void> {
  await using parts = await createParts(gitdir, stateDir);
  const { reconciler } = parts;
  using metrics = createMetrics(reconciler);
  const app = createApp({
    reconciler,
    metrics,
    auth: { mode: 'off', listenHost: '127.0.0.1' },
    logger: silentLogger,
    version: '0',
    startedAt: performance.now(),
  });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const start = performance.now();
  const synced = untilAllInSync(reconciler);
  await reconciler.start();
  const loadMs = performance.now() - start;
  const loadedMiB = peakMiB();
  await synced;
  await untilQuiet(parts);
  answer({ type: 'ready', loadMs, reconcileMs: performance.now() - start - loadMs, loadedMiB });
  for await (const [request] of messages()) {
    if (request.type === 'stop') break;
    answer({ type: 'planned', milliseconds: await applyCommit(reconciler, gitdir, request.commit) });
  }
  answer({ type: 'stopped', peakMiB: peakMiB() });
  server.close();
}

/** Events of what was deployed have every stack looked at once more. */
async function untilQuiet({ calls }: Parts): Promise<void> {
  for (let before = -1; before !== calls();) {
    before = calls();
    await sleep(QUIET_MS);
  }
}

function peakMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Resolves when every stack has been brought in line once. */
function untilAllInSync(reconciler: Reconciler): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const done = new Set<string>();
  const subscription = reconciler.subscribe((event) => {
    if (event.type !== 'stack') return;
    if (event.state === 'failed' || event.state === 'invalid' || event.state === 'blocked') {
      reject(
        new Error(`${event.stack} is ${event.state}: ${reconciler.getStack(event.stack).message ?? ''}`),
      );
    }
    if (event.state !== 'in_sync') return;
    done.add(event.stack);
    if (done.size === reconciler.repository().stacks) resolve();
  });
  promise.catch(() => undefined); // told to whoever awaits it, which may be later
  return promise.finally(() => subscription[Symbol.dispose]());
}

/** Milliseconds from the move of the branch to the plan; resolves once the stack is deployed and all is quiet again. */
async function applyCommit(
  reconciler: Reconciler,
  gitdir: string,
  { commit, stack }: PreparedCommit,
): Promise<number> {
  const { promise: planned, resolve: onPlan } = Promise.withResolvers<number>();
  const { promise: deployed, resolve: onDeployed } = Promise.withResolvers<void>();
  // The job of a push is recorded when its plan is made.
  using _ = reconciler.subscribe((event) => {
    if (event.type === 'job' && event.job.stack === stack) onPlan(performance.now());
    if (event.type === 'stack' && event.stack === stack && event.state === 'in_sync') onDeployed();
  });
  const moved = await moveBranch(gitdir, commit);
  const milliseconds = (await planned) - moved;
  await deployed;
  return milliseconds;
}

function messages(): AsyncIterable<[DaemonRequest]> {
  const queue: [DaemonRequest][] = [];
  let wake: () => void = () => undefined;
  process.on('message', (request: DaemonRequest) => {
    queue.push([request]);
    wake();
  });
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = queue.shift();
        if (next) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

function answer(message: DaemonAnswer): void {
  process.send?.(message);
}

if (import.meta.main) {
  const [gitdir, stateDir] = process.argv.slice(2);
  if (gitdir === undefined || stateDir === undefined)
    throw new Error('usage: repository-daemon.ts GITDIR STATEDIR');
  await main(gitdir, stateDir);
  process.disconnect();
}
