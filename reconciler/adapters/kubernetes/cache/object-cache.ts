import { createAbortScope } from '../../../base/abort-scope.ts';
import { parseJsonWithin } from '../../../base/bytes.ts';
import { errorMessage } from '../../../base/errors.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { ApiError, isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { MAX_LINE_VALUES } from '../api/client.ts';
import type { KindInfo } from '../api/discovery.ts';
import { pathOf } from '../api/discovery.ts';
import { othersEntries } from '../ownership.ts';
import type { LiveObject } from './live-object.ts';
import { isDerived, isLiveObject, keyOf, ownerOf } from './live-object.ts';
import type { Sync } from './sync.ts';
import { createSync } from './sync.ts';

/**
 * @param stack something happened to it; `null`: things may have been missed
 * @param freed path of an object that is gone, and its name free; or of a Service, whose ports may be
 */
export type OnObjectEvent = (stack: string | null, freed?: string) => void;

export interface ObjectCacheOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly kind: KindInfo;
  /** Only objects in it. Default: of the whole cluster. */
  readonly namespace?: string;
  /** Only objects with these labels; `null`: all of them. */
  readonly selector: string | null;
  readonly onEvent: OnObjectEvent;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** The objects of one kind as a watch keeps them. */
export interface ObjectCache {
  readonly kind: KindInfo;
  /** Resolves once the objects are known and the server is there. Throws what the server answered, or what kept it from answering. */
  ready(signal: AbortSignal): Promise<void>;
  get(key: string): LiveObject | undefined;
  ofStack(stack: string): Iterable<LiveObject>;
  all(): Iterable<LiveObject>;
  /** Takes in what a write was answered with, so that the next look sees it before the watch tells. */
  put(object: LiveObject): void;
  /** Takes out what was found to be gone. */
  drop(object: LiveObject): void;
}

const OBJECTS_PER_PAGE = 500;
/** The server ends a watch after so many seconds; a healthy one is opened again at once. */
const WATCH_SECONDS = 290;
/** Time that a watch that goes on may take to say that it cannot. */
const SETTLE_MS = 50;
const FIRST_PAUSE_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 30_000;

/** Lists the objects, then watches from there; resumes where it was cut off, lists again when that is too long ago (410). */
export function createObjectCache(options: ObjectCacheOptions): ObjectCache {
  const store = createStore();
  const sync = createSync();
  run(options, store, sync).catch((error: unknown) => sync.fail(error));
  return { kind: options.kind, ready: (signal) => sync.ready(signal), ...store.reading };
}

interface Store {
  readonly reading: Omit<ObjectCache, 'kind' | 'ready'>;
  /** Puts a whole list in place of everything but what was written after it. */
  replace(objects: readonly LiveObject[], version: string): void;
  /** Takes in what the watch tells. */
  saw(object: LiveObject): void;
}

/** Objects that were found to be gone and are remembered as such. */
const MAX_GONE = 1_000;

function createStore(): Store {
  const objects = new Map<string, LiveObject>();
  const byStack = new Map<string, Set<string>>();
  const writes = createWrites();
  function take(object: LiveObject): void {
    const known = objects.get(keyOf(object.metadata));
    if (!writes.isGone(object) && (!known || !isOlder(object, known))) insert(object);
  }
  function remove(key: string): void {
    const stack = stackOf(objects.get(key));
    objects.delete(key);
    if (stack === undefined) return;
    const keys = byStack.get(stack);
    keys?.delete(key);
    if (keys?.size === 0) byStack.delete(stack);
  }
  function insert(object: LiveObject): void {
    const key = keyOf(object.metadata);
    remove(key);
    objects.set(key, object);
    const stack = stackOf(object);
    if (stack === undefined) return;
    const keys = byStack.get(stack) ?? new Set();
    keys.add(key);
    byStack.set(stack, keys);
  }
  return {
    replace(list, version) {
      objects.clear();
      byStack.clear();
      for (const object of list) take(object);
      for (const object of writes.after(version)) take(object);
    },
    saw: take,
    reading: {
      get: (key) => objects.get(key),
      *ofStack(stack) {
        for (const key of byStack.get(stack) ?? []) {
          const object = objects.get(key);
          if (object) yield object;
        }
      },
      all: () => objects.values(),
      put(object) {
        writes.wrote(object);
        take(object);
      },
      drop(object) {
        const { metadata } = object;
        const key = keyOf(metadata);
        writes.removed(object);
        // An object of the same name that was made since stays.
        if (objects.get(key)?.metadata.uid === metadata.uid) remove(key);
      },
    },
  };
}

/** Writes of ours that a list or a watch may not know of yet. */
interface Writes {
  wrote(object: LiveObject): void;
  removed(object: LiveObject): void;
  /** Tells whether it was found to be gone: whatever still tells of it is old. */
  isGone(object: LiveObject): boolean;
  /** Returns what was written after a list was made; the rest is forgotten, the list has it. */
  after(version: string): readonly LiveObject[];
}

function createWrites(): Writes {
  const written = new Map<string, LiveObject>();
  /** Ids of objects; no other object ever has one of them. */
  const gone = new Set<string>();
  return {
    wrote: (object) => void written.set(keyOf(object.metadata), object),
    removed({ metadata }) {
      const key = keyOf(metadata);
      gone.add(metadata.uid);
      for (const first of gone) if (gone.size > MAX_GONE) gone.delete(first);
      if (written.get(key)?.metadata.uid === metadata.uid) written.delete(key);
    },
    isGone: ({ metadata }) => gone.has(metadata.uid),
    after(version) {
      for (const [key, { metadata }] of written)
        if (Number(metadata.resourceVersion) <= Number(version)) written.delete(key);
      return [...written.values()];
    },
  };
}

function stackOf(object: LiveObject | undefined): string | undefined {
  return object === undefined ? undefined : ownerOf(object)?.stack;
}

/** Versions grow; those of a server that writes them otherwise compare as equal. */
function isOlder(a: LiveObject, b: LiveObject): boolean {
  return Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}

async function run(options: ObjectCacheOptions, store: Store, sync: Sync): Promise<void> {
  const { signal, logger, kind } = options;
  const progress: Progress = { version: null, listed: false, failures: 0 };
  while (!signal.aborted) {
    try {
      await follow(options, store, { progress, onOpen: sync.live });
    } catch (error) {
      if (signal.aborted) break;
      if (isApiError(error, 410)) {
        progress.version = null;
        sync.stale();
        continue;
      }
      progress.failures++;
      sync.fail(error);
      logger.debug({ kind: kind.kind, error: errorMessage(error) }, 'a watch was interrupted');
      await rest(options, sync, progress.failures);
    }
  }
  sync.fail(signal.reason);
}

interface Progress {
  /** Seen so far; `null`: nothing that a watch could go on from. */
  version: string | null;
  listed: boolean;
  failures: number;
}

/** One watch, with a list before it where one is needed. */
async function follow(
  options: ObjectCacheOptions,
  store: Store,
  { progress, onOpen }: { readonly progress: Progress; readonly onOpen: () => void },
): Promise<void> {
  const { clock, signal, onEvent } = options;
  const fresh = progress.version === null;
  if (progress.version === null) {
    progress.version = await list(options, store);
    if (progress.listed) onEvent(null);
    progress.listed = true;
  }
  const started = clock.elapsed();
  const resumed = progress.failures > 0 || !fresh;
  for await (const seen of watch(options, store, { version: progress.version, resumed, onOpen })) {
    progress.version = seen;
    progress.failures = 0;
  }
  // A server that hangs up at once is not asked again at once.
  if (clock.elapsed() - started < FIRST_PAUSE_MS) await clock.sleep(FIRST_PAUSE_MS, signal);
}

/** Waits before the next attempt, unless somebody wants to know now. */
async function rest({ clock, signal }: ObjectCacheOptions, sync: Sync, failures: number): Promise<void> {
  const ceiling = Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_RECONNECT_PAUSE_MS);
  using pause = createAbortScope({ signals: [signal] });
  const sleep = clock.sleep(ceiling * (0.5 + clock.random() / 2), pause.signal);
  await Promise.race([sleep.catch(() => undefined), sync.wanted()]);
  pause.abort();
}

function placeOf({ kind, namespace }: ObjectCacheOptions): string {
  return pathOf(kind, namespace === undefined ? {} : { namespace });
}

/** More pages than any cluster has objects for. */
const MAX_PAGES = 2_000;

/** @returns the version that the list stands for */
async function list(options: ObjectCacheOptions, store: Store): Promise<string> {
  const { client, kind, selector, signal } = options;
  const objects: LiveObject[] = [];
  let next: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const query = { limit: OBJECTS_PER_PAGE, continue: next, labelSelector: selector ?? undefined };
    const { body } = await client.request({ method: 'GET', path: placeOf(options), query, signal });
    const fields = asFields(body) ?? {};
    for (const item of asList(fields['items']) ?? []) {
      const object = { apiVersion: kind.apiVersion, kind: kind.kind, ...asFields(item) };
      if (isLiveObject(object)) objects.push(slim(object));
    }
    const metadata = asFields(fields['metadata']) ?? {};
    next = asString(metadata['continue']) || undefined;
    if (next !== undefined) continue;
    const version = asString(metadata['resourceVersion']) ?? '0';
    store.replace(objects, version);
    return version;
  }
  throw new Error(`its list of ${kind.kind} has no end`);
}

/** Leaves out half of a typical object: who owns which field is read of others than us only, and only in objects of ours. */
function slim(object: LiveObject): LiveObject {
  const { managedFields: _all, ...metadata } = object.metadata;
  const others = ownerOf(object) === null ? null : othersEntries(object);
  return { ...object, metadata: others === null ? metadata : { ...metadata, managedFields: others } };
}

interface WatchStart {
  readonly version: string;
  /** It goes on from a version that the server may have forgotten. */
  readonly resumed: boolean;
  readonly onOpen: () => void;
}

/**
 * Opens after a while without a refusal: a server says in its first line, right after the answer has begun, that a version is forgotten.
 */
function openSoon(clock: Clock, signal: AbortSignal, onOpen: () => void): void {
  clock.sleep(SETTLE_MS, signal).then(onOpen, () => undefined);
}

/** Yields the version that has been seen so far. Ends when the server ends it, throws an ApiError 410 when it cannot go on. */
async function* watch(
  options: ObjectCacheOptions,
  store: Store,
  { version, resumed, onOpen }: WatchStart,
): AsyncGenerator<string> {
  const { client, clock, kind, selector, signal, onEvent } = options;
  const query = {
    watch: 1,
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: WATCH_SECONDS,
    labelSelector: selector ?? undefined,
  };
  // A connection that broke without a word does not last much longer than the server would have let it.
  using limit = createAbortScope({ signals: [signal], timeoutMs: (WATCH_SECONDS + 30) * 1_000 });
  const lines = await client.lines({ path: placeOf(options), query, signal: limit.signal });
  using opening = createAbortScope({ signals: [limit.signal] });
  if (!resumed) onOpen();
  else openSoon(clock, opening.signal, onOpen);
  yield version;
  try {
    for await (const line of lines) {
      if (!opening.signal.aborted) opening.abort();
      const event = asFields(parseJsonWithin(line, MAX_LINE_VALUES)) ?? {};
      const object = asFields(event['object']);
      if (event['type'] === 'ERROR') throw new ApiError(Number(object?.['code']), object, 'the watch ended');
      onOpen();
      if (event['type'] === 'BOOKMARK') {
        yield asString(asFields(object?.['metadata'])?.['resourceVersion']) ?? version;
        continue;
      }
      if (!isLiveObject(object)) continue;
      const before = store.reading.get(keyOf(object.metadata));
      const isGone = event['type'] === 'DELETED';
      if (isGone) store.reading.drop(object);
      else store.saw(slim(object));
      const freed = isGone || kind.kind === 'Service' ? pathOf(kind, object.metadata) : undefined;
      // Objects that a controller makes of ours, and writes each time that a pod becomes ready, say nothing that ours do not.
      if (!isDerived(object)) onEvent(stackOf(object) ?? stackOf(before) ?? null, freed);
      yield object.metadata.resourceVersion;
    }
  } finally {
    opening.abort();
  }
}
