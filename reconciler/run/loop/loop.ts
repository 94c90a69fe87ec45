import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { stackDigest } from '../../model/stack.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import type { LoadResult } from '../../ports/desired.ts';
import type { Revision } from '../../ports/source.ts';
import type { Job } from '../../ports/store.ts';
import type { ApplyRequest, ControlRequest } from '../../public/reconciler.ts';
import { CalledOff, Preempted } from '../apply/execution.ts';
import { sweepHooks } from '../apply/run-hooks.ts';
import { recallStacks, rememberStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import { wokenBy } from '../decide/gates.ts';
import { forget } from '../reconcile/decide-stack.ts';
import { whyNotRemoved } from '../observe/orphans.ts';
import { refreshStatus } from '../reconcile/refresh-status.ts';
import { keepPushing } from '../record/keep-pushing.ts';
import { keepStoring } from '../record/keep-storing.ts';
import { keepTagging } from '../record/pending-tags.ts';
import { keyOf } from '../reconcile/pending-requests.ts';
import { createReconcileParts } from '../reconcile/parts.ts';
import type { ReconcileParts } from '../reconcile/parts.ts';
import { reconcile } from '../reconcile/reconcile.ts';
import { admit } from '../reconcile/requests.ts';
import { expireJobs } from '../record/expire-jobs.ts';
import { LATER } from '../reconcile/result.ts';
import type { Result } from '../reconcile/result.ts';
import { Background } from './background.ts';
import { OrphanSearch } from './orphan-search.ts';
import { RepositoryLoop } from './repository-loop.ts';
import type { StackPlaces } from './stack-places.ts';
import { WorkQueue } from './work-queue.ts';

export interface LoopOptions {
  /** Stacks worked on at the same time. Default 32. */
  readonly stackConcurrency?: number;
  readonly resyncMs?: number;
  readonly keepJobsMs?: number;
  /** Told after each run of a stack, however it went. */
  readonly onRun?: (stack: string) => void;
  /** Told after each revision that came in force, when its stacks are queued. */
  readonly onLoad?: (result: LoadResult, revision: Revision) => void;
}

const FACTS_INTERVAL_MS = 60_000;
const REPOSITORY_RETRY_MS = 5_000;
/** Target events come in bursts; one look after a burst is enough. */
const EVENT_DEBOUNCE_MS = 250;
/** A push that touches more stacks than this (the first read, as a rule) waits its turn like a resync. */
const BULK_STACKS = 100;
/** A target that nothing has used for so many rounds belongs to nothing that is described. */
const UNUSED_RESYNCS = 3;
const DEFAULT_RESYNC_MS = 300_000;
const DEFAULT_CONCURRENCY = 32;

/** Every trigger ends here as a stack name in one queue. Before `start` nothing happens by itself. */
export class Loop implements AsyncDisposable {
  readonly repository: RepositoryLoop;
  readonly #context: RunContext;
  readonly #options: LoopOptions;
  readonly #resyncMs: number;
  readonly #parts: ReconcileParts;
  readonly #search: OrphanSearch;
  readonly #places: StackPlaces;
  readonly #queue: WorkQueue;
  readonly #background: Background;
  /** Requests that are being let in; whoever asks for the same meanwhile gets the same job. */
  readonly #asked = new Map<string, Promise<Job>>();
  /** Stacks that have left the repository and are to be gone. */
  readonly #leaving = new Set<string>();
  #started = false;
  #repositoryRetry = false;
  /** Time of the next resync, by `Clock.elapsed`. */
  #resyncAt = Number.POSITIVE_INFINITY;

  constructor(context: RunContext, options: LoopOptions) {
    const { clock, logger } = context;
    this.#context = context;
    this.#options = options;
    this.#resyncMs = options.resyncMs ?? DEFAULT_RESYNC_MS;
    this.#background = new Background(clock, logger);
    this.repository = new RepositoryLoop(context, this.#background.signal, (...all) => this.#onLoad(...all));
    this.#parts = createReconcileParts(context);
    this.#search = new OrphanSearch(this.#parts, {
      onOrphan: (stack) => this.#enqueue(stack, 'resync'),
      hasLeft: (stack) => this.#leaving.has(stack),
    });
    this.#places = context.places;
    this.#queue = new WorkQueue({
      clock,
      concurrency: options.stackConcurrency ?? DEFAULT_CONCURRENCY,
      placesOf: (stack) => this.#places.placesOf(stack),
      isOpen: (place) => context.pool.standing(place) !== 'unknown',
      retryMs: (...failure) => this.#places.retryMs(...failure),
      run: (stack, signal) => this.#run(stack, signal),
      onFailure: (stack, error, retryInMs) => {
        if (isReconcilerError(error, 'CANCELLED'))
          logger.info({ stack, reason: errorMessage(error) }, 'a run was superseded');
        else logger.warn({ stack, error: errorMessage(error), retryInMs }, 'a run failed');
        if (retryInMs !== null) this.#parts.pending.triggeredBy(stack, 'retry');
      },
    });
  }

  async start(): Promise<void> {
    const { source, pool, deployments, desired } = this.#context;
    this.#started = true;
    for (const { stack, unpushedTags, pendingTags } of recallStacks(this.#context)) {
      deployments.remember(unpushedTags);
      if (pendingTags.length > 0) deployments.expect(stack);
    }
    pool.startWatching({
      onEvent: (reference, stack, awaited) => this.#onTargetEvent(reference, stack, awaited),
      onNew: (reference) => this.#search.soon(reference, this.#background),
      onMet: (reference) =>
        this.#background.run('sweep hooks', (signal) => sweepHooks(this.#context, reference, signal)),
      onKnown: (place) => this.#queue.opened(place),
    });
    await this.#read(this.#background.signal);
    for (const stack of desired.names()) this.#enqueue(stack, 'start');
    for (const { reference } of desired.nodes()) pool.get(reference);
    this.#background.keep('watch repository', (signal) => source.watch(() => this.requestSync(), signal));
    this.#background.keep('drift schedule', (signal) =>
      this.#parts.schedule.run((stack) => this.#enqueue(stack, 'schedule'), signal),
    );
    this.#background.every(FACTS_INTERVAL_MS, 'facts', () => pool.refreshAllFacts());
    this.#background.keep('history', (signal) => keepStoring(this.#context, signal));
    this.#background.keep('tags', (signal) => keepTagging(this.#context, signal));
    this.#background.keep('push tags', (signal) => keepPushing(this.#context, signal));
    this.#resyncAt = this.#context.clock.elapsed() + this.#resyncMs;
    this.#background.every(this.#resyncMs, 'resync', (signal) => this.#resync(signal));
  }

  /** Throws REPOSITORY_UNREACHABLE while neither this process nor one before it has read which stacks there are. */
  requireRead(): void {
    if (this.#started) this.repository.requireRead();
  }

  /** Returns when a stack is looked at next, at the latest, ISO 8601; `null` where nothing happens by itself. */
  nextLookAt(stack: string): string | null {
    if (!this.#started) return null;
    const { clock } = this.#context;
    const left = Math.min(
      this.#queue.dueIn(stack) ?? Number.POSITIVE_INFINITY,
      this.#places.askedAgainIn(stack) ?? this.#resyncAt - clock.elapsed(),
    );
    return Number.isFinite(left) ? new Date(clock.now() + Math.max(0, left)).toISOString() : null;
  }

  /** Tells whether a push has set off a run of the stack that has not begun. */
  isPushed(stack: string): boolean {
    return this.#parts.pending.isPushed(stack);
  }

  /** Reads the repository in the background. */
  requestSync(): void {
    this.#background.run('read repository', (signal) => this.#read(signal));
  }

  /** Reads the repository; one that cannot be read now leaves the last good revision in force. */
  async refreshIfPossible(signal: AbortSignal): Promise<void> {
    try {
      await this.repository.refresh(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (this.#context.desired.revision === null) throw error;
    }
  }

  /** Does what `refreshIfPossible` does, though a repository that holds nothing yet is as good a place to write to as any. */
  async refreshForWrite(signal: AbortSignal): Promise<void> {
    try {
      await this.refreshIfPossible(signal);
    } catch (error) {
      const isEmpty =
        isReconcilerError(error, 'BRANCH_NOT_FOUND') || isReconcilerError(error, 'EMPTY_REPOSITORY');
      if (!isEmpty) throw error;
    }
  }

  /** Queues a job, or joins one that waits to do the same. Throws at once what `admit` does. */
  request(request: ApplyRequest, signal: AbortSignal): Promise<Job> {
    const key = keyOf(request);
    const same = this.#asked.get(key);
    if (same !== undefined) return same;
    const asked = this.#request(request, signal).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #request(request: ApplyRequest, signal: AbortSignal): Promise<Job> {
    const { stack } = request;
    await this.findLeftovers(stack, signal);
    const admission = await admit(this.#context, request, signal);
    this.#background.signal.throwIfAborted();
    const job = this.#parts.pending.addApply(request, admission);
    this.#queue.resetBackoff(stack);
    this.#queue.addFirst(stack);
    return job.job;
  }

  /** Queues a job. A stop ends what is being applied at the next step boundary. Throws UNKNOWN_STACK. */
  control(request: ControlRequest): Job {
    const { stack, action, actor } = request;
    this.requireRead();
    if (this.#context.desired.get(stack) === undefined)
      throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
    this.#background.signal.throwIfAborted();
    const { job } = this.#parts.pending.addControl(request);
    if (action === 'stop')
      this.#queue.interrupt(stack, new Preempted(`stopped by ${actor?.name ?? request.trigger}`));
    this.#queue.resetBackoff(stack);
    this.#queue.addFirst(stack);
    return job;
  }

  /** See `Reconciler.cancelJob`. @returns whether it was queued, or is run here */
  cancel({ id, stack, type }: Job, by: string): boolean {
    const { desired, stacks } = this.#context;
    const digest = stackDigest(desired.get(stack)?.resources ?? []);
    const reason = new CalledOff(`cancelled by ${by}`, digest);
    const isQueued = this.#parts.pending.cancel(stack, id, reason);
    if (!isQueued && !this.#queue.isRunning(stack)) return false;
    if (!isQueued) this.#queue.interrupt(stack, reason);
    else if (type === 'apply' && (stacks.seen(stack)?.changes.size ?? 0) > 0)
      rememberStack(this.#context, stack, { heldDesired: digest });
    // The next look shows what is left, and puts back what is half done.
    this.#queue.addFirst(stack);
    return true;
  }

  /** Something that decisions rest on has changed by hand. Before `start` nothing happens by itself. */
  lookAgain(stack: string): void {
    if (this.#started) this.#queue.addFirst(stack);
  }

  /** Asks the targets of a stack and brings its shown state up to date, without touching anything. */
  async refreshStatus(stack: string, signal: AbortSignal): Promise<void> {
    await this.findLeftovers(stack, signal);
    await refreshStatus(this.#parts, stack, signal);
  }

  /** Does what `refreshStatus` does; a target that does not answer is left to the next run. */
  async refreshStatusIfPossible(stack: string, signal: AbortSignal): Promise<void> {
    await this.refreshStatus(stack, signal).catch((error: unknown) => {
      if (!isReconcilerError(error)) throw error;
    });
  }

  /** A stack that is not described may still run somewhere: searches every target that the repository names. */
  async findLeftovers(stack: string, signal: AbortSignal): Promise<void> {
    await this.#search.find(stack, signal);
  }

  /** See `Reconciler.leftovers`. @returns their names, sorted */
  leftovers(signal: AbortSignal): Promise<readonly string[]> {
    return this.#search.leftovers(signal);
  }

  /** After a commit of our own: what it says is read at once. */
  async written<T>(write: Promise<T>): Promise<T> {
    const result = await write;
    await this.refreshForWrite(this.#background.signal);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.pending.cancelAll('shutting down');
    await this.#background[Symbol.asyncDispose]();
    await this.#queue[Symbol.asyncDispose]();
    this.#parts.pending.cancelAll('shutting down');
  }

  async #run(stack: string, signal: AbortSignal): Promise<Result> {
    // Requests that come meanwhile wait in the queue as well.
    if (this.#context.holds.isHeld(stack)) return LATER;
    const isAskedFor = this.#parts.pending.has(stack);
    const targets = this.#leaving.has(stack) ? this.#context.stacks.targetsOf(stack) : [];
    try {
      const result = await this.#context.holds.run(stack, () => reconcile(this.#parts, stack, signal));
      this.#places.answered(stack);
      // Before `start` nothing happens by itself.
      return this.#started ? result : { outcome: result.outcome };
    } finally {
      if (this.#started) this.#options.onRun?.(stack);
      this.#places.learn(stack);
      this.#lookFor(stack, targets);
      if (this.#started) for (const name of wokenBy(this.#context, stack)) this.#enqueue(name, 'dependency');
      if (this.#parts.pending.has(stack)) this.#queue.addFirst(stack);
      // A request that was refused, or a restart, has not done what a push meanwhile asks for.
      else if (isAskedFor && this.#parts.pending.isPushed(stack)) this.#queue.add(stack);
    }
  }

  /** A stack that is gone may have had something that another one had made, which is that one's again and is to go as well. */
  #lookFor(gone: string, targets: readonly TargetReference[]): void {
    if (this.#context.stacks.state(gone) !== undefined || !this.#leaving.delete(gone)) return;
    for (const reference of targets) this.#search.soon(reference, this.#background);
  }

  async #read(signal: AbortSignal): Promise<void> {
    try {
      await this.repository.refresh(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#readAgainLater();
    }
  }

  #readAgainLater(): void {
    if (this.#repositoryRetry) return;
    this.#repositoryRetry = true;
    this.#background.run('read repository again', async (signal) => {
      await this.#context.clock.sleep(REPOSITORY_RETRY_MS, signal);
      this.#repositoryRetry = false;
      await this.#read(signal);
    });
  }

  #onLoad(result: LoadResult, revision: Revision): void {
    if (!this.#started) return;
    const { changed, removed } = result;
    const { removals } = this.#parts;
    const isBulk = changed.length + removed.length > BULK_STACKS;
    const reason = whyNotRemoved(this.#context, removed.length);
    const { released } = this.#context.desired.settings();
    for (const stack of removed) {
      if (released.includes(stack)) {
        forget(this.#parts, stack);
        this.#places.forget(stack);
        continue;
      }
      this.#leaving.add(stack);
      if (reason !== null) removals.block(stack, reason);
      this.#pushed(stack, isBulk);
    }
    for (const stack of changed) {
      this.#leaving.delete(stack);
      removals.unblock(stack);
      this.#pushed(stack, isBulk);
    }
    this.#options.onLoad?.(result, revision);
  }

  #pushed(stack: string, isBulk: boolean): void {
    this.#parts.pending.triggeredBy(stack, 'push');
    const commit = this.#context.desired.revision?.commit ?? '';
    this.#context.stacks.enter(stack, { at: 'pushed', commit });
    this.#queue.interrupt(stack, new Preempted(`revision ${commit.slice(0, 10)} takes over`));
    this.#queue.resetBackoff(stack);
    if (isBulk) this.#queue.add(stack);
    else this.#queue.addFirst(stack);
  }

  #onTargetEvent(reference: TargetReference, stack: string | null, awaited: boolean): void {
    const { desired, stacks } = this.#context;
    if (stack === null) {
      this.#search.soon(reference, this.#background);
      for (const name of this.#places.maybeAt(targetKey(reference))) {
        stacks.moved(name);
        this.#enqueue(name, 'drift');
      }
    } else if (stacks.state(stack) !== undefined || desired.get(stack) !== undefined) {
      stacks.moved(stack);
      this.#parts.pending.triggeredBy(stack, 'drift');
      // Looking at what is not well changes nothing, so it need not wait for the next try; what is waited for has come.
      const state = stacks.state(stack);
      if (awaited || state === 'degraded' || state === 'blocked') this.#queue.add(stack, EVENT_DEBOUNCE_MS);
      else this.#queue.hint(stack, EVENT_DEBOUNCE_MS);
    }
  }

  /** One that waits for targets that are away is looked at when they are back. */
  #enqueue(stack: string, trigger: string): void {
    if (this.#places.isWaiting(stack)) return;
    this.#parts.pending.triggeredBy(stack, trigger);
    this.#queue.add(stack);
  }

  #knownStacks(): readonly string[] {
    return [...new Set([...this.#context.desired.names(), ...this.#context.stacks.names()])];
  }

  /** Every described stack has been looked at since, unless it waits long for its next try. */
  async #dropUnusedTargets(): Promise<void> {
    const { pool, desired, clock } = this.#context;
    for (const { reference } of desired.nodes()) pool.get(reference);
    await pool.dropUnused(clock.elapsed() - UNUSED_RESYNCS * this.#resyncMs);
  }

  async #resync(signal: AbortSignal): Promise<void> {
    const { pool } = this.#context;
    await this.#read(signal);
    await this.#search.among([...pool.all().values()], signal);
    for (const stack of this.#knownStacks()) this.#enqueue(stack, 'resync');
    await this.#dropUnusedTargets();
    expireJobs(this.#context, this.#options.keepJobsMs);
    this.#resyncAt = this.#context.clock.elapsed() + this.#resyncMs;
  }
}
