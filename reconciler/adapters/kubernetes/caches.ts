import { errorMessage } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { isApiError } from './api-error.ts';
import type { ApiClient } from './client.ts';
import type { Discovery, KindInfo } from './discovery.ts';
import { pathOf } from './discovery.ts';
import { SELECTOR } from './live-object.ts';
import type { ObjectCache } from './object-cache.ts';
import { createObjectCache } from './object-cache.ts';

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

/** What is watched of a cluster. */
export interface ObjectCaches {
  /** Objects of ours of one kind. Watched from now on. */
  cache(kind: KindInfo): ObjectCache;
  /** Every namespace, ours or not. */
  namespaces(signal: AbortSignal): Promise<ObjectCache>;
  /** Caches of all kinds that hold something of ours; the whole cluster is looked through when asked for the first time. */
  owned(signal: AbortSignal): Promise<readonly ObjectCache[]>;
  /** Those that are there by now. */
  open(): readonly ObjectCache[];
  /** Begins to watch what is ours, trying until the cluster answers. */
  keepLooking(signal: AbortSignal): Promise<void>;
  subscribe(listener: (stack: string | null) => void): () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };

export function createCaches(options: CachesOptions): ObjectCaches {
  const ours = new Map<string, ObjectCache>();
  const listeners = new Set<(stack: string | null) => void>();
  let spaces: ObjectCache | undefined;
  let swept: Promise<void> | undefined;
  const onEvent = (stack: string | null): void => {
    for (const listener of listeners) listener(stack);
  };
  function cache(kind: KindInfo): ObjectCache {
    const path = pathOf(kind);
    const known = ours.get(path) ?? createObjectCache({ ...options, kind, selector: SELECTOR, onEvent });
    ours.set(path, known);
    return known;
  }
  async function owned(signal: AbortSignal): Promise<readonly ObjectCache[]> {
    const sweeping = (swept ??= sweep(options, cache, signal));
    sweeping.catch(() => (swept = undefined));
    await sweeping;
    const all = [...ours.values()];
    await Promise.all(all.map((one) => one.ready(signal)));
    return all;
  }
  return {
    cache,
    async namespaces(signal) {
      const kind = { ...NAMESPACE, managed: true };
      spaces ??= createObjectCache({ ...options, kind, selector: null, onEvent: () => undefined });
      await spaces.ready(signal);
      return spaces;
    },
    owned,
    open: () => [...ours.values()],
    keepLooking: (signal) => keepLooking(options, owned, signal),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function sweep(
  { client, discovery, bounded }: CachesOptions,
  cache: (kind: KindInfo) => ObjectCache,
  signal: AbortSignal,
): Promise<void> {
  const kinds = await discovery.all(signal);
  const held = await bounded(kinds, (kind) => holdsSome(client, kind, signal));
  for (const [index, kind] of kinds.entries()) if (held[index] === true) cache(kind);
}

async function keepLooking(
  { name, clock, logger }: CachesOptions,
  owned: ObjectCaches['owned'],
  signal: AbortSignal,
): Promise<void> {
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await owned(signal);
      return;
    } catch (error) {
      logger.debug({ target: name, error: errorMessage(error) }, 'a cluster cannot be watched');
      await clock.sleep(pause * (0.5 + clock.random() / 2), signal).catch(() => undefined);
    }
  }
}

/** Whether there is at least one object of ours. What we may not list we cannot have made. */
async function holdsSome(client: ApiClient, kind: KindInfo, signal: AbortSignal): Promise<boolean> {
  try {
    const query = { limit: 1, labelSelector: SELECTOR };
    const { body } = await client.request({ method: 'GET', path: pathOf(kind), query, signal });
    return typeof body === 'object' && body !== null && 'items' in body && isFilled(body.items);
  } catch (error) {
    if ([403, 404, 405, 503].some((status) => isApiError(error, status))) return false;
    throw error;
  }
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
