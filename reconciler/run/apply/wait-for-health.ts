import { ReconcilerError } from '../../base/errors.ts';
import type { Health, ResourceId } from '../../model/resource.ts';
import { judgeRun } from '../../model/well.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Target } from '../../ports/target.ts';

export interface HealthWait {
  readonly target: Pick<Target, 'health'>;
  readonly stack: string;
  readonly id: ResourceId;
  /** `completed`: running is not enough, the command has to end with 0. */
  readonly until: 'healthy' | 'completed';
  /** Milliseconds before the first look: with many starts at a time, asking in vain costs more than the wait. */
  readonly firstLookMs: number;
  readonly timeoutMs: number;
  /** Milliseconds that it has to stay well before it is believed, with a probe or without. Default 0. */
  readonly monitorMs?: number;
  /** Milliseconds that a program without a probe has to run; see model/well.ts. Default 0. */
  readonly stableMs?: number;
  /** It was started by the change that is waited for: every restart counts, and no run from before. Default false. */
  readonly isNew?: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
}

const SHORTEST_PAUSE_MS = 100;
const MAX_POLL_PAUSE_MS = 1_000;

/**
 * Looks at one resource until it is well. Throws UNHEALTHY with the target's own reason as soon as it has failed for good, was restarted
 * within its stable time, or when the time is over, and the signal's reason when that aborts.
 */
export async function waitForHealth(wait: HealthWait): Promise<Health> {
  const { clock, signal, timeoutMs } = wait;
  const deadline = clock.elapsed() + timeoutMs;
  const watch = createWatch(wait);
  let pause = SHORTEST_PAUSE_MS;
  let told = '';
  if (wait.firstLookMs > 0) await clock.sleep(Math.min(wait.firstLookMs, timeoutMs), signal);
  for (;;) {
    signal.throwIfAborted();
    const health = await wait.target.health(wait.stack, wait.id, signal);
    if (health.status === 'completed') return health;
    const verdict = wait.until === 'healthy' ? watch(health) : null;
    if (verdict === 'well') return health;
    if (verdict !== null) {
      await clock.sleep(Math.min(MAX_POLL_PAUSE_MS, verdict), signal);
      continue;
    }
    if (isFinal(health)) throw unhealthy(wait.id, describe(health));
    const left = deadline - clock.elapsed();
    if (left <= 0)
      throw unhealthy(
        wait.id,
        `not ${wait.until} after ${Math.round(timeoutMs / 1000)} s: ${describe(health)}`,
      );
    if (health.reason !== undefined && health.reason !== told) {
      told = health.reason;
      wait.progress(`waiting: ${told}`);
    }
    await clock.sleep(Math.min(health.retryAfterMs ?? pause, left), signal);
    pause = Math.min(pause * 2, MAX_POLL_PAUSE_MS);
  }
}

/**
 * Tells of each look whether it is enough: `well`, or after how many milliseconds of the same it will be; `null` while it is not up. Throws
 * UNHEALTHY when it was restarted.
 */
function createWatch({ id, clock, monitorMs = 0, stableMs = 0, isNew = false }: HealthWait) {
  let wellSince: number | null = null;
  let restartsBefore = isNew ? 0 : null;
  return (health: Health): 'well' | number | null => {
    const { run, status } = health;
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
        `not stable, it ended within ${seconds(stableMs)} and was restarted${because(health)}`,
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

function isFinal(health: Health): boolean {
  return health.status !== 'starting' && health.status !== 'healthy';
}

function describe(health: Health): string {
  return health.reason === undefined ? health.status : `${health.status}: ${health.reason}`;
}

function unhealthy(id: ResourceId, reason: string): ReconcilerError {
  return new ReconcilerError('UNHEALTHY', `${id} is ${reason}`, { retryable: true });
}
