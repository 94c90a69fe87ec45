import { isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import type { DesiredResource, Health, ResourceId } from '../../model/resource.ts';
import { adviceToEnd, judgeRun } from '../../model/well.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Target } from '../../ports/target.ts';
import { Disturbed } from './execution.ts';

export interface HealthWait {
  readonly target: Pick<Target, 'health'>;
  readonly stack: string;
  readonly id: ResourceId;
  /** State that is waited for; with `completed`, running is not enough, the command has to end with 0. */
  readonly until: 'healthy' | 'completed';
  /** Milliseconds before the first look: with many starts at a time, asking in vain costs more than the wait. */
  readonly firstLookMs: number;
  /** Time that the service has; what its engine takes to answer does not count. */
  readonly timeoutMs: number;
  /** Milliseconds that it has to stay well before it is believed, with a probe or without. Default 0. */
  readonly monitorMs?: number;
  /** Milliseconds that a program without a probe has to run; see model/well.ts. Default 0. */
  readonly stableMs?: number;
  /** It was started by the change that is waited for: every restart counts, and no run from before. Default false. */
  readonly isNew?: boolean;
  /** Its description, for what to say of it. Left out: not known. */
  readonly desired?: DesiredResource | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
}

const SHORTEST_PAUSE_MS = 100;
const MAX_POLL_PAUSE_MS = 1_000;
/** An engine that takes longer to answer has hung. */
const PROMPT_MS = 10_000;
/** An engine that does not answer for longer is waited for elsewhere. */
const ENGINE_PATIENCE_MS = 90_000;
/** Checks that failed while the engine hung have so long to do better. */
const GRACE_MS = 15_000;

/**
 * Looks at one resource until it is well. Throws UNHEALTHY with the target's own reason as soon as it has failed for good, was restarted
 * within its stable time, or when the time is over, and the signal's reason when that aborts. What is no doing of the service is no failure
 * of it: an engine that hangs or restarts is waited for, for a while, and then its own error is thrown; `Disturbed` is thrown where the
 * resource was stopped or removed.
 */
export async function waitForHealth(wait: HealthWait): Promise<Health> {
  const { clock, signal, timeoutMs } = wait;
  const time = new WaitTime(clock, timeoutMs);
  const watch = createWatch(wait, time);
  let pause = SHORTEST_PAUSE_MS;
  let told = '';
  const tell = (reason: string) => {
    if (reason !== told) wait.progress(`waiting: ${reason}`);
    told = reason;
  };
  if (wait.firstLookMs > 0) await clock.sleep(Math.min(wait.firstLookMs, timeoutMs), signal);
  for (;;) {
    signal.throwIfAborted();
    const health = await look(wait, time);
    if (health === null) {
      tell('the target does not answer');
      await time.lost(() => clock.sleep(MAX_POLL_PAUSE_MS, signal));
      continue;
    }
    if (health.status === 'completed') return health;
    const verdict = wait.until === 'healthy' ? watch(health) : null;
    if (verdict === 'well') return health;
    if (verdict !== null) {
      await clock.sleep(Math.min(MAX_POLL_PAUSE_MS, verdict), signal);
      continue;
    }
    if (isFinal(health) && !(time.inDoubt && mayRecover(health))) throw verdictOf(wait, health, time);
    if (time.left <= 0) {
      throw unhealthy(wait.id, `not ${wait.until} after ${seconds(timeoutMs)}: ${describe(health)}`);
    }
    if (health.reason !== undefined) tell(health.reason);
    await clock.sleep(Math.min(health.retryAfterMs ?? pause, time.left), signal);
    pause = Math.min(pause * 2, MAX_POLL_PAUSE_MS);
  }
}

/**
 * Tells of each look whether it is enough: `well`, or after how many milliseconds of the same it will be; `null` while it is not up. Throws
 * UNHEALTHY when it was restarted by itself, and not together with its target.
 */
function createWatch(wait: HealthWait, time: WaitTime) {
  const { id, clock, monitorMs = 0, stableMs = 0, isNew = false, desired } = wait;
  let wellSince: number | null = null;
  let restartsBefore = isNew ? 0 : null;
  return (health: Health): 'well' | number | null => {
    const { run, status } = health;
    if (time.inDoubt) restartsBefore = run?.restarts ?? restartsBefore;
    if (run !== undefined) restartsBefore ??= run.restarts;
    const watchedMs = wellSince === null ? 0 : clock.elapsed() - wellSince;
    const ranMs = isNew ? watchedMs : Math.max(watchedMs, run?.runningMs ?? 0);
    const verdict =
      run === undefined
        ? 'well'
        : judgeRun(run, { stableMs, watchedMs: ranMs, restartsBefore: restartsBefore ?? 0 });
    if (verdict === 'restarted')
      throw unhealthy(
        id,
        `not stable, it ended within ${seconds(stableMs)} and was restarted${because(health)}${adviceToEnd(run, desired)}`,
      );
    if (status !== 'healthy') {
      wellSince = null;
      return null;
    }
    wellSince ??= clock.elapsed();
    const left = Math.max(monitorMs - watchedMs, verdict === 'well' ? 0 : verdict);
    return left <= 0 ? 'well' : left;
  };
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1_000)} s`;
}

function because({ reason }: Health): string {
  return reason === undefined ? '' : `: ${reason}`;
}

/** Keeps the time of a wait, without that in which the target did not answer. */
class WaitTime {
  readonly #clock: Clock;
  #deadline: number;
  #awaySince: number | null = null;
  #backSince = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#deadline = clock.elapsed() + timeoutMs;
  }

  /** Milliseconds that the service still has. */
  get left(): number {
    return this.#deadline - this.#clock.elapsed();
  }

  /** True for a while after the target did not answer: what it says then may be its own doing. */
  get inDoubt(): boolean {
    return this.#clock.elapsed() - this.#backSince < GRACE_MS;
  }

  /** Waits without the service's time running. */
  async lost<T>(work: () => Promise<T>): Promise<T> {
    const begun = this.#clock.elapsed();
    try {
      return await work();
    } finally {
      this.#deadline += this.#clock.elapsed() - begun;
    }
  }

  /** @returns whether the target is not waited for any longer */
  away(since: number): boolean {
    this.#awaySince ??= since;
    this.#deadline += this.#clock.elapsed() - since;
    return this.#clock.elapsed() - this.#awaySince > ENGINE_PATIENCE_MS;
  }

  answered(asked: number): void {
    const took = this.#clock.elapsed() - asked;
    if (this.#awaySince === null && took <= PROMPT_MS) return;
    this.#deadline += took;
    this.#awaySince = null;
    this.#backSince = this.#clock.elapsed();
  }
}

/** @returns `null` while the target does not answer */
async function look(
  { target, stack, id, clock, signal }: HealthWait,
  time: WaitTime,
): Promise<Health | null> {
  const asked = clock.elapsed();
  try {
    const health = await target.health(stack, id, signal);
    time.answered(asked);
    return health;
  } catch (error) {
    signal.throwIfAborted();
    const isPassing = isReconcilerError(error, 'TARGET_UNREACHABLE') && error.retryable;
    if (!isPassing || time.away(asked)) throw error;
    return null;
  }
}

function isFinal(health: Health): boolean {
  return health.status !== 'starting' && health.status !== 'healthy';
}

/** Tells what the engine itself may put right again after it was away: checks go on, and containers are restarted. */
function mayRecover({ status }: Health): boolean {
  return status === 'unhealthy' || status === 'stopped';
}

function verdictOf({ id, desired }: HealthWait, health: Health, time: WaitTime): ReconcilerError {
  const { status } = health;
  if (status === 'missing') return new Disturbed(`${id} was removed while it was waited for`);
  if (status === 'stopped')
    return new Disturbed(`${id} was stopped while it was waited for: ${describe(health)}`);
  if (status === 'failed' && time.inDoubt)
    return new Disturbed(`${id} ended while its target was away: ${describe(health)}`);
  return unhealthy(id, `${describe(health)}${adviceToEnd(health.run, desired)}`);
}

function describe(health: Health): string {
  return health.reason === undefined ? health.status : `${health.status}: ${health.reason}`;
}

function unhealthy(id: ResourceId, reason: string): ReconcilerError {
  return new ReconcilerError('UNHEALTHY', `${id} is ${reason}`, { retryable: true });
}
