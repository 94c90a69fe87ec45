import { createAbortScope, onAbort, streamWithAbortScope, withAbortScope } from '../../base/abort-scope.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type {
  Capability,
  Controls,
  ExecSession,
  Logs,
  ReachesPlaces,
  RunsContainers,
  RunsPrograms,
  StreamsPrograms,
  SessionOptions,
  TargetWith,
  Watches,
} from '../../ports/target-capabilities.ts';
import type { DesiredResource } from '../../model/resource.ts';
import type { KeepsInventory } from '../../ports/inventory/inventory.ts';
import type { ApplyContext } from '../../ports/target.ts';
import { applyChange, runAgain, settleChange } from './apply.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { createCluster } from './cluster.ts';
import { startWorkload, stopWorkload } from './control.ts';
import { toTargetError } from './api/errors.ts';
import { readFacts, readOwned } from './facts.ts';
import { measureCluster } from './measure.ts';
import { readLogs, readLogsAt } from './workloads/logs.ts';
import { createInventory } from './inventory/inventory.ts';
import { observeCluster } from './observe.ts';
import { releasePorts } from './release-ports.ts';
import { healthOf } from './workloads/health.ts';
import { runOneOff } from './workloads/one-off.ts';
import { listLeftovers, removeLeftover } from './workloads/one-off-leftovers.ts';
import { readPodStats } from './workloads/pod-stats.ts';
import { readHealth } from './workloads/read-health.ts';
import { execIn, openSession, openSessionAt } from './workloads/session.ts';
import { streamIn } from './workloads/stream.ts';

/** An API server works on hundreds at a time; more of ours would only wait for each other there. */
const PARALLEL_CHANGES = 64;

/** No data is moved in and out of volumes of pods yet. Images are the business of the cluster's own nodes. */
export type ClusterTarget = TargetWith<
  Exclude<Capability, 'buildsImages' | 'fetchesImages' | 'prunes' | 'findsProjects' | 'movesData'>
>;

/** The `Target` port over one API server. */
export function createClusterTarget(options: ClusterOptions): ClusterTarget {
  const { name, client } = options;
  const cluster = createCluster(options);
  const closing = new AbortController();
  /** Runs one call with errors in our words. */
  async function guard<T>(
    doing: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using scope = createAbortScope({ signals: [signal, closing.signal] });
    try {
      scope.signal.throwIfAborted();
      return await call(scope.signal);
    } catch (error) {
      throw toTargetError(error, doing, client.address, scope.signal);
    }
  }
  return {
    name,
    kind: 'kubernetes',
    parallelChanges: PARALLEL_CHANGES,
    observe: (scope, signal) =>
      guard(`observe ${scope.stack} on ${name}`, signal, (both) => observeCluster(cluster, scope, both)),
    apply: (change, context) =>
      guard(`${change.change.action} ${change.change.id}`, context.signal, (signal) =>
        applyChange(cluster, change, { ...context, signal }),
      ),
    ...programs(cluster, guard, closing.signal),
    ...logs(cluster, client, closing.signal),
    health: (stack, id, signal) =>
      guard(`look at ${id}`, signal, (both) => readHealth(cluster, stack, id, both)),
    ...controls(cluster, guard),
    ...oneOffs(cluster, guard),
    async settle(change, outcome, context) {
      if (change.change.action !== 'replace' && change.change.action !== 'update') return;
      await guard(`settle ${change.change.id}`, context.signal, (signal) =>
        settleChange(cluster, change, outcome, { ...context, signal }),
      );
    },
    release: (change, outcome, context) =>
      guard(`make room for others in ${change.change.id}`, context.signal, (signal) =>
        releasePorts(cluster, change, outcome, { ...context, signal }),
      ),
    owned: (signal) => guard(`look through ${name}`, signal, (both) => readOwned(cluster, both)),
    facts: (signal) => guard(`ask ${name}`, signal, (both) => readFacts(cluster, both)),
    runStats: (stack, signal) =>
      guard(`measure ${stack} on ${name}`, signal, (both) => readPodStats(cluster, stack, both)),
    measure: (signal) => guard(`ask ${name}`, signal, (both) => measureCluster(cluster, both)),
    watch: (onEvent, signal) =>
      withAbortScope({ signals: [signal, closing.signal] }, (both) => watchCluster(cluster, onEvent, both)),
    ...inventoryPart(cluster, options, closing.signal),
    async [Symbol.asyncDispose]() {
      closing.abort(new ReconcilerError('CANCELLED', `the connection to ${name} was closed`));
      cluster.close();
    },
  };
}

function inventoryPart(
  cluster: Cluster,
  { client, name, logger }: ClusterOptions,
  closing: AbortSignal,
): KeepsInventory {
  const { inventory, eventsOf } = createInventory(cluster, logger);
  return {
    inventory: ({ told, failed }, signal) =>
      withAbortScope({ signals: [signal, closing] }, (both) =>
        inventory(
          { told, failed: (error) => failed(toTargetError(error, `look at ${name}`, client.address, both)) },
          both,
        ),
      ),
    eventsOf,
  };
}

function logs(
  cluster: Cluster,
  client: ClusterOptions['client'],
  closing: AbortSignal,
): Logs & Pick<ReachesPlaces, 'logsAt'> {
  return {
    logs: (stack, id, options) =>
      streamWithAbortScope({ signals: [options.signal, closing] }, (signal) =>
        inOurWords(client, signal, readLogs(cluster, stack, id, { ...options, signal })),
      ),
    logsAt: (place, options) =>
      streamWithAbortScope({ signals: [options.signal, closing] }, (signal) =>
        inOurWords(client, signal, readLogsAt(cluster, place, { ...options, signal })),
      ),
  };
}

async function* inOurWords<T>(
  client: ClusterOptions['client'],
  signal: AbortSignal,
  values: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* values;
  } catch (error) {
    throw toTargetError(error, 'read logs', client.address, signal);
  }
}

async function watchCluster(
  cluster: Cluster,
  onEvent: Parameters<Watches['watch']>[0],
  signal: AbortSignal,
): Promise<void> {
  const unsubscribe = cluster.subscribe((stack, freed) => {
    onEvent(stack);
    for (const waiting of freed === undefined ? [] : cluster.awaited.stacksFor(freed)) onEvent(waiting, true);
  });
  const ended = Promise.withResolvers<void>();
  using _ = onAbort(signal, () => ended.resolve());
  try {
    await cluster.keepLooking(signal);
    if (!signal.aborted) await ended.promise;
  } finally {
    unsubscribe();
  }
}

type Guard = <T>(doing: string, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

function programs(
  cluster: Cluster,
  guard: Guard,
  closing: AbortSignal,
): RunsPrograms & StreamsPrograms & Pick<ReachesPlaces, 'openSessionAt'> {
  /** A session outlives the call that opens it. */
  async function open(
    where: string,
    options: SessionOptions,
    work: (options: SessionOptions) => Promise<ExecSession>,
  ): Promise<ExecSession> {
    const scope = createAbortScope({ signals: [options.signal, closing] });
    try {
      const opened = await guard(`run a program in ${where}`, scope.signal, () =>
        work({ ...options, signal: scope.signal }),
      );
      void opened.exitCode.catch(() => undefined).finally(() => scope[Symbol.dispose]());
      return opened;
    } catch (error) {
      scope[Symbol.dispose]();
      throw error;
    }
  }
  return {
    exec: (stack, id, argv, signal) =>
      guard(`run a program in ${id}`, signal, (both) => execIn(cluster, { stack, id, argv }, both)),
    stream: (stack, id, program, signal) =>
      guard(`run a program in ${id}`, signal, (both) => streamIn(cluster, { stack, id, program }, both)),
    openSession: (stack, id, options) =>
      open(id, options, (both) => openSession(cluster, { stack, id }, both)),
    openSessionAt: (place, options) =>
      open(place.name, options, (both) => openSessionAt(cluster, place, both)),
  };
}

function controls(cluster: Cluster, guard: Guard): Controls {
  return {
    stop: (stack, id, signal) =>
      guard(`stop ${id}`, signal, (both) => stopWorkload(cluster, stack, id, both)),
    start: (desired, context) =>
      guard(`start ${desired.id}`, context.signal, (signal) =>
        startAny(cluster, desired, { ...context, signal }),
      ),
  };
}

/** Starts a workload; a job that has failed is made anew. */
async function startAny(cluster: Cluster, desired: DesiredResource, context: ApplyContext): Promise<void> {
  const live = await cluster.find(context.stack, desired.id, context.signal);
  const hasFailed = live?.kind === 'Job' && healthOf(live, cluster.clock.now()).status === 'failed';
  if (hasFailed) await runAgain(cluster, desired, live, context);
  else await startWorkload(cluster, desired, context);
}

/** Jobs that run once, for hooks. */
function oneOffs(cluster: Cluster, guard: Guard): RunsContainers {
  return {
    runOneOff: (oneOff, context) =>
      guard(`run ${oneOff.resource.id}`, context.signal, (signal) =>
        runOneOff(cluster, oneOff, { ...context, signal }),
      ),
    leftovers: (signal) =>
      guard(`look for hooks on ${cluster.name}`, signal, (both) => listLeftovers(cluster, both)),
    removeLeftover: (id, signal) =>
      guard(`remove ${id}`, signal, (both) => removeLeftover(cluster, id, both)),
  };
}
