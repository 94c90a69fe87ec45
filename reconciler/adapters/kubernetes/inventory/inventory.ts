import { createAbortScope } from '../../../base/abort-scope.ts';
import { errorMessage } from '../../../base/errors.ts';
import { asFields, asNumber, asString, compareText, own } from '../../../base/values.ts';
import { createTextMask } from '../../../model/secret.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { KeepsInventory, ObjectEvent, SeenObject } from '../../../ports/inventory/inventory.ts';
import { createTeller } from '../../../ports/inventory/teller.ts';
import type { KindInfo } from '../api/discovery.ts';
import { createCacheBounds } from '../cache/bounds.ts';
import type { KindCache } from '../cache/kind-cache.ts';
import { createKindCache } from '../cache/kind-cache.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { ownerOf } from '../cache/live-object.ts';
import type { Cluster } from '../cluster.ts';
import { keepLittle } from './kept-fields.ts';
import { ownersOf, toSeenObject } from './seen-object.ts';

/** Kinds that are watched of others: what controllers make of ours, where it runs, and what is said of it. */
const PODS: KindInfo = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, managed: true };
const EVENTS: KindInfo = { ...PODS, kind: 'Event', plural: 'events' };
const WATCHED: readonly KindInfo[] = [
  PODS,
  { ...PODS, kind: 'Node', plural: 'nodes', namespaced: false },
  { ...PODS, apiVersion: 'apps/v1', kind: 'ReplicaSet', plural: 'replicasets' },
  { ...PODS, apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs' },
];
/** Memory for what is watched of others, apart from what deployments need. */
const MAX_WEIGHT = 128 * 1024 ** 2;
const MAX_EVENTS_WEIGHT = 32 * 1024 ** 2;
/** Time that what is watched of others may take to come before the rest is told without it. */
const SETTLE_MS = 4_000;
const MAX_EVENTS_SHOWN = 50;

export function createInventory(cluster: Cluster, logger: Logger): KeepsInventory {
  let events: KindCache | null = null;
  let stacks: ReadonlyMap<string, string> = new Map();
  return {
    async inventory(sink, signal) {
      using ending = createAbortScope({ signals: [signal] });
      const teller = createTeller({ sink, signal, clock: cluster.clock });
      const others = openOthers({ cluster, logger, signal: ending.signal }, teller.changed);
      events = others.events;
      const unsubscribe = cluster.subscribe(teller.changed);
      const known: Known = new WeakMap();
      try {
        await teller.run(async () => {
          const owned = await cluster.owned(signal);
          await others.settle(owned);
          const seen = listAll(cluster, { owned, others: others.caches, known });
          stacks = new Map(seen.flatMap(({ uid, stack }) => (stack === null ? [] : [[uid, stack]])));
          return seen;
        });
      } finally {
        unsubscribe();
        ending.abort();
      }
    },
    eventsOf(uid) {
      const found = events === null ? [] : readEvents(events, uid);
      const stack = stacks.get(uid);
      if (stack === undefined || found.length === 0) return found;
      const mask = createTextMask(cluster.secretsOf(stack));
      return found.map((event) => ({ ...event, message: mask(event.message).slice(0, MAX_EVENT_TEXT) }));
    },
  };
}

/** Caches of what is not ours. */
interface Others {
  readonly caches: readonly KindCache[];
  readonly events: KindCache;
  /** Has them look where ours are, and waits for the first time that they do, a while. */
  settle(owned: readonly KindCache[]): Promise<void>;
}

interface OthersParts {
  readonly cluster: Cluster;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

function openOthers({ cluster, logger, signal }: OthersParts, onChange: () => void): Others {
  const { client, clock } = cluster;
  const common = { client, clock, logger, signal, selector: null, onEvent: onChange };
  const little = { ...common, keep: keepLittle, givesUp: true };
  const bounds = createCacheBounds(clock, MAX_WEIGHT);
  const open = (kind: KindInfo) => createKindCache({ ...little, bounds, kind });
  const caches = WATCHED.map(open);
  // Nothing that is listed changes with them.
  const events = createKindCache({
    ...little,
    onEvent: () => undefined,
    bounds: createCacheBounds(clock, MAX_EVENTS_WEIGHT),
    kind: EVENTS,
  });
  const asked = new Set<string | undefined>();
  async function look(cache: KindCache, namespace: string | undefined): Promise<void> {
    try {
      await cache.ready(signal, namespace);
      onChange();
    } catch (error) {
      const { kind } = cache.kind;
      logger.debug({ target: cluster.name, kind, error: errorMessage(error) }, 'a kind is not watched');
    }
  }
  return {
    caches,
    events,
    async settle(owned) {
      const isFirst = asked.size === 0;
      const places = [undefined, ...namespacesOf(owned)].filter((place) => !asked.has(place));
      const looks = places.flatMap((place) => [...caches, events].map((cache) => look(cache, place)));
      for (const place of places) asked.add(place);
      if (!isFirst) return;
      using limit = createAbortScope({ signals: [signal] });
      const pause = clock.sleep(SETTLE_MS, limit.signal).catch(() => undefined);
      await Promise.race([Promise.all(looks), pause]);
      limit.abort();
    },
  };
}

/** Accounts that may not look everywhere look where something of ours is. */
function namespacesOf(owned: readonly KindCache[]): readonly string[] {
  const all = owned.flatMap((cache) => [...cache.all()].flatMap(({ metadata }) => metadata.namespace ?? []));
  return [...new Set(all)].slice(0, MAX_NAMESPACES);
}

/** Each has connections of its own where not everywhere may be looked. */
const MAX_NAMESPACES = 50;

type Known = WeakMap<LiveObject, SeenObject>;

/** Made by the cluster for each Service; they say nothing that it does not. */
const LEFT_OUT: ReadonlySet<string> = new Set(['Endpoints', 'EndpointSlice', 'ControllerRevision']);

/** Lists what is ours, what was made of it, and the nodes. */
function listAll(
  cluster: Cluster,
  {
    owned,
    others,
    known,
  }: {
    readonly owned: readonly KindCache[];
    readonly others: readonly KindCache[];
    readonly known: Known;
  },
): readonly SeenObject[] {
  const all = new Map<string, LiveObject>();
  for (const cache of [...owned, ...others]) {
    for (const object of cache.all()) if (!all.has(object.metadata.uid)) all.set(object.metadata.uid, object);
  }
  const stackOf = createStackFinder(all);
  const now = cluster.clock.now();
  const maskOf = createMasks(cluster);
  const seen: SeenObject[] = [];
  for (const object of all.values()) {
    const stack = stackOf(object);
    if ((stack === null && object.kind !== 'Node') || LEFT_OUT.has(object.kind)) continue;
    const before = known.get(object);
    const one = before?.stack === stack ? before : toSeenObject(object, { stack, now, mask: maskOf(stack) });
    known.set(object, one);
    seen.push(one);
  }
  return seen;
}

/** Masks by stack. Messages of pods may hold what these were given: output of a probe, words of a program that could not be started. */
function createMasks(cluster: Cluster): (stack: string | null) => (text: string) => string {
  const masks = new Map<string, (text: string) => string>();
  return (stack) => (text) => {
    if (stack === null) return text;
    const mask = masks.get(stack) ?? createTextMask(cluster.secretsOf(stack));
    masks.set(stack, mask);
    return mask(text);
  };
}

/** Owners of owners that are looked at: a pod, its Job, the CronJob. */
const MAX_DEPTH = 5;

function createStackFinder(all: ReadonlyMap<string, LiveObject>): (object: LiveObject) => string | null {
  const find = (object: LiveObject, depth: number): string | null => {
    const own = ownerOf(object)?.stack;
    if (own !== undefined) return own;
    if (depth === MAX_DEPTH) return null;
    for (const { uid } of ownersOf(object)) {
      const owner = all.get(uid);
      const stack = owner === undefined ? null : find(owner, depth + 1);
      if (stack !== null) return stack;
    }
    return null;
  };
  return (object) => find(object, 0);
}

function readEvents(events: KindCache, uid: string): readonly ObjectEvent[] {
  const found: ObjectEvent[] = [];
  for (const event of events.all()) {
    if (asFields(event['involvedObject'])?.['uid'] === uid) found.push(toEvent(event));
  }
  return found.sort((a, b) => compareText(b.lastSeen, a.lastSeen)).slice(0, MAX_EVENTS_SHOWN);
}

function toEvent(event: LiveObject): ObjectEvent {
  const text = (key: string): string => asString(own(event, key)) ?? '';
  const at = text('eventTime') || (asString(event.metadata['creationTimestamp']) ?? '');
  const source = asString(asFields(event['source'])?.['component']) ?? '';
  return {
    type: text('type'),
    reason: text('reason'),
    message: text('message'),
    count: asNumber(event['count']) ?? 1,
    firstSeen: text('firstTimestamp') || at,
    lastSeen: text('lastTimestamp') || at,
    source: source || text('reportingComponent'),
  };
}

const MAX_EVENT_TEXT = 1_000;
