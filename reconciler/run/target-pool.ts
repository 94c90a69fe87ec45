import { errorMessage } from '../model/errors.ts';
import { targetKey } from '../model/target.ts';
import type { TargetReference } from '../model/target.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Target, TargetFacts } from '../ports/target.ts';

export interface TargetPoolOptions {
  readonly createTarget: (reference: TargetReference) => Target;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TargetListener {
  /** Something happened to a stack on this engine; `null`: events may have been missed. */
  readonly onEvent: (reference: TargetReference, stack: string | null) => void;
  /** An engine that was not known before. */
  readonly onNew: (reference: TargetReference) => void;
}

/** What is known of one engine. */
export interface TargetState {
  readonly reference: TargetReference;
  /** `null`: not asked yet. */
  reachable: boolean | null;
  /** ISO 8601. */
  lastSeen: string | null;
  facts: TargetFacts | null;
  message: string | null;
}

interface Entry {
  readonly target: Target;
  readonly state: TargetState;
  watching: boolean;
}

/** One connection per engine, however many nodes of however many stacks name it. */
export class TargetPool implements AsyncDisposable {
  readonly #options: TargetPoolOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new AbortController();
  readonly #watches = new Set<Promise<void>>();
  #listener: TargetListener | null = null;

  constructor(options: TargetPoolOptions) {
    this.#options = options;
  }

  get(reference: TargetReference): Target {
    return this.#entry(reference).target;
  }

  state(reference: TargetReference): TargetState {
    return this.#entry(reference).state;
  }

  /** Every engine seen so far, by key. */
  all(): ReadonlyMap<string, TargetReference> {
    return new Map([...this.#entries].map(([key, entry]) => [key, entry.state.reference]));
  }

  /** Runs a call against an engine and remembers whether it answered. */
  async ask<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    const { target, state } = this.#entry(reference);
    try {
      const answer = await call(target);
      this.#seen(state);
      return answer;
    } catch (error) {
      if (isUnreachable(error)) {
        state.reachable = false;
        state.message = errorMessage(error);
      }
      throw error;
    }
  }

  /** Asks for the facts of one engine; an engine that is away is remembered as such, not thrown. */
  async refreshFacts(reference: TargetReference, signal: AbortSignal): Promise<void> {
    const { state } = this.#entry(reference);
    try {
      state.facts = await this.ask(reference, (target) => target.facts(signal));
    } catch (error) {
      state.message = errorMessage(error);
    }
  }

  /** From now on every engine, known or new, is watched for events. */
  startWatching(listener: TargetListener): void {
    this.#listener = listener;
    for (const entry of this.#entries.values()) this.#watch(entry, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#watches);
    await Promise.allSettled([...this.#entries.values()].map(({ target }) => target[Symbol.asyncDispose]()));
    this.#entries.clear();
  }

  #entry(reference: TargetReference): Entry {
    const key = targetKey(reference);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const state = { reference, reachable: null, lastSeen: null, facts: null, message: null };
    const entry: Entry = { target: this.#options.createTarget(reference), state, watching: false };
    this.#entries.set(key, entry);
    if (this.#listener !== null) this.#watch(entry, this.#listener);
    return entry;
  }

  #watch(entry: Entry, { onEvent, onNew }: TargetListener): void {
    if (entry.watching) return;
    entry.watching = true;
    const { reference } = entry.state;
    onNew(reference);
    const watch = entry.target
      .watch((stack) => onEvent(reference, stack), this.#closing.signal)
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#options.logger.error(
          { target: targetKey(reference), error: errorMessage(error) },
          'engine events ended',
        );
      })
      .finally(() => this.#watches.delete(watch));
    this.#watches.add(watch);
  }

  #seen(state: TargetState): void {
    state.reachable = true;
    state.message = null;
    state.lastSeen = new Date(this.#options.clock.now()).toISOString();
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'TARGET_UNREACHABLE';
}
