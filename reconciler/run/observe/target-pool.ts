import { errorMessage } from '../../base/errors.ts';
import { connectionKey, targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { TargetFacts } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';

export interface TargetPoolOptions {
  readonly createTarget: (reference: TargetReference) => Target;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TargetListener {
  /** Something happened to a stack on this target; `null`: events may have been missed. */
  readonly onEvent: (reference: TargetReference, stack: string | null, awaited: boolean) => void;
  /** A target that was not known before, or not in this way. */
  readonly onNew: (reference: TargetReference) => void;
}

/** State of one target, as far as it is known. */
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
  readonly closing: AbortController;
  /** When a stack or a shared node last needed it, by `Clock.elapsed`. */
  usedAt: number;
  watching: boolean;
}

/**
 * One connection per target and way to reach it, however many nodes of however many stacks name it. Other credentials are
 * another way: a corrected path takes effect at once, and what nobody uses any more is closed by `dropUnused`.
 */
export class TargetPool implements AsyncDisposable {
  readonly #options: TargetPoolOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #watches = new Set<Promise<void>>();
  #listener: TargetListener | null = null;

  constructor(options: TargetPoolOptions) {
    this.#options = options;
  }

  get(reference: TargetReference): Target {
    return this.#use(reference).target;
  }

  state(reference: TargetReference): TargetState {
    return this.#entry(reference).state;
  }

  /** Every target seen so far, by key, reached as it was last. */
  all(): ReadonlyMap<string, TargetReference> {
    const latest = new Map<string, Entry>();
    for (const entry of this.#entries.values()) {
      const key = targetKey(entry.state.reference);
      const known = latest.get(key);
      if (known === undefined || known.usedAt <= entry.usedAt) latest.set(key, entry);
    }
    return new Map([...latest].map(([key, { state }]) => [key, state.reference]));
  }

  /** Runs a call against a target and remembers whether it answered. */
  ask<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    return this.#ask(this.#use(reference), call);
  }

  /** Asks as `ask` does, for what is done for no stack in particular: it does not count as a use. */
  probe<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    return this.#ask(this.#entry(reference), call);
  }

  async #ask<T>({ target, state }: Entry, call: (target: Target) => Promise<T>): Promise<T> {
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

  /** Asks for the facts of one target; a target that is away is remembered as such, not thrown. */
  async refreshFacts(reference: TargetReference, signal: AbortSignal): Promise<void> {
    const { state } = this.#entry(reference);
    try {
      state.facts = await this.probe(reference, (target) => readFacts(target, signal));
    } catch (error) {
      state.message = errorMessage(error);
    }
  }

  /** Starts to watch every target for events, known ones and those that come later. */
  startWatching(listener: TargetListener): void {
    this.#listener = listener;
    for (const entry of this.#entries.values()) this.#watch(entry, listener);
  }

  /** Closes connections that nobody has used since then (by `Clock.elapsed`). */
  async dropUnused(since: number): Promise<void> {
    const unused = [...this.#entries].filter(([, { usedAt }]) => usedAt < since);
    for (const [key] of unused) this.#entries.delete(key);
    await Promise.allSettled(unused.map(([, entry]) => close(entry)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#entries.values()];
    for (const { closing } of entries) closing.abort();
    await Promise.allSettled(this.#watches);
    await Promise.allSettled(entries.map(close));
    this.#entries.clear();
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
    const state = { reference, reachable: null, lastSeen: null, facts: null, message: null };
    const entry: Entry = {
      target: this.#options.createTarget(reference),
      state,
      closing: new AbortController(),
      usedAt: this.#options.clock.elapsed(),
      watching: false,
    };
    this.#entries.set(key, entry);
    if (this.#listener !== null) this.#watch(entry, this.#listener);
    return entry;
  }

  #watch(entry: Entry, { onEvent, onNew }: TargetListener): void {
    if (entry.watching) return;
    entry.watching = true;
    const { reference } = entry.state;
    const { signal } = entry.closing;
    onNew(reference);
    // Changes on a target that tells of nothing are seen when everything is looked at again.
    if (!hasCapability(entry.target, 'watches')) return;
    const watch = entry.target
      .watch((stack, awaited = false) => onEvent(reference, stack, awaited), signal)
      .catch((error: unknown) => {
        if (signal.aborted) return;
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

/** A target that tells nothing of itself is only asked whether it is there. */
async function readFacts(target: Target, signal: AbortSignal): Promise<TargetFacts | null> {
  if (hasCapability(target, 'facts')) return target.facts(signal);
  await target.owned(signal);
  return null;
}

async function close({ closing, target }: Entry): Promise<void> {
  closing.abort();
  await target[Symbol.asyncDispose]();
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'TARGET_UNREACHABLE';
}
