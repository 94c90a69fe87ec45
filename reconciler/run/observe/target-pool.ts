import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
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
  /** Called when a target has stopped answering, and when it answers for the first time or again. Default: nobody is told. */
  readonly onMove?: (state: Readonly<TargetState>) => void;
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
  /** Error of a target that is away: nobody but one prober asks it, until it answers. */
  outage: Error | null;
  isProbed: boolean;
  /** Pause before the next probe, and when it was back last: one that is lost again soon is asked less often. */
  pauseMs: number;
  backAt: number;
  /** The first call to a target that nobody has asked before; others wait for how it ends. */
  firstCall: FirstCall | null;
}

interface FirstCall {
  readonly answer: Promise<unknown>;
  /** Time of the call, by `Clock.elapsed`. */
  readonly at: number;
}

/** Nobody knows yet whether the target is there; that is no failure, and looked at again soon. */
export class NotYetAnswered extends ReconcilerError {
  constructor(target: string) {
    super('TARGET_UNREACHABLE', `${target} has not answered yet`, { retryable: true });
  }
}

const FIRST_PROBE_PAUSE_MS = 1_000;
const MAX_PROBE_PAUSE_MS = 30_000;
const STEADY_MS = 60_000;
/** A connection that is not there after 5 s is given up. One that is there, and says nothing, is waited for by one stack alone. */
const FIRST_ANSWER_MS = 6_000;

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

  /** The target, for what is done for no stack in particular: it does not count as a use. */
  peek(reference: TargetReference): Target {
    return this.#entry(reference).target;
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

  /**
   * Asks as `ask` does, for what happens by itself: a target that is away is not asked again by each stack that has something there. It is probed,
   * once, until it answers, and whoever watches is told then. Throws what it said last, `NotYetAnswered` while it has said nothing.
   */
  async askUnlessAway<T>(reference: TargetReference, call: (target: Target) => Promise<T>): Promise<T> {
    const entry = this.#use(reference);
    if (this.#listener !== null) {
      const { firstCall } = entry;
      if (entry.state.reachable === null && firstCall !== null) await this.#awaitFirst(entry, firstCall);
      if (entry.outage !== null) throw entry.outage;
    }
    return this.#ask(entry, call);
  }

  async #awaitFirst({ closing, state }: Entry, firstCall: FirstCall): Promise<void> {
    const { clock } = this.#options;
    const leftMs = Math.max(0, firstCall.at + FIRST_ANSWER_MS - clock.elapsed());
    using waiting = createAbortScope({ signals: [closing.signal] });
    const pause = clock.sleep(leftMs, waiting.signal).catch(() => undefined);
    const answered = firstCall.answer.then(
      () => true,
      () => true,
    );
    const isOver = await Promise.race([answered, pause.then(() => false)]);
    waiting.abort();
    if (!isOver) throw new NotYetAnswered(targetKey(state.reference));
  }

  async #ask<T>(entry: Entry, call: (target: Target) => Promise<T>): Promise<T> {
    const answering = call(entry.target);
    if (entry.state.reachable === null)
      entry.firstCall ??= { answer: answering, at: this.#options.clock.elapsed() };
    try {
      const answer = await answering;
      this.#seen(entry);
      return answer;
    } catch (error) {
      if (isUnreachable(error)) this.#lost(entry, error);
      throw error;
    }
  }

  #lost(entry: Entry, error: Error): void {
    const isNews = entry.state.reachable !== false;
    entry.state.reachable = false;
    entry.state.message = errorMessage(error);
    entry.outage = error;
    if (isNews) this.#options.onMove?.(entry.state);
    if (this.#listener === null || entry.isProbed) return;
    entry.isProbed = true;
    const probing = this.#probeUntilBack(entry)
      .catch(() => undefined) // the target is not needed any more
      .finally(() => {
        entry.isProbed = false;
        this.#watches.delete(probing);
      });
    this.#watches.add(probing);
  }

  async #probeUntilBack(entry: Entry): Promise<void> {
    const { signal } = entry.closing;
    if (this.#options.clock.elapsed() - entry.backAt > STEADY_MS) entry.pauseMs = FIRST_PROBE_PAUSE_MS;
    while (entry.outage !== null) {
      await this.#options.clock.sleep(entry.pauseMs, signal);
      if (entry.outage === null) return;
      await this.#ask(entry, (target) => readFacts(target, signal)).catch(() => undefined);
      entry.pauseMs = Math.min(2 * entry.pauseMs, MAX_PROBE_PAUSE_MS);
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
      outage: null,
      isProbed: false,
      pauseMs: FIRST_PROBE_PAUSE_MS,
      backAt: Number.NEGATIVE_INFINITY,
      firstCall: null,
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
      .watch((stack, awaited = false) => {
        entry.outage = null;
        onEvent(reference, stack, awaited);
      }, signal)
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

  #seen(entry: Entry): void {
    const { state, outage } = entry;
    entry.outage = null;
    if (outage !== null) entry.backAt = this.#options.clock.elapsed();
    // Stacks that wait for it are told at once.
    if (outage !== null) this.#listener?.onEvent(state.reference, null, false);
    const isNews = state.reachable !== true;
    state.reachable = true;
    state.message = null;
    state.lastSeen = new Date(this.#options.clock.now()).toISOString();
    if (isNews) this.#options.onMove?.(state);
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

function isUnreachable(error: unknown): error is ReconcilerError {
  return isReconcilerError(error, 'TARGET_UNREACHABLE');
}
