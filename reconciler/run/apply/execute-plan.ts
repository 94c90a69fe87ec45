import { isReconcilerError } from '../../base/errors.ts';
import type { Dependency, Health, ResourceId } from '../../model/resource.ts';
import type { Change } from '../../plan/plan.ts';
import type { ApplyContext, ResourceChange } from '../../ports/target.ts';
import type { ChangeTarget, ExecuteOptions, ExecuteResult, StepFailure } from './execution.ts';
import { Disturbed, isVerdict, messageOf, Preempted, Reverted } from './execution.ts';
import type { Member, Outcome } from './rollouts.ts';
import { stableTime } from '../../model/well.ts';
import { refuseUnchanged } from './effect.ts';
import { isRevertible, Reverts } from './reverts.ts';
import { TargetQueues } from './target-queues.ts';
import { putBackAll, Rollouts } from './rollouts.ts';
import { waitForHealth } from './wait-for-health.ts';

/** `held`: healthy, and waiting for the rest of its service before the old one is let go. */
type Phase = 'waiting' | 'running' | 'applied' | 'held' | 'done' | 'failed';

const DEFAULT_HEALTH_TIMEOUT_MS = 120_000;

/** Walks the plan's graph. Decides nothing: order, actions and what to wait for all stand in the plan. */
export async function executePlan(options: ExecuteOptions): Promise<ExecuteResult> {
  const run = new PlanRun(options);
  return run.execute();
}

class PlanRun {
  readonly #options: ExecuteOptions;
  readonly #phases = new Map<ResourceId, Phase>();
  /** Changes in the order of the plan; may still hold some that wait no longer. */
  readonly #waiting: Set<Change>;
  readonly #running = new Set<Promise<void>>();
  readonly #begun = new Set<ResourceId>();
  /** Changes whose old object makes room for others: on its way there, or stopped. */
  readonly #released = new Map<ResourceId, 'running' | 'done'>();
  readonly #failures: StepFailure[] = [];
  readonly #awaitedCompletion: ReadonlySet<ResourceId>;
  readonly #rollouts: Rollouts;
  readonly #reverts = new Reverts((change) => this.#settle(change, 'revert'));
  readonly #queues: TargetQueues;
  #changed = 0;
  #cancelled = false;
  #wake: () => void = () => undefined;

  constructor(options: ExecuteOptions) {
    this.#options = options;
    this.#rollouts = new Rollouts(options.plan.changes);
    const dependencies = options.plan.changes.flatMap((change) => change.dependsOn);
    this.#awaitedCompletion = new Set(
      dependencies.filter(({ until }) => until === 'completed').map(({ id }) => id),
    );
    this.#waiting = new Set(
      options.plan.changes.filter(({ action, verify }) => action !== 'no-op' || verify),
    );
    this.#queues = new TargetQueues(this.#waiting, options.slotsOf);
    for (const change of options.plan.changes)
      this.#phases.set(change.id, this.#waiting.has(change) ? 'waiting' : 'done');
  }

  async execute(): Promise<ExecuteResult> {
    const { plan, signal } = this.#options;
    for (;;) {
      if (!signal.aborted) this.#startReady();
      if (!signal.aborted && this.#finishRollouts()) continue;
      if (this.#running.size === 0) break;
      await this.#nextEvent();
    }
    if (signal.aborted) await this.#letGoHeld();
    this.#failures.push(...(await this.#reverts.revertStuck()));
    await this.#undoReleases(plan.changes);
    this.#endUnstarted(plan.changes);
    return { changed: this.#changed, failures: this.#failures, cancelled: this.#cancelled };
  }

  #startReady(): void {
    for (const change of this.#waiting) {
      if (this.#queues.areFull()) return; // whatever frees a slot looks again
      if (this.#phases.get(change.id) !== 'waiting') {
        this.#waiting.delete(change);
        continue;
      }
      if (this.#queues.isFull(change)) continue;
      const culprit = change.dependsOn.find((dependency) => this.#isLost(dependency));
      if (culprit !== undefined) this.#skip(change, `${culprit.id} failed`);
      else if (this.#rollouts.isHalted(change)) this.#skip(change, 'the update of the service was stopped');
      else if (this.#released.get(change.id) !== 'running') {
        const unmet = change.dependsOn.filter((dependency) => !this.#isMet(change, dependency));
        if (unmet.length === 0) this.#start(change);
        else if (unmet.every(({ until }) => until === 'released')) this.#demandRelease(unmet);
      }
    }
  }

  #isMet(change: Change, { id, until }: Dependency): boolean {
    const phase = this.#phases.get(id) ?? 'done';
    // Members of an exchange are kept or put back together: one that is well is all that another one can wait for.
    if (phase === 'held' && this.#rollouts.exchanges(change, id)) return true;
    if (
      until === 'released' &&
      (phase === 'applied' || phase === 'held' || this.#released.get(id) === 'done')
    )
      return true;
    if (phase === 'done') return true;
    if (until === 'ended') return phase === 'failed' || phase === 'held';
    return until === 'applied' && (phase === 'applied' || phase === 'held');
  }

  #isLost({ id, until }: Dependency): boolean {
    return until !== 'ended' && this.#phases.get(id) === 'failed';
  }

  #skip(change: Change, message: string): void {
    this.#phases.set(change.id, 'failed');
    this.#rollouts.end(change);
    this.#options.onStep(change, { status: 'skipped', message });
  }

  #start(change: Change): void {
    this.#phases.set(change.id, 'running');
    this.#begun.add(change.id);
    this.#queues.take(change);
    this.#track(this.#carryOut(change));
  }

  #track(started: Promise<void>): void {
    const work = started.finally(() => {
      this.#running.delete(work);
      this.#wake();
    });
    this.#running.add(work);
  }

  /** Nothing else is waited for any more: the old containers that are in the way are stopped. */
  #demandRelease(dependencies: readonly Dependency[]): void {
    for (const { id } of dependencies) {
      const holder = this.#options.plan.changes.find((change) => change.id === id);
      if (holder === undefined || this.#phases.get(id) !== 'waiting' || this.#released.has(id)) continue;
      this.#released.set(id, 'running');
      this.#track(this.#release(holder));
    }
  }

  async #release(change: Change): Promise<void> {
    try {
      // A change with nothing to release stands in nobody's way.
      const target = this.#options.targetOf(change);
      await target.release?.(this.#resourceOf(change), 'stop', this.#contextOf(change));
      this.#released.set(change.id, 'done');
    } catch (error) {
      this.#phases.set(change.id, 'failed');
      this.#rollouts.end(change);
      if (this.#options.signal.aborted) this.#cancel(change);
      else this.#fail(change, error);
    }
  }

  /**
   * Old containers that made room for a change that never came run again. A newer plan continues from where this one ends, and finds them; of a
   * network it would find nothing.
   */
  async #undoReleases(changes: readonly Change[]): Promise<void> {
    const isPreempted = this.#options.signal.reason instanceof Preempted;
    const stopped = changes.filter(
      ({ id, kind }) =>
        this.#released.has(id) &&
        !this.#begun.has(id) &&
        (kind === 'network' || (!isPreempted && this.#options.desired.has(id))),
    );
    for (const change of stopped) {
      try {
        const target = this.#options.targetOf(change);
        await target.release?.(this.#resourceOf(change), 'undo', this.#settling(change));
      } catch (error) {
        // Another network may have its addresses by now: the newer plan makes it as it is described then.
        if (!isPreempted) this.#failures.push({ id: change.id, error, reverted: false });
      }
    }
  }

  #resourceOf(change: Change): ResourceChange {
    const described = change.action === 'delete' ? null : (this.#options.desired.get(change.id) ?? null);
    const resource = { change: this.#options.asKnown(change), desired: described };
    const isShared = change.kind === 'network' && change.action === 'replace';
    return isShared ? { ...resource, described: [...this.#options.desired.values()] } : resource;
  }

  async #carryOut(change: Change): Promise<void> {
    const { onStep, signal } = this.#options;
    let slot = true;
    const freeSlot = () => {
      if (slot) this.#queues.free(change);
      slot = false;
    };
    try {
      onStep(change, { status: 'running' });
      const health = await this.#applyAndWait(change, freeSlot);
      await this.#rest(change);
      if (this.#rollouts.holds(change)) {
        this.#phases.set(change.id, 'held');
        this.#rollouts.hold(change);
        onStep(change, { status: 'running', message: 'healthy; the old one is kept until all are' });
      } else this.#complete(change, health);
    } catch (error) {
      this.#phases.set(change.id, 'failed');
      if (signal.aborted) this.#cancel(change);
      else this.#fail(change, error);
    } finally {
      this.#rollouts.end(change);
      freeSlot();
    }
  }

  #complete(change: Change, health: Health | null): void {
    this.#phases.set(change.id, 'done');
    if (change.action !== 'no-op') this.#changed += 1;
    this.#options.onStep(change, { status: 'completed', ...(health === null ? {} : { health }) });
  }

  /** The pause before the next batch. What has been done stays done when it is cut short. */
  async #rest({ rollout }: Change): Promise<void> {
    if (rollout === undefined || rollout.delayMs === 0 || rollout.batch === rollout.batches) return;
    const { clock, signal } = this.#options;
    await clock.sleep(rollout.delayMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  /** @returns whether there was any to finish */
  #finishRollouts(): boolean {
    const groups = [...this.#rollouts.finished()];
    for (const { outcome, members } of groups)
      this.#track(outcome === 'keep' ? this.#keepAll(members) : this.#revertAll(members));
    return groups.length > 0;
  }

  async #keepAll(members: readonly Member[]): Promise<void> {
    for (const { change } of members) {
      try {
        await this.#settle(change, 'keep');
        this.#complete(change, null);
      } catch (error) {
        this.#phases.set(change.id, 'failed');
        this.#fail(change, error);
      }
    }
  }

  /** A container of the service failed for good: those that were replaced before it go back, too. */
  #revertAll(members: readonly Member[]): Promise<void> {
    const { clock, signal } = this.#options;
    return putBackAll(members, {
      clock,
      signal,
      putBack: (change) => this.#putBack(change),
      leave: (change) => {
        this.#phases.set(change.id, 'failed');
        this.#fail(change, new Error('left as it is: another one could not be put back'));
      },
    });
  }

  async #putBack(change: Change): Promise<boolean> {
    const cause = this.#causeOf(change);
    this.#phases.set(change.id, 'failed');
    try {
      await this.#reverts.revert(change, cause);
      this.#fail(change, new Reverted(cause));
      return true;
    } catch (error) {
      this.#fail(change, error);
      return false;
    }
  }

  /** A verdict on one container of a service is one on all; what was done to one from outside is none. */
  #causeOf({ rollout }: Change): Error {
    const message = 'another container of the service failed';
    const members = this.#options.plan.changes.filter((one) => one.rollout?.group === rollout?.group);
    const errors = this.#failures.flatMap(({ id, error }) =>
      members.some((one) => one.id === id) ? error : [],
    );
    return errors.some(isVerdict) ? new Error(message) : new Disturbed(message);
  }

  /** The run was stopped: what is healthy stays, unless a newer revision takes over and goes on from here. */
  async #letGoHeld(): Promise<void> {
    const held = this.#rollouts.takeHeld();
    if (!(this.#options.signal.reason instanceof Preempted)) return this.#keepAll(held);
    for (const { change } of held) this.#cancel(change);
  }

  async #applyAndWait(change: Change, freeSlot: () => void): Promise<Health | null> {
    const target = this.#options.targetOf(change);
    const resource = this.#resourceOf(change);
    const stableMs = await this.#stableMs(change, target);
    if (change.action !== 'no-op') await this.#apply(change, target);
    freeSlot();
    this.#phases.set(change.id, 'applied');
    this.#wake();
    if (resource.desired === null) return null;
    try {
      const health = await this.#waitForHealth(change, target, stableMs);
      refuseUnchanged(change, health);
      if (isRevertible(change) && !this.#rollouts.holds(change)) await this.#settle(change, 'keep');
      return health;
    } catch (error) {
      const isFinal =
        !isRevertible(change) || target.settle === undefined || isReconcilerError(error, 'NO_EFFECT');
      // An engine that does not answer puts nothing back: the next plan goes on from here.
      const isAway = isReconcilerError(error, 'TARGET_UNREACHABLE');
      if (isFinal || isAway || this.#options.signal.reason instanceof Preempted) throw error;
      await this.#reverts.revert(change, error);
      throw new Reverted(error);
    }
  }

  async #apply(change: Change, target: ChangeTarget): Promise<void> {
    try {
      await target.apply(this.#resourceOf(change), this.#contextOf(change));
    } catch (error) {
      const isExchange = change.rollout?.exchange === true && target.settle !== undefined;
      // The target may have been unable to undo this one: another one of the exchange has what it needs.
      if (isExchange && !(this.#options.signal.reason instanceof Preempted))
        await this.#reverts.revert(change, error);
      throw error;
    }
  }

  async #settle(change: Change, outcome: Outcome): Promise<void> {
    const target = this.#options.targetOf(change);
    await target.settle?.(this.#resourceOf(change), outcome, this.#settling(change));
  }

  /** The version that runs tells what the next one may need. */
  async #stableMs({ id, action, fields }: Change, target: ChangeTarget): Promise<number> {
    const { desired, plan, signal } = this.#options;
    const stableMs = desired.get(id)?.stableMs ?? this.#options.stableMs ?? 0;
    const takesOver = action === 'replace' || (action === 'update' && fields.length > 0);
    if (stableMs === 0 || !takesOver || !desired.has(id)) return stableMs;
    return stableTime(stableMs, (await target.health(plan.stack, id, signal)).run);
  }

  #waitForHealth(change: Change, target: ChangeTarget, stableMs: number): Promise<Health> {
    const { plan, clock, signal, desired, onStep } = this.#options;
    const until = this.#awaitedCompletion.has(change.id) ? 'completed' : 'healthy';
    const resource = desired.get(change.id);
    const timeoutMs = resource?.healthTimeoutMs ?? DEFAULT_HEALTH_TIMEOUT_MS;
    const progress = (message: string) => onStep(change, { status: 'running', message });
    const isStarted = change.action === 'create' || change.action === 'replace';
    return waitForHealth({
      firstLookMs: isStarted ? (target.firstLookMs?.(change.kind) ?? 0) : 0,
      target,
      stack: plan.stack,
      id: change.id,
      until,
      timeoutMs,
      clock,
      monitorMs: change.rollout?.monitorMs ?? 0,
      stableMs,
      isNew: isStarted || isRevertible(change),
      desired: resource,
      signal,
      progress,
    });
  }

  #contextOf(change: Change): ApplyContext {
    const { plan, branch, readBlob, signal, onStep } = this.#options;
    const progress = (message: string) => onStep(change, { status: 'running', message });
    return { stack: plan.stack, revision: plan.revision, branch, signal, readBlob, progress };
  }

  /** Ending a replace must not itself be cut short. */
  #settling(change: Change): ApplyContext {
    return { ...this.#contextOf(change), signal: new AbortController().signal };
  }

  #fail(change: Change, error: unknown): void {
    this.#rollouts.failed(change);
    const reverted = error instanceof Reverted;
    this.#failures.push({ id: change.id, error, reverted });
    this.#options.onStep(change, { status: reverted ? 'reverted' : 'failed', message: messageOf(error) });
  }

  #cancel(change: Change): void {
    this.#cancelled = true;
    this.#options.onStep(change, { status: 'cancelled', message: messageOf(this.#options.signal.reason) });
  }

  #endUnstarted(changes: readonly Change[]): void {
    for (const change of changes) {
      if (this.#phases.get(change.id) === 'waiting') this.#cancel(change);
    }
  }

  #nextEvent(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}
