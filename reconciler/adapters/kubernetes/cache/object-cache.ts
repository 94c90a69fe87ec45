import { createAbortScope, untilAborted } from '../../../base/abort-scope.ts';
import { parseJsonWithin } from '../../../base/bytes.ts';
import { errorMessage } from '../../../base/errors.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import { ApiError, isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { MAX_LINE_VALUES } from '../api/client.ts';
import type { KindInfo } from '../api/discovery.ts';
import { pathOf } from '../api/discovery.ts';
import { othersEntries } from '../fields/ownership.ts';
import type { CacheBounds } from './bounds.ts';
import type { ClusterOutage } from './cluster-outage.ts';
import { createClusterOutage } from './cluster-outage.ts';
import { CacheFullError, createCacheBounds, weightOf } from './bounds.ts';
import type { LiveObject } from './live-object.ts';
import { isDerived, isLiveObject, keyOf, ownerOf } from './live-object.ts';
import type { KeptObjects, Store } from './object-store.ts';
import { createStore, stackOf } from './object-store.ts';
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
  /** Shared with other caches of the cluster. Default: its own. */
  readonly bounds?: CacheBounds;
  /** Shared with other caches of the cluster. Default: its own. */
  readonly outage?: ClusterOutage;
  /** True for what nobody has to have: when there is more than can be kept, nothing is, and it is not tried again. Default false. */
  readonly givesUp?: boolean;
  /** Returns what of an object is kept. Default: all but who owns which field. */
  readonly keep?: (object: LiveObject) => LiveObject;
}

/** The objects of one kind as a watch keeps them. */
export interface ObjectCache extends KeptObjects {
  readonly kind: KindInfo;
  /** Resolves once the objects are known and the server is there. Throws what the server answered, or what kept it from answering. */
  ready(signal: AbortSignal): Promise<void>;
}

const OBJECTS_PER_PAGE = 500;
/** The server ends a watch after so many seconds; a healthy one is opened again at once. */
const WATCH_SECONDS = 290;
/** Time that a watch that goes on may take to say that it cannot. */
const SETTLE_MS = 50;
const FIRST_PAUSE_MS = 500;
const MAX_RECONNECT_PAUSE_MS = 30_000;
/** The same for a cluster that does not answer at all. */
const MAX_OUTAGE_PAUSE_MS = 120_000;

/** Lists the objects, then watches from there; resumes where it was cut off, lists again when that is too long ago (410). */
export function createObjectCache(options: ObjectCacheOptions): ObjectCache {
  const bounds = options.bounds ?? createCacheBounds(options.clock);
  const store = createStore(bounds);
  const sync = createSync();
  const outage = options.outage ?? createClusterOutage();
  run({ ...options, bounds, outage }, store, sync)
    .catch((error: unknown) => sync.fail(error))
    .finally(() => outage.leave(sync));
  return { kind: options.kind, ready: (signal) => sync.ready(signal), ...store.reading };
}

type Options = ObjectCacheOptions & { readonly bounds: CacheBounds; readonly outage: ClusterOutage };

async function run(options: Options, store: Store, sync: Sync): Promise<void> {
  const { signal, logger, kind } = options;
  const progress: Progress = {
    version: null,
    listed: false,
    listedAt: Number.NEGATIVE_INFINITY,
    failures: 0,
  };
  const onOpen = () => {
    sync.live();
    options.outage.over();
  };
  while (!signal.aborted) {
    try {
      await follow(options, store, { progress, onOpen });
    } catch (error) {
      if (signal.aborted) break;
      if (options.givesUp === true && error instanceof CacheFullError)
        return giveUp(options, store, sync, error);
      const isForgotten = isApiError(error, 410);
      if (isForgotten) progress.version = null;
      // A server that forgets what it has just listed would be asked again and again without a pause.
      if (isForgotten && options.clock.elapsed() - progress.listedAt > FIRST_PAUSE_MS) {
        progress.listedAt = options.clock.elapsed();
        sync.stale();
        continue;
      }
      progress.failures++;
      sync.fail(error);
      logger.debug({ kind: kind.kind, error: errorMessage(error) }, 'a watch was interrupted');
      await rest(options, sync, progress.failures, error);
    }
  }
  sync.fail(signal.reason);
}

function giveUp({ logger, kind }: Options, store: Store, sync: Sync, error: CacheFullError): void {
  store.replace([], '0');
  sync.fail(error);
  logger.warn({ kind: kind.kind, error: error.message }, 'a kind is not watched any more');
}

interface Progress {
  /** Seen so far; `null`: nothing that a watch could go on from. */
  version: string | null;
  listed: boolean;
  /** When it was listed last, or was to be, by `Clock.elapsed`. */
  listedAt: number;
  failures: number;
}

/** One watch, with a list before it where one is needed. */
async function follow(
  options: Options,
  store: Store,
  { progress, onOpen }: { readonly progress: Progress; readonly onOpen: () => void },
): Promise<void> {
  const { clock, signal, onEvent } = options;
  const fresh = progress.version === null;
  if (progress.version === null) {
    progress.version = await list(options, store);
    progress.listedAt = clock.elapsed();
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
async function rest(options: Options, sync: Sync, failures: number, error: unknown): Promise<void> {
  const { clock, signal, outage } = options;
  const isSilent = !(error instanceof ApiError);
  if (!isSilent) outage.over();
  const most = isSilent ? MAX_OUTAGE_PAUSE_MS : MAX_RECONNECT_PAUSE_MS;
  const ceiling = Math.min(FIRST_PAUSE_MS * 2 ** failures, most);
  using pause = createAbortScope({ signals: [signal] });
  const sleep = clock.sleep(ceiling * (0.5 + clock.random() / 2), pause.signal).catch(() => undefined);
  const turn = isSilent ? outage.rest(sync, sleep) : sleep;
  await untilAborted(Promise.race([turn, sync.wanted()]), signal).catch(() => undefined);
  pause.abort();
}

function placeOf({ kind, namespace }: ObjectCacheOptions): string {
  return pathOf(kind, namespace === undefined ? {} : { namespace });
}

/** More pages than any cluster has objects for. */
const MAX_PAGES = 2_000;

/** @returns the version that the list stands for */
async function list(options: Options, store: Store): Promise<string> {
  const { kind, bounds } = options;
  const objects: LiveObject[] = [];
  let weight = 0;
  let next: string | undefined;
  try {
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const { items, version, more } = await readPage(options, next);
      for (const one of items) {
        const own = weightOf(one);
        bounds.take(own);
        weight += own;
        objects.push(one);
      }
      if (more === undefined) {
        bounds.give(weight);
        weight = 0;
        store.replace(objects, version);
        return version;
      }
      if (more === next) break;
      next = more;
    }
    throw new Error(`its list of ${kind.kind} has no end`);
  } finally {
    bounds.give(weight);
  }
}

interface Page {
  readonly items: readonly LiveObject[];
  readonly version: string;
  /** Token of the next one. */
  readonly more: string | undefined;
}

async function readPage(options: Options, start: string | undefined): Promise<Page> {
  const { client, kind, selector, signal, bounds } = options;
  const query = { limit: OBJECTS_PER_PAGE, continue: start, labelSelector: selector ?? undefined };
  const request = { method: 'GET', path: placeOf(options), query, signal } as const;
  const { body } = await bounds.page(() => client.request(request));
  const fields = asFields(body) ?? {};
  const items = (asList(fields['items']) ?? []).map((item) => {
    // Items do not say what they are, or nothing that is believed.
    const object = { ...asFields(item), apiVersion: kind.apiVersion, kind: kind.kind };
    if (!isLiveObject(object)) throw new Error(`its list of ${kind.kind} holds something that is none`);
    return keptOf(options, object);
  });
  const metadata = asFields(fields['metadata']) ?? {};
  const version = asString(metadata['resourceVersion']) ?? '0';
  return { items, version, more: asString(metadata['continue']) || undefined };
}

function keptOf({ keep = slim }: Options, object: LiveObject): LiveObject {
  return keep(object);
}

/** Leaves out half of a typical object: who owns which field is read of others than us only, and only in objects of ours. */
function slim(object: LiveObject): LiveObject {
  const { managedFields: _all, ...metadata } = object.metadata;
  const others = ownerOf(object) === null ? null : othersEntries(object);
  return { ...object, metadata: others === null ? metadata : { ...metadata, managedFields: others } };
}

function parseLine(line: string, { kind }: KindInfo): Fields {
  try {
    return asFields(parseJsonWithin(line, MAX_LINE_VALUES)) ?? {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  // The parser's message would quote what it could not parse.
  throw new Error(`its watch of ${kind} tells what is no JSON`);
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
  options: Options,
  store: Store,
  { version, resumed, onOpen }: WatchStart,
): AsyncGenerator<string> {
  const { client, clock, kind, selector, signal, onEvent, bounds } = options;
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
      await bounds.pace(limit.signal);
      const event = parseLine(line, kind);
      const told = asFields(event['object']);
      if (event['type'] === 'ERROR') throw new ApiError(Number(told?.['code']), told, 'the watch ended');
      onOpen();
      if (event['type'] === 'BOOKMARK') {
        yield asString(asFields(told?.['metadata'])?.['resourceVersion']) ?? version;
        continue;
      }
      const object = { ...told, apiVersion: kind.apiVersion, kind: kind.kind };
      if (!isLiveObject(object)) continue;
      const before = store.reading.get(keyOf(object.metadata));
      const isGone = event['type'] === 'DELETED';
      if (isGone) store.reading.drop(object);
      else store.saw(keptOf(options, object));
      const freed = isGone || kind.kind === 'Service' ? pathOf(kind, object.metadata) : undefined;
      // Objects that a controller makes of ours, and writes each time that a pod becomes ready, say nothing that ours do not.
      if (!isDerived(object)) onEvent(stackOf(object) ?? stackOf(before) ?? null, freed);
      yield object.metadata.resourceVersion;
    }
  } finally {
    opening.abort();
  }
}
