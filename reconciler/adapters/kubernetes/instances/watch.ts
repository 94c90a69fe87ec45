import { onAbort } from '../../../base/abort-scope.ts';
import { errorMessage } from '../../../base/errors.ts';
import type { InstanceSink, ObservedInstance } from '../../../ports/instance-backend.ts';
import type { KindInfo } from '../api/discovery.ts';
import type { LiveObject } from '../cache/live-object.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { createObjectCache } from '../cache/object-cache.ts';
import type { ClusterInstancesOptions } from './options.ts';
import { ID_LABEL, OWNER_LABEL } from './objects.ts';
import { observePod } from './pod-state.ts';

const PODS: KindInfo = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, managed: true };
const SERVICES: KindInfo = { ...PODS, kind: 'Service', plural: 'services' };
const NODES: KindInfo = { ...PODS, kind: 'Node', plural: 'nodes', namespaced: false };
const FIRST_PAUSE_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 30_000;
/** Changes come in bursts. */
const SETTLE_MS = 50;

interface WatchParts extends ClusterInstancesOptions {
  readonly sink: InstanceSink;
}

/** Keeps pods, services and nodes by watches, and tells what changes among them, until the signal aborts. */
export async function watchCluster(parts: WatchParts, signal: AbortSignal): Promise<void> {
  const { clock, sink, logger } = parts;
  let wake = Promise.withResolvers<void>();
  using _ = onAbort(signal, () => wake.resolve());
  const caches = openCaches(parts, signal, () => wake.resolve());
  const told = createTold(sink);
  for (let failures = 0; !signal.aborted;) {
    const since = clock.now();
    wake = Promise.withResolvers<void>();
    if (signal.aborted) return;
    try {
      await caches.ready(signal);
      failures = 0;
      const nodes = caches.nodes();
      if (nodes !== null) told.nodes(nodes);
      told.all(observe(caches.pods, caches.services), since);
      await wake.promise;
      await clock.sleep(SETTLE_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      logger.debug({ error: errorMessage(error) }, 'the cluster of the instances does not answer');
      const ceiling = Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_RECONNECT_PAUSE_MS);
      await clock.sleep(ceiling * (0.5 + clock.random() / 2), signal).catch(() => undefined);
    }
  }
}

interface Caches {
  readonly pods: ObjectCache;
  readonly services: ObjectCache;
  /** Names; `null` for an account that may not look at nodes. */
  nodes(): ReadonlySet<string> | null;
  ready(signal: AbortSignal): Promise<void>;
}

function openCaches(parts: WatchParts, signal: AbortSignal, onEvent: () => void): Caches {
  const { client, clock, logger, namespace, owner } = parts;
  const common = { client, clock, logger, signal, onEvent };
  const ours = { ...common, namespace, selector: `${OWNER_LABEL}=${owner()}` };
  const pods = createObjectCache({ ...ours, kind: PODS });
  const services = createObjectCache({ ...ours, kind: SERVICES });
  const nodes = createObjectCache({ ...common, kind: NODES, selector: null });
  let mayLook = false;
  return {
    pods,
    services,
    nodes: () => (mayLook ? new Set([...nodes.all()].map(({ metadata }) => metadata.name)) : null),
    async ready(either) {
      await Promise.all([pods.ready(either), services.ready(either)]);
      // An account without rights on nodes cannot tell that one is gone.
      mayLook = await nodes.ready(either).then(
        () => true,
        () => false,
      );
    },
  };
}

function observe(pods: ObjectCache, services: ObjectCache): ReadonlyMap<string, ObservedInstance> {
  const served = new Set([...services.all()].map(idOf));
  const all = new Map<string, ObservedInstance>();
  for (const pod of pods.all()) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const seen = observePod(pod);
    all.set(idOf(pod), served.has(idOf(pod)) ? seen : { ...seen, incomplete: true });
  }
  for (const id of served) {
    if (!all.has(id)) all.set(id, { phase: 'pending', reason: 'its pod is not there', incomplete: true });
  }
  return all;
}

function idOf({ metadata }: LiveObject): string {
  return metadata.labels?.[ID_LABEL] ?? metadata.name;
}

/** Tells the sink what differs from what it was told before. */
function createTold(sink: InstanceSink) {
  let known: ReadonlyMap<string, ObservedInstance> | null = null;
  let names = '';
  return {
    nodes(nodes: ReadonlySet<string>): void {
      const text = [...nodes].sort().join(' ');
      if (text === names) return;
      names = text;
      sink.nodes(nodes);
    },
    all(now: ReadonlyMap<string, ObservedInstance>, since: number): void {
      const before = known;
      known = now;
      if (before === null) return sink.replaced(now, since);
      for (const id of before.keys()) if (!now.has(id)) sink.changed(id, null);
      for (const [id, observed] of now) {
        if (!isSame(before.get(id), observed)) sink.changed(id, observed);
      }
    },
  };
}

function isSame(before: ObservedInstance | undefined, now: ObservedInstance): boolean {
  return before?.phase === now.phase && before.reason === now.reason && before.incomplete === now.incomplete;
}
