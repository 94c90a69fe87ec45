import { ReconcilerError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { PlaceSlots } from './place-slots.ts';
import { ReadyKeys } from './ready-keys.ts';
import { retryDelayMs } from './retry.ts';
import { createTimeQueue } from './time-queue.ts';

/** End of a run that did not fail. */
export interface Requeue {
  readonly requeueAfterMs?: number;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Keys worked on at the same time. One that takes long gives its turn to others: it waits for its places. */
  readonly concurrency: number;
  /**
   * Names of the places that a key works at; none that is known: it waits for nothing but its turn. Default: none.
   */
  readonly placesOf?: (key: string) => readonly string[];
  /** Keys worked on at the same time at each place, at least 2; twice as many where somebody waits for them. Default 4. */
  readonly slots?: number;
  /** False while nobody knows whether anybody is at a place: what works there waits, and takes no slot, until `opened`. Default: it is known. */
  readonly isOpen?: (place: string) => boolean;
  /** Brings one key up to date, and may say when it is due again; throws to be tried again with backoff. */
  readonly run: (key: string, signal: AbortSignal) => Promise<Requeue | void>;
  /** Returns when to try again after so many failures in a row, `null`: not by itself. Default: `retryDelayMs`. */
  readonly retryMs?: (key: string, error: unknown, attempt: number) => number | null;
  /** Told about every failure and when it is tried again (`null`: not by itself). */
  readonly onFailure: (key: string, error: unknown, retryInMs: number | null) => void;
}

const DEFAULT_SLOTS = 4;
/** Keys that people wait for may have so many times the slots of a place. */
const URGENT_SHARE = 2;
/** A run that goes on for longer waits for its places, and not for this process: others have its turn. */
const PATIENCE_MS = 1_000;
/** Ends of patience are looked at together. */
const PATIENCE_STEP_MS = 250;

/** One run of a key. */
interface Run {
  readonly controller: AbortController;
  /** Slots that it holds. */
  held: readonly string[];
  /** True while it is one of the keys that are worked on at the same time. */
  hasTurn: boolean;
  /** When it loses its turn, by `Clock.elapsed`. */
  readonly patientUntil: number;
}

/**
 * A de-duplicating queue of keys. A key is never worked on twice at the same time; one that is added while it runs runs
 * again afterwards. The key that came first is started first of those that have a slot at each of their places, so that a place which is slow, or does
 * not answer, keeps nobody else waiting. Disposing stops everything: running keys are aborted and waited for.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #options: WorkQueueOptions;
  /** Keys that are to run, by their time. */
  readonly #due = new Map<string, number>();
  readonly #slots: PlaceSlots;
  /** Keys of `#due` whose time has come, and that do not run; those that somebody waits for, and the others. */
  readonly #urgentReady: ReadyKeys;
  readonly #ready: ReadyKeys;
  /** Keys whose time is to come; seen when it has come: what has become of them meanwhile. */
  readonly #later = createTimeQueue();
  /** Keys that run, by the end of patience with them; seen when it has come, as above. */
  readonly #patience = createTimeQueue();
  /** Keys of `#due` that somebody waits for. */
  readonly #urgent = new Set<string>();
  /** Keys of `#due` that were only hinted at. */
  readonly #hinted = new Set<string>();
  readonly #running = new Map<string, Run>();
  /** Number of those that run and have a turn. */
  #turns = 0;
  readonly #finished = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #closing = new AbortController();
  #alarm: { readonly at: number; readonly ending: AbortController } | null = null;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#slots = new PlaceSlots(options.slots ?? DEFAULT_SLOTS);
    const shared = { slots: this.#slots, isOpen: options.isOpen ?? (() => true) };
    this.#urgentReady = new ReadyKeys({ ...shared, share: URGENT_SHARE });
    this.#ready = new ReadyKeys({ ...shared, share: 1 });
  }

  /** Keys that are due or waiting, and running. */
  get depth(): number {
    return this.#due.size + this.#running.size;
  }

  /** Number of slots that are taken, of all places. */
  get slotsTaken(): number {
    return this.#slots.taken;
  }

  /** Milliseconds until the key is due, `null` when it is not. */
  dueIn(key: string): number | null {
    const at = this.#due.get(key);
    return at === undefined ? null : Math.max(0, at - this.#options.clock.elapsed());
  }

  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** Makes the key due at once, and before all that are not urgent. */
  addFirst(key: string): void {
    this.#urgent.add(key);
    const places = this.#ready.delete(key);
    if (places !== undefined) this.#urgentReady.add(key, places);
    this.add(key);
    this.#pump();
  }

  /** Makes the key due after a delay (default at once). Due already or sooner: nothing changes. */
  add(key: string, delayMs = 0): void {
    this.#hinted.delete(key);
    this.#makeDue(key, delayMs);
  }

  /** It is known from now on whether anybody is at the place. */
  opened(place: string): void {
    this.#freed([place]);
    this.#pump();
  }

  #makeDue(key: string, delayMs: number): void {
    if (this.#closing.signal.aborted) return;
    const at = this.#options.clock.elapsed() + delayMs;
    if ((this.#due.get(key) ?? Number.POSITIVE_INFINITY) <= at) return;
    this.#due.set(key, at);
    this.#file(key);
    this.#pump();
  }

  /** Puts a key that is due to those that are ready, or that come later; one that runs is put there when it has ended. */
  #file(key: string): void {
    const at = this.#due.get(key);
    if (at === undefined || this.#running.has(key)) return;
    if (at > this.#options.clock.elapsed()) return this.#later.add(key, at);
    const places = this.#options.placesOf?.(key) ?? [];
    const ready = this.#urgent.has(key) ? this.#urgentReady : this.#ready;
    // The places together are one more: of keys that work at all of them, no more run than at one.
    ready.add(key, places.length > 1 ? [...places, places.toSorted().join(' ')] : places);
  }

  /** Adds a key as `add` does, for what may be nothing new: a key that waits for its next try after a failure goes on waiting. */
  hint(key: string, delayMs: number): void {
    if (this.#due.has(key)) return;
    this.#hinted.add(key);
    this.#makeDue(key, delayMs);
  }

  /** Forgets earlier failures of the key: the next one is retried as if it were the first. */
  resetBackoff(key: string): void {
    this.#failures.delete(key);
  }

  /** Aborts the run of this key, if there is one, with this reason. */
  interrupt(key: string, reason: Error): void {
    this.#running.get(key)?.controller.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#alarm?.ending.abort();
    this.#due.clear();
    this.#ready.clear();
    this.#urgentReady.clear();
    this.#urgent.clear();
    const reason = new ReconcilerError('CANCELLED', 'shutting down');
    for (const { controller } of this.#running.values()) controller.abort(reason);
    await Promise.allSettled(this.#finished.values());
  }

  #pump(): void {
    if (this.#closing.signal.aborted) return;
    const now = this.#options.clock.elapsed();
    for (const key of this.#later.takeUntil(now)) {
      // One that was put off has another entry.
      if ((this.#due.get(key) ?? Number.POSITIVE_INFINITY) <= now) this.#file(key);
    }
    for (const key of this.#patience.takeUntil(now)) this.#takeTurn(key, now);
    for (let key = this.#next(); key !== undefined; key = this.#next()) this.#start(key);
    this.#wakeAt(Math.min(this.#later.next, this.#patience.next));
  }

  /** The key to start now, if there is one that may. */
  #next(): string | undefined {
    if (this.#turns >= this.#options.concurrency) return undefined;
    return this.#urgentReady.next() ?? this.#ready.next();
  }

  #freed(places: readonly string[]): void {
    for (const place of places) {
      this.#urgentReady.freed(place);
      this.#ready.freed(place);
    }
  }

  /** Gives the turn of a run that takes long to others. One at several places holds up none of them: nobody knows which it waits for. */
  #takeTurn(key: string, now: number): void {
    const run = this.#running.get(key);
    if (run === undefined || run.patientUntil > now || !run.hasTurn) return;
    run.hasTurn = false;
    this.#turns -= 1;
    if (run.held.length > 1) this.#hold(run, run.held.slice(-1));
  }

  /** Leaves a run only these of its slots. */
  #hold(run: Run, places: readonly string[]): void {
    const given = run.held.filter((place) => !places.includes(place));
    run.held = places;
    this.#slots.give(given);
    this.#freed(given);
  }

  #wakeAt(at: number): void {
    if (this.#alarm?.at === at) return;
    this.#alarm?.ending.abort();
    this.#alarm = null;
    if (at === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    const ending = new AbortController();
    this.#alarm = { at, ending };
    clock.sleep(Math.max(0, at - clock.elapsed()), ending.signal).then(
      () => {
        if (ending.signal.aborted) return;
        this.#alarm = null;
        this.#pump();
      },
      () => undefined, // woken earlier by an add
    );
  }

  #start(key: string): void {
    const { clock } = this.#options;
    const held = this.#urgentReady.delete(key) ?? this.#ready.delete(key) ?? [];
    this.#due.delete(key);
    this.#urgent.delete(key);
    this.#hinted.delete(key);
    const patientUntil = Math.ceil((clock.elapsed() + PATIENCE_MS) / PATIENCE_STEP_MS) * PATIENCE_STEP_MS;
    const run = { controller: new AbortController(), held, hasTurn: true, patientUntil };
    this.#turns += 1;
    this.#slots.take(held);
    this.#patience.add(key, patientUntil);
    this.#running.set(key, run);
    this.#finished.set(key, this.#work(key, run));
  }

  async #work(key: string, run: Run): Promise<void> {
    await Promise.resolve(); // the run must be on record before it can end
    try {
      const result = await this.#options.run(key, run.controller.signal);
      this.#failures.delete(key);
      if (typeof result === 'object' && result.requeueAfterMs !== undefined)
        this.add(key, result.requeueAfterMs);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#fail(key, error);
    } finally {
      this.#running.delete(key);
      if (run.hasTurn) this.#turns -= 1;
      this.#hold(run, []);
      this.#finished.delete(key);
      this.#file(key);
      this.#pump();
    }
  }

  #fail(key: string, error: unknown): void {
    const { clock, onFailure } = this.#options;
    const { retryMs = (_: string, ...tried) => retryDelayMs(...tried, () => clock.random()) } = this.#options;
    const attempt = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, attempt);
    const delay = retryMs(key, error, attempt);
    onFailure(key, error, delay);
    if (delay === null) {
      this.#failures.delete(key);
      return;
    }
    // Its own attempt made things happen, which came back as a hint: that is no reason to try again sooner.
    if (this.#hinted.delete(key)) this.#due.delete(key);
    this.add(key, delay);
  }
}
