import { ReconcilerError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { ReadyKeys } from './ready-keys.ts';
import { retryDelayMs } from './retry.ts';
import { createTimeQueue } from './time-queue.ts';

/** End of a run that did not fail. */
export interface Requeue {
  readonly requeueAfterMs?: number;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Keys worked on at the same time. */
  readonly concurrency: number;
  /**
   * Names of the places that a key works at. One that has its places to itself need not wait for its turn: whoever is slow to answer there keeps others
   * of that place waiting, and nobody else. None that is known: it waits for its turn. Left out: all wait for each other.
   */
  readonly placesOf?: (key: string) => readonly string[];
  /** Brings one key up to date, and may say when it is due again; throws to be tried again with backoff. */
  readonly run: (key: string, signal: AbortSignal) => Promise<Requeue | void>;
  /** Told about every failure and when it is tried again (`null`: not by itself). */
  readonly onFailure: (key: string, error: unknown, retryInMs: number | null) => void;
}

/** Keys that are worked on at the same time, however many places there are. */
const MAX_RUNNING = 32;

/**
 * A de-duplicating queue of keys. A key is never worked on twice at the same time; one that is added while it runs runs
 * again afterwards. Disposing stops everything: running keys are aborted and waited for.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #options: WorkQueueOptions;
  /** Keys that are to run, by their time. */
  readonly #due = new Map<string, number>();
  /** Keys of `#due` whose time has come, and that do not run. */
  readonly #ready = new ReadyKeys();
  /** Keys whose time is to come; seen when it has come: what has become of them meanwhile. */
  readonly #later = createTimeQueue();
  /** Keys of `#due` that somebody waits for. */
  readonly #urgent = new Set<string>();
  /** Keys of `#due` that were only hinted at. */
  readonly #hinted = new Set<string>();
  readonly #running = new Map<string, AbortController>();
  /** Places that are worked at, with the number of keys there. */
  readonly #busy = new Map<string, number>();
  readonly #finished = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #closing = new AbortController();
  #alarm: { readonly at: number; readonly ending: AbortController } | null = null;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that are due or waiting, and running. */
  get depth(): number {
    return this.#due.size + this.#running.size;
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
    this.add(key);
  }

  /** Makes the key due after a delay (default at once). Due already or sooner: nothing changes. */
  add(key: string, delayMs = 0): void {
    this.#hinted.delete(key);
    this.#makeDue(key, delayMs);
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
    if (at > this.#options.clock.elapsed()) this.#later.add(key, at);
    else this.#ready.add(key, this.#options.placesOf?.(key) ?? []);
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
    this.#running.get(key)?.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#alarm?.ending.abort();
    this.#due.clear();
    this.#ready.clear();
    this.#urgent.clear();
    const reason = new ReconcilerError('CANCELLED', 'shutting down');
    for (const controller of this.#running.values()) controller.abort(reason);
    await Promise.allSettled(this.#finished.values());
  }

  #pump(): void {
    if (this.#closing.signal.aborted) return;
    const now = this.#options.clock.elapsed();
    for (const key of this.#later.takeUntil(now)) {
      // One that was put off has another entry.
      if ((this.#due.get(key) ?? Number.POSITIVE_INFINITY) <= now) this.#file(key);
    }
    for (let key = this.#next(); key !== undefined; key = this.#next()) this.#start(key);
    this.#wakeAt(this.#later.next);
  }

  /** The key to start now, if there is one that may. */
  #next(): string | undefined {
    const { concurrency, placesOf } = this.#options;
    const urgent = [...this.#urgent].filter((key) => this.#ready.has(key));
    if (this.#running.size < concurrency) return urgent[0] ?? this.#ready.first();
    if (placesOf === undefined || this.#running.size >= MAX_RUNNING) return undefined;
    const isFree = (place: string) => !this.#busy.has(place);
    const hasPlace = (key: string) => {
      const places = placesOf(key);
      return places.length > 0 && places.every(isFree);
    };
    return urgent.find(hasPlace) ?? this.#ready.firstAt(isFree);
  }

  #workAt(places: readonly string[], keys: 1 | -1): void {
    for (const place of places) {
      const count = (this.#busy.get(place) ?? 0) + keys;
      if (count > 0) this.#busy.set(place, count);
      else this.#busy.delete(place);
    }
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
    this.#due.delete(key);
    this.#ready.delete(key);
    this.#urgent.delete(key);
    this.#hinted.delete(key);
    const controller = new AbortController();
    this.#running.set(key, controller);
    this.#finished.set(key, this.#work(key, controller.signal));
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    const places = this.#options.placesOf?.(key) ?? [];
    this.#workAt(places, 1);
    await Promise.resolve(); // the run must be on record before it can end
    try {
      const result = await this.#options.run(key, signal);
      this.#failures.delete(key);
      if (typeof result === 'object' && result.requeueAfterMs !== undefined)
        this.add(key, result.requeueAfterMs);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#fail(key, error);
    } finally {
      this.#running.delete(key);
      this.#workAt(places, -1);
      this.#finished.delete(key);
      this.#file(key);
      this.#pump();
    }
  }

  #fail(key: string, error: unknown): void {
    const { clock, onFailure } = this.#options;
    const attempt = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, attempt);
    const delay = retryDelayMs(error, attempt, () => clock.random());
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
