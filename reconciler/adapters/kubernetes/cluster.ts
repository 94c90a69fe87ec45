import { objectSpecOf, qualifiedKind } from '../../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource, DryRun, ResourceId } from '../../model/resource.ts';
import { Secret } from '../../model/secret.ts';
import type { AwaitedNames } from '../../model/awaited-names.ts';
import { createAwaitedNames } from '../../model/awaited-names.ts';
import { asFields, asText } from '../../base/values.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CachesOptions, ObjectCaches } from './cache/caches.ts';
import { createCaches } from './cache/caches.ts';
import type { ApiClient } from './api/client.ts';
import type { KindInfo } from './api/discovery.ts';
import { createDiscovery } from './api/discovery.ts';
import type { LiveObject } from './cache/live-object.ts';
import { idOf, ownerOf, placeOf } from './cache/live-object.ts';
import type { KeptObjects } from './cache/object-store.ts';
import { createWorkers } from './workloads/workers.ts';

/** Values of a stack that are remembered. */
const MAX_VALUES_KEPT = 500;

export { readObject } from './api/read-object.ts';

export interface ClusterOptions extends Pick<CachesOptions, 'client' | 'clock' | 'logger'> {
  readonly name: string;
  /** Requests at a time. Default 12. */
  readonly concurrency?: number;
}

/** An answer of a dry run, and what it was given for. */
export interface KnownDryRun {
  readonly basis: string;
  readonly dryRun: DryRun;
}

/** The things that every part of the Kubernetes target works with. */
export interface Cluster extends ObjectCaches {
  readonly name: string;
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Answers of dry runs by resource. */
  readonly dryRuns: Map<string, KnownDryRun>;
  /** Paths of objects of others whose names, or ports, stacks wait for. */
  readonly awaited: AwaitedNames;
  /** Paths where nothing was, and when that was seen (milliseconds). */
  readonly vacant: Map<string, number>;
  /** Objects that a replace has taken away, or an update has changed, until it is settled. */
  readonly replaced: Map<string, LiveObject>;
  /** Ports of the nodes that Services have let go of until they are applied, by resource, `{ "80/TCP": 31000 }` for each of their ports. */
  readonly releasedPorts: Map<string, ReadonlyMap<string, number>>;
  /** Jobs that run once for this process, by uid. */
  readonly oneOffs: Set<string>;
  /** Runs with a bound on how many run at a time. */
  readonly bounded: <T, R>(items: readonly T[], work: (item: T) => Promise<R>) => Promise<R[]>;
  kindOf(desired: DesiredResource, signal: AbortSignal): Promise<KindInfo | undefined>;
  kindOfLive(live: LiveObject, signal: AbortSignal): Promise<KindInfo | undefined>;
  kindNamed(apiVersion: string, kind: string, signal: AbortSignal): Promise<KindInfo | undefined>;
  find(stack: string, id: ResourceId, signal: AbortSignal): Promise<LiveObject | undefined>;
  /** Finds the last state of a job that the cluster took away when its work was done. */
  findEnded(stack: string, id: ResourceId, signal: AbortSignal): Promise<LiveObject | undefined>;
  /** Values that the Secrets of a stack have, and had since this process looks on, with their lines, in clear. Never printed. */
  secretsOf(stack: string): readonly string[];
  close(): void;
}

export function createCluster({ name, concurrency = 12, ...options }: ClusterOptions): Cluster {
  const { client, clock } = options;
  const closing = new AbortController();
  const bounded = createWorkers(concurrency);
  const discovery = createDiscovery(client);
  const caches = createCaches({ ...options, name, discovery, bounded, signal: closing.signal });
  const given = new Map<string, readonly string[]>();
  async function findIn(
    stack: string,
    id: ResourceId,
    signal: AbortSignal,
    read: (cache: KeptObjects, key: string) => LiveObject | undefined,
  ): Promise<LiveObject | undefined> {
    const [, kind, ...rest] = id.split('/');
    // An object without namespace may be described in one: its key is the end of its name then.
    const keys = rest.map((_, index) => rest.slice(index).join('/'));
    for (const one of await caches.owned(signal, [], (each) => qualifiedKind(each) === kind)) {
      for (const key of keys) {
        const object = read(one, key);
        // The name of a node says nothing about what stands there.
        if (object && ownerOf(object)?.stack === stack && placeOf(idOf(object, name).id) === placeOf(id))
          return object;
      }
    }
    return undefined;
  }
  return {
    ...caches,
    name,
    client,
    clock,
    bounded,
    dryRuns: new Map(),
    awaited: createAwaitedNames(),
    vacant: new Map(),
    replaced: new Map(),
    releasedPorts: new Map(),
    oneOffs: new Set(),
    kindOf(desired, signal) {
      const { apiVersion, kind } = objectSpecOf(desired);
      return discovery.find(apiVersion, kind, signal);
    },
    kindOfLive: ({ apiVersion, kind }, signal) => discovery.find(apiVersion, kind, signal),
    kindNamed: (apiVersion, kind, signal) => discovery.find(apiVersion, kind, signal),
    find: (stack, id, signal) => findIn(stack, id, signal, (one, key) => one.get(key)),
    findEnded: (stack, id, signal) => findIn(stack, id, signal, (one, key) => one.ended(key)),
    secretsOf(stack) {
      const secrets = caches.open().filter(({ kind }) => kind.kind === 'Secret');
      const now = secrets.flatMap((one) => [...one.ofStack(stack)].flatMap(valuesOf));
      // Pods that were given an old one may still be talking.
      const all = [...new Set([...now, ...(given.get(stack) ?? [])])].slice(0, MAX_VALUES_KEPT);
      given.set(stack, all);
      return all;
    },
    close() {
      closing.abort();
      client.close();
    },
  };
}

function valuesOf({ data }: LiveObject): readonly string[] {
  const values = Object.values(asFields(data) ?? {}).map((value) => Buffer.from(asText(value), 'base64'));
  return values.flatMap((value) => new Secret(value, 'the cluster').texts());
}
