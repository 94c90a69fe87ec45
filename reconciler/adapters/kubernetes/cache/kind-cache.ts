import { createAbortScope } from '../../../base/abort-scope.ts';
import { isApiError } from '../api/api-error.ts';
import type { LiveObject } from './live-object.ts';
import type { ObjectCache, ObjectCacheOptions } from './object-cache.ts';
import { createObjectCache } from './object-cache.ts';

/**
 * Objects of one kind: of the whole cluster, or, for an account that may look into namespaces only, of those namespaces that
 * somebody has asked about.
 */
export interface KindCache extends ObjectCache {
  /**
   * Resolves once the objects are known.
   *
   * @param namespace without it, as far as they may be known. Throws ApiError 403 with it when even there they may not be listed.
   */
  ready(signal: AbortSignal, namespace?: string): Promise<void>;
  /** Ends its watches. */
  close(): void;
}

export function createKindCache(options: Omit<ObjectCacheOptions, 'namespace'>): KindCache {
  const { kind } = options;
  const closing = createAbortScope({ signals: [options.signal] });
  const { signal } = closing;
  const ending = createAbortScope({ signals: [signal] });
  const wide = createObjectCache({ ...options, signal: ending.signal });
  const narrow = new Map<string, ObjectCache>();
  let isWide = true;
  const parts = (): readonly ObjectCache[] => (isWide ? [wide] : [...narrow.values()]);
  function inside(namespace: string): ObjectCache {
    const known = narrow.get(namespace) ?? createObjectCache({ ...options, namespace, signal });
    narrow.set(namespace, known);
    return known;
  }
  function partOf({ metadata }: LiveObject): ObjectCache {
    return isWide || metadata.namespace === undefined ? wide : inside(metadata.namespace);
  }
  return {
    kind,
    async ready(caller, namespace) {
      try {
        if (isWide) return await wide.ready(caller);
      } catch (error) {
        if (!isApiError(error, 403) || !kind.namespaced) throw error;
        isWide = false;
        ending.abort();
      }
      const wanted = namespace === undefined ? [...narrow.values()] : [inside(namespace)];
      await Promise.all(wanted.map((one) => one.ready(caller)));
    },
    get: (key) =>
      parts()
        .map((one) => one.get(key))
        .find((found) => found !== undefined),
    ended: (key) =>
      parts()
        .map((one) => one.ended(key))
        .find((found) => found !== undefined),
    *ofStack(stack) {
      for (const one of parts()) yield* one.ofStack(stack);
    },
    *all() {
      for (const one of parts()) yield* one.all();
    },
    put: (object) => partOf(object).put(object),
    drop: (object) => partOf(object).drop(object),
    close: () => closing.abort(),
  };
}
