import { createAbortScope, untilAborted } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { connectionKey, targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import type { Entry, Standing, TargetState } from './target-entry.ts';
import { createEntry, FIRST_PROBE_PAUSE_MS, NotYetAnswered, readFacts, silenceOf } from './target-entry.ts';

export interface TargetPoolOptions {
  readonly createTarget: (reference: TargetReference) => Target;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a target has stopped answering, and when it answers for the first time or again. Default: nobody is told. */
  readonly onMove?: (state: Readonly<TargetState>) => void;
}

export interface TargetListener {
  /** Something happened to a stack on this target; `null`: events may have been missed, or it is away, or back. */
  readonly onEvent: (reference: TargetReference, stack: string | null, awaited: boolean) => void;
  /** A target that was not known before, or not in this way. */
  readonly onNew: (reference: TargetReference) => void;
  /** It has answered for the first time. Default: nobody is told. */
  readonly onMet?: (reference: TargetReference) => void;
  /** It is known from now on whether it is there. Default: nobody is told. */
  readonly onKnown?: (place: string) => void;
}

/** The longest pause: so a few of hundreds that are away are asked each second. */
const MAX_PROBE_PAUSE_MS = 120_000;
const STEADY_MS = 60_000;
/** A target that says nothing for so long is away, until it answers. */
const SILENCE_MS = 10_000;
/** A probe that nobody answers ends by itself after this time. */
const PROBE_MS = 30_000;
/** Time that somebody who asks by name for a target that is away waits for it. */
const ASKED_MS = 3_000;
/** The same of what happens by itself, for a target that nobody knows yet, before it makes way for others. */
const UNASKED_MS = 1_000;

/**
 * One connection per target and way to reach it, however many nodes of however many stacks name it. Other credentials are
 * another way: a corrected path takes effect at once, and what nobody uses any more is closed by `dropUnused`.
 */
export class TargetPool implements AsyncDisposable {
  readonly #options: TargetPoolOptions;
  readonly #entries = new Map<string, Entry>();
  /** The same by `targetKey`: one that can be reached in several ways is there when it answers in one. */
  readonly #places = new Map<string, Set<Entry>>();
  readonly #watches = new Set<Promise<void>>();
  #listener: TargetListener | null = null;

  constructor(options: TargetPoolOptions) {
    this.#options = options;
  }

  get(reference: TargetReference): Target {
    return this.#use(reference).target;
  }

  /** The target, for what is done for no stack in particular: it does not count as a use. */
  peek(reference: TargetReference): Target {
    return this.#entry(reference).target;
  }

  state(reference: TargetReference): TargetState {
    return this.#entry(reference).state;
  }

  /** Tells whether anybody is at a place (`targetKey`). Before targets are watched, and where nobody has used it, it is taken for granted. */
  standing(place: string): Standing {
    const entries = [...(this.#places.get(place) ?? [])];
    if (this.#listener === null || entries.length === 0) return 'there';
    if (entries.some(({ doubt, outage }) => doubt === null && outage === null)) return 'there';
    return entries.some(({ outage }) => outage === null) ? 'unknown' : 'away';
  }

  /** Milliseconds until a place that is away is asked again; `null` where it is not away. */
  askedAgainIn(place: string): number | null {
    const times = [...(this.#places.get(place) ?? [])].map(({ nextProbeAt }) => nextProbeAt);
    const at = Math.min(...times, Number.POSITIVE_INFINITY);
    return Number.isFinite(at) ? Math.max(0, at - this.#options.clock.elapsed()) : null;
  }

  /** Every target seen so far, by key, reached as it was last. */
  all(): ReadonlyMap<string, TargetReference> {
    const latest = new Map<string, Entry>();
    for (const [place, entries] of this.#places) {
      for (const entry of entries) {
        const known = latest.get(place);
        if (known === undefined || known.usedAt <= entry.usedAt) latest.set(place, entry);
      }
    }
    return new Map([...latest].map(([key, { state }]) => [key, state.reference]));
  }

  /**
   * Runs a call against a target and remembers whether it answered. One that is away is asked whether it is back, once for all who ask; throws
   * what it said last where it does not say so soon.
   */
  async ask<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    const entry = this.#use(reference);
    await this.#makeSure(entry);
    return this.#ask(entry, call);
  }

  /** The same for what is done for no stack in particular: it does not count as a use. */
  async probe<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    const entry = this.#entry(reference);
    await this.#makeSure(entry);
    return this.#ask(entry, call);
  }

  /** The same for what happens by itself: a target that is away is not asked. Throws what it said last. */
  async probeUnlessAway<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    const entry = this.#entry(reference);
    if (this.#listener !== null) {
      await entry.doubt;
      if (entry.outage !== null) throw entry.outage;
    }
    return this.#ask(entry, call);
  }

  /**
   * Asks as `ask` does, for what happens by itself: a target that is away is not asked again by each stack that has something there. It is probed,
   * once, until it answers, and whoever watches is told then. Throws what it said last, `NotYetAnswered` while it has said nothing.
   */
  async askUnlessAway<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    const entry = this.#use(reference);
    if (this.#listener !== null) {
      const { doubt } = entry;
      if (doubt !== null && !(await this.#within(UNASKED_MS, entry, doubt)))
        throw new NotYetAnswered(targetKey(reference));
      if (entry.outage !== null) throw entry.outage;
    }
    return this.#ask(entry, call);
  }

  /** Resolves while a target is not known to be away. @returns a signal that ends when it is lost */
  async presence(reference: TargetReference, signal: AbortSignal): Promise<AbortSignal> {
    const entry = this.#entry(reference);
    while (this.#listener !== null && entry.outage !== null) {
      entry.returned ??= Promise.withResolvers();
      await untilAborted(entry.returned.promise, signal);
    }
    return entry.presence.signal;
  }

  /** A target that was found to be away is asked by one call for all who want to know; it has to answer soon. */
  async #makeSure(entry: Entry): Promise<void> {
    if (this.#listener === null) return;
    const { doubt, state } = entry;
    if (doubt !== null) await doubt;
    else if (entry.outage !== null) {
      const { ended, at } = this.#probe(entry);
      await this.#within(at + ASKED_MS - this.#options.clock.elapsed(), entry, ended);
    }
    if (entry.outage !== null) throw entry.outage;
    if (entry.closing.signal.aborted) throw new NotYetAnswered(targetKey(state.reference));
  }

  /** @returns whether the work ended in time */
  async #within(milliseconds: number, { closing }: Entry, work: Promise<unknown>): Promise<boolean> {
    if (milliseconds <= 0) return false;
    using waiting = createAbortScope({ signals: [closing.signal] });
    const sleep = this.#options.clock.sleep(milliseconds, waiting.signal);
    const pause = sleep.catch(() => undefined).then(() => false);
    const isOver = await Promise.race([work.then(() => true), pause]);
    waiting.abort();
    return isOver;
  }

  async #ask<T>(entry: Entry, call: (target: Target) => Promise<T>): Promise<T> {
    try {
      const answer = await call(entry.target);
      this.#seen(entry);
      return answer;
    } catch (error) {
      if (isUnreachable(error)) this.#lost(entry, error);
      else if (entry.outage !== null && isReconcilerError(error) && error.code !== 'CANCELLED')
        this.#back(entry);
      throw error;
    }
  }

  #lost(entry: Entry, error: Error): void {
    const isNews = entry.state.reachable !== false;
    entry.state.reachable = false;
    entry.state.message = errorMessage(error);
    entry.outage = error;
    if (isNews) this.#options.onMove?.(entry.state);
    if (this.#listener === null) return;
    // A target that is away is not connected to again and again by its watch either.
    entry.watching?.abort();
    entry.watching = null;
    entry.presence.abort();
    this.#listener.onKnown?.(targetKey(entry.state.reference));
    if (entry.isProbed) return;
    entry.isProbed = true;
    this.#keep(
      this.#probeUntilBack(entry).finally(() => {
        entry.isProbed = false;
        entry.nextProbeAt = Number.POSITIVE_INFINITY;
      }),
    );
  }

  /** Keeps work that ends with its target, and that closing waits for. */
  #keep(work: Promise<void>): void {
    const kept = work
      .catch(() => undefined) // the target is not needed any more
      .finally(() => this.#watches.delete(kept));
    this.#watches.add(kept);
  }

  async #probeUntilBack(entry: Entry): Promise<void> {
    const { clock } = this.#options;
    const { signal } = entry.closing;
    if (clock.elapsed() - entry.backAt > STEADY_MS) entry.pauseMs = FIRST_PROBE_PAUSE_MS;
    for (let isTold = false; entry.outage !== null; isTold = true) {
      const pause = entry.pauseMs * (0.1 + 0.9 * clock.random());
      entry.nextProbeAt = clock.elapsed() + pause;
      await clock.sleep(pause, signal);
      if (entry.outage === null) return;
      await this.#probe(entry).ended;
      entry.pauseMs = Math.min(2 * entry.pauseMs, MAX_PROBE_PAUSE_MS);
      // Stacks that have something there show it from now on, and wait.
      if (entry.outage !== null && !isTold) this.#listener?.onEvent(entry.state.reference, null, false);
    }
  }

  /** The call that asks whether a target is there, shared by all who want to know. Its end throws nothing. */
  #probe(entry: Entry): NonNullable<Entry['probe']> {
    if (entry.probe !== null) return entry.probe;
    const ended = this.#probeOnce(entry).finally(() => {
      entry.probe = null;
    });
    entry.probe = { ended, at: this.#options.clock.elapsed() };
    return entry.probe;
  }

  async #probeOnce(entry: Entry): Promise<void> {
    const { state, closing } = entry;
    using scope = createAbortScope({ signals: [closing.signal] });
    const silent = silenceOf(state.reference, PROBE_MS);
    this.#options.clock.sleep(PROBE_MS, scope.signal).then(
      () => scope.abort(silent),
      () => undefined, // it has ended before
    );
    try {
      state.facts = await this.#ask(entry, (target) => readFacts(target, scope.signal));
    } catch (error) {
      if (scope.signal.reason === silent) this.#lost(entry, silent);
      state.message = errorMessage(scope.signal.reason === silent ? silent : error);
    } finally {
      scope.abort();
    }
  }

  /** Finds out whether a target is there; one that keeps silent is away until it answers. */
  #doubt(entry: Entry): Promise<void> {
    entry.doubt ??= this.#find(entry).finally(() => {
      entry.doubt = null;
      this.#listener?.onKnown?.(targetKey(entry.state.reference));
    });
    return entry.doubt;
  }

  async #find(entry: Entry): Promise<void> {
    const isOver = await this.#within(SILENCE_MS, entry, this.#probe(entry).ended);
    if (!isOver && !entry.closing.signal.aborted && entry.outage === null)
      this.#lost(entry, silenceOf(entry.state.reference, SILENCE_MS));
  }

  /** Asks for the facts of one target; a target that is away is remembered as such, and not asked. Throws nothing. */
  async refreshFacts(reference: TargetReference): Promise<void> {
    const entry = this.#entry(reference);
    if (this.#listener === null) return this.#probe(entry).ended;
    if (entry.outage === null) await (entry.doubt ?? this.#find(entry));
  }

  /** The same for all targets that are not away. */
  async refreshAllFacts(): Promise<void> {
    await Promise.all([...this.all().values()].map((reference) => this.refreshFacts(reference)));
  }

  /** Starts to watch every target for events, known ones and those that come later. */
  startWatching(listener: TargetListener): void {
    this.#listener = listener;
    for (const entry of this.#entries.values()) this.#meet(entry, listener);
  }

  /** Closes connections that nobody has used since then (by `Clock.elapsed`). */
  async dropUnused(since: number): Promise<void> {
    const unused = [...this.#entries].filter(([, { usedAt }]) => usedAt < since);
    for (const [key, entry] of unused) {
      this.#entries.delete(key);
      const place = targetKey(entry.state.reference);
      const others = this.#places.get(place);
      if (others?.delete(entry) === true && others.size === 0) this.#places.delete(place);
    }
    await Promise.allSettled(unused.map(([, entry]) => close(entry)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#entries.values()];
    for (const { closing } of entries) closing.abort();
    await Promise.allSettled(this.#watches);
    await Promise.allSettled(entries.map(close));
    this.#entries.clear();
    this.#places.clear();
  }

  #use(reference: TargetReference): Entry {
    const entry = this.#entry(reference);
    entry.usedAt = this.#options.clock.elapsed();
    return entry;
  }

  #entry(reference: TargetReference): Entry {
    const key = connectionKey(reference);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = createEntry(
      reference,
      this.#options.createTarget(reference),
      this.#options.clock.elapsed(),
    );
    this.#entries.set(key, entry);
    const place = targetKey(reference);
    this.#places.set(place, (this.#places.get(place) ?? new Set()).add(entry));
    if (this.#listener !== null) this.#meet(entry, this.#listener);
    return entry;
  }

  #meet(entry: Entry, { onNew }: TargetListener): void {
    onNew(entry.state.reference);
    this.#keep(this.#doubt(entry));
  }

  /** Changes on a target that tells of nothing are seen when everything is looked at again. */
  #watch(entry: Entry): void {
    const listener = this.#listener;
    if (listener === null || entry.watching !== null || !hasCapability(entry.target, 'watches')) return;
    const { reference } = entry.state;
    const ending = createAbortScope({ signals: [entry.closing.signal] });
    const again = entry.wasWatched;
    entry.watching = ending;
    entry.wasWatched = true;
    const onEvent = (stack: string | null, awaited = false): void => {
      if (ending.signal.aborted) return;
      // One probe tells how things stand, in place of all that have something there.
      if (stack === null) this.#keep(this.#doubt(entry).then(() => listener.onEvent(reference, null, false)));
      else listener.onEvent(reference, stack, awaited);
    };
    const watch = entry.target.watch(onEvent, ending.signal, again).catch((error: unknown) => {
      if (ending.signal.aborted) return;
      this.#options.logger.error(
        { target: targetKey(reference), error: errorMessage(error) },
        'engine events ended',
      );
    });
    this.#keep(watch.finally(() => ending[Symbol.dispose]()));
  }

  #seen(entry: Entry): void {
    const { state } = entry;
    const isNews = state.reachable !== true;
    state.reachable = true;
    state.message = null;
    state.lastSeen = new Date(this.#options.clock.now()).toISOString();
    this.#watch(entry);
    if (entry.outage !== null) this.#back(entry);
    if (!entry.hasAnswered) this.#listener?.onMet?.(state.reference);
    entry.hasAnswered = true;
    if (isNews) this.#options.onMove?.(state);
  }

  /** It answers again: stacks that wait for it are told at once. */
  #back(entry: Entry): void {
    entry.outage = null;
    entry.presence = new AbortController();
    entry.returned?.resolve();
    entry.returned = null;
    entry.backAt = this.#options.clock.elapsed();
    this.#listener?.onKnown?.(targetKey(entry.state.reference));
    this.#listener?.onEvent(entry.state.reference, null, false);
  }
}

async function close({ closing, target }: Entry): Promise<void> {
  closing.abort();
  await target[Symbol.asyncDispose]();
}

function isUnreachable(error: unknown): error is Error {
  return isReconcilerError(error, 'TARGET_UNREACHABLE');
}
