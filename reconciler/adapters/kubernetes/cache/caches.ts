import { untilAborted } from '../../../base/abort-scope.ts';
import { errorMessage } from '../../../base/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import type { Discovery, KindInfo } from '../api/discovery.ts';
import { pathOf } from '../api/discovery.ts';
import type { CacheBounds } from './bounds.ts';
import { createCacheBounds } from './bounds.ts';
import { createClusterOutage } from './cluster-outage.ts';
import type { KindCache } from './kind-cache.ts';
import { createKindCache } from './kind-cache.ts';
import type { LiveObject } from './live-object.ts';
import type { OnObjectEvent } from './object-cache.ts';
import { ownerOf, SELECTOR } from './live-object.ts';
import { readObject } from '../api/read-object.ts';

export interface CachesOptions {
  readonly name: string;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly discovery: Discovery;
  readonly bounded: <T, R>(items: readonly T[], work: (item: T) => Promise<R>) => Promise<R[]>;
  /** Ends every watch. */
  readonly signal: AbortSignal;
}

/** The watched objects of a cluster. */
export interface ObjectCaches {
  /** Objects of ours of one kind. Watched from now on. */
  cache(kind: KindInfo): KindCache;
  /**
   * Resolves once what is ours of a kind is known, in the namespace where not everywhere may be looked. A kind that the cluster does
   * not know any more holds nothing.
   */
  watchKind(kind: KindInfo, signal: AbortSignal, namespace?: string): Promise<void>;
  /** A namespace, ours or not; `unknown` for an account that may not ask. */
  namespace(name: string, signal: AbortSignal): Promise<LiveObject | 'unknown' | undefined>;
  /** Takes in what a write was answered with, ours or not: whoever looks next sees it. */
  wrote(kind: KindInfo, object: LiveObject): void;
  /**
   * Caches of all kinds that hold something of ours; the whole cluster is looked through when asked for the first time. Where
   * that is not allowed, the given namespaces are.
   *
   * @param only caches of these kinds. Default: of all
   */
  owned(
    signal: AbortSignal,
    namespaces?: readonly string[],
    only?: (kind: KindInfo) => boolean,
  ): Promise<readonly KindCache[]>;
  /** Returns the caches that are there by now. */
  open(): readonly KindCache[];
  /** Begins to watch what is ours, trying until the cluster answers. */
  keepLooking(signal: AbortSignal): Promise<void>;
  subscribe(listener: OnObjectEvent): () => void;
  /** Tells listeners of an object of a stack, as its watch would. */
  readonly announce: OnObjectEvent;
}

function createListeners(): Pick<ObjectCaches, 'subscribe' | 'announce'> {
  const listeners = new Set<OnObjectEvent>();
  return {
    announce: (...event) => listeners.forEach((listener) => listener(...event)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const FIRST_PAUSE_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 30_000;

export function createCaches(given: CachesOptions): ObjectCaches {
  const options = { ...given, bounds: createCacheBounds(given.clock), outage: createClusterOutage() };
  const ours = new Map<string, KindCache>();
  const told = createListeners();
  const onEvent = told.announce;
  function cache(kind: KindInfo): KindCache {
    const path = pathOf(kind);
    const known = ours.get(path) ?? createKindCache({ ...options, kind, selector: SELECTOR, onEvent });
    ours.set(path, known);
    return known;
  }
  const search = createSearch(options, cache);
  const namespaces = createNamespaces(options);
  async function watchKind(kind: KindInfo, signal: AbortSignal, namespace?: string): Promise<void> {
    const one = cache(kind);
    try {
      await one.ready(signal, namespace);
    } catch (error) {
      if (!isApiError(error, 404)) throw error;
      // The definition of its kind is gone, and every object with it.
      one.close();
      ours.delete(pathOf(kind));
      options.discovery.forget(kind.apiVersion);
    }
  }
  const settle = async ({ kind }: KindCache, signal: AbortSignal): Promise<void> => {
    try {
      await watchKind(kind, signal);
    } catch (error) {
      // A kind that may not be listed is told to those who describe something of it.
      if (!isApiError(error, 403)) throw error;
    }
  };
  async function owned(
    signal: AbortSignal,
    namespaces: readonly string[] = [],
    only: (kind: KindInfo) => boolean = () => true,
  ): Promise<readonly KindCache[]> {
    await search(namespaces, signal);
    const wanted = () => [...ours.values()].filter(({ kind }) => only(kind));
    await Promise.all(wanted().map((one) => settle(one, signal)));
    return wanted();
  }
  return {
    cache,
    watchKind,
    namespace: namespaces.find,
    wrote: (kind, object) => {
      if (ownerOf(object)) cache(kind).put(object);
      namespaces.wrote(kind, object);
    },
    owned,
    open: () => [...ours.values()],
    keepLooking: (signal) => keepLooking(options, owned, signal),
    ...told,
  };
}

/** Namespaces are watched like what is ours, or asked for one by one where they may not be listed. */
interface Namespaces {
  readonly find: ObjectCaches['namespace'];
  wrote(kind: KindInfo, object: LiveObject): void;
}

function createNamespaces(options: CachesOptions & { readonly bounds: CacheBounds }): Namespaces {
  const kind = {
    apiVersion: 'v1',
    kind: 'Namespace',
    plural: 'namespaces',
    namespaced: false,
    managed: true,
  };
  let all: KindCache | undefined;
  let listed = true;
  const open = () =>
    (all ??= createKindCache({ ...options, kind, selector: null, onEvent: () => undefined }));
  async function find(name: string, signal: AbortSignal): Promise<LiveObject | 'unknown' | undefined> {
    try {
      const known = open();
      if (listed) {
        await known.ready(signal);
        return known.get(name);
      }
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      listed = false;
      all?.close();
    }
    try {
      return await readObject(options, pathOf(kind, { name }), signal);
    } catch (error) {
      if (isApiError(error, 403)) return 'unknown';
      throw error;
    }
  }
  return {
    find,
    wrote({ kind: name, apiVersion }, object) {
      if (name === kind.kind && apiVersion === kind.apiVersion) open().put(object);
    },
  };
}

/** Kinds that are watched: each has a connection of its own. */
const MAX_WATCHED = 500;

/** Opens the caches of kinds that hold something of ours. Each place is looked through once. */
function createSearch(
  { client, discovery, bounded, signal: ending }: CachesOptions,
  cache: (kind: KindInfo) => KindCache,
): (namespaces: readonly string[], signal: AbortSignal) => Promise<void> {
  const searched = new Map<string, Promise<void>>();
  /** Kinds that may not be listed in the whole cluster. */
  let hidden: readonly KindInfo[] = [];
  async function everywhere(): Promise<void> {
    const kinds = await discovery.all(ending);
    const found = await bounded(kinds, (kind) => lookInto(client, kind, { signal: ending }));
    const some = kinds.filter((_, index) => found[index] === 'some');
    if (some.length > MAX_WATCHED)
      throw new Error(`it has objects of ours of more than ${MAX_WATCHED} kinds`);
    for (const kind of some) cache(kind);
    hidden = kinds.filter((kind, index) => kind.namespaced && found[index] === 'forbidden');
  }
  async function inside(namespace: string): Promise<void> {
    await bounded(hidden, async (kind) => {
      if ((await lookInto(client, kind, { namespace, signal: ending })) !== 'some') return;
      await cache(kind).ready(ending, namespace);
    });
  }
  /** Goes on for the others when one of those who wait for it gives up. */
  async function once(place: string, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
    const looking = searched.get(place) ?? run();
    searched.set(place, looking);
    looking.catch(() => searched.delete(place));
    await untilAborted(looking, signal);
  }
  return async (namespaces, signal) => {
    await once('', signal, everywhere);
    if (hidden.length === 0) return;
    for (const one of namespaces) await once(one, signal, () => inside(one));
  };
}

async function keepLooking(
  { name, clock, logger }: CachesOptions,
  owned: ObjectCaches['owned'],
  signal: AbortSignal,
): Promise<void> {
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, MAX_RECONNECT_PAUSE_MS)) {
    try {
      await owned(signal);
      return;
    } catch (error) {
      logger.debug({ target: name, error: errorMessage(error) }, 'a cluster cannot be watched');
      await clock.sleep(pause * (0.5 + clock.random() / 2), signal).catch(() => undefined);
    }
  }
}

/** Tells whether there is at least one object of ours. We cannot have made what we may not list anywhere. */
async function lookInto(
  client: ApiClient,
  kind: KindInfo,
  { namespace, signal }: { readonly namespace?: string; readonly signal: AbortSignal },
): Promise<'some' | 'none' | 'forbidden'> {
  try {
    const query = { limit: 1, labelSelector: SELECTOR };
    const path = pathOf(kind, namespace === undefined ? {} : { namespace });
    const { body } = await client.request({ method: 'GET', path, query, signal });
    return typeof body === 'object' && body !== null && 'items' in body && isFilled(body.items)
      ? 'some'
      : 'none';
  } catch (error) {
    if (isApiError(error, 403)) return 'forbidden';
    if ([404, 405, 503].some((status) => isApiError(error, status))) return 'none';
    throw error;
  }
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
