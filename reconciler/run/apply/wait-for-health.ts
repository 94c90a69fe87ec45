import { ReconcilerError } from '../../base/errors.ts';
import type { Health, ResourceId } from '../../model/resource.ts';
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
  /** Has to stay well for so long before it is believed. Default 0. */
  readonly stableMs?: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (message: string) => void;
}

const SHORTEST_PAUSE_MS = 100;
const MAX_POLL_PAUSE_MS = 1_000;

/**
 * Looks at one resource until it is well. Throws UNHEALTHY with the target's own reason as soon as it has failed for good or when the time is
 * over, and the signal's reason when that aborts.
 */
export async function waitForHealth(wait: HealthWait): Promise<Health> {
  const { clock, signal, timeoutMs, stableMs = 0 } = wait;
  const deadline = clock.elapsed() + timeoutMs;
  let wellSince: number | null = null;
  let pause = SHORTEST_PAUSE_MS;
  let told = '';
  if (wait.firstLookMs > 0) await clock.sleep(Math.min(wait.firstLookMs, timeoutMs), signal);
  for (;;) {
    signal.throwIfAborted();
    const health = await wait.target.health(wait.stack, wait.id, signal);
    if (health.status === 'completed') return health;
    if (health.status === 'healthy' && wait.until === 'healthy') {
      wellSince ??= clock.elapsed();
      const watched = stableMs - (clock.elapsed() - wellSince);
      if (watched <= 0) return health;
      await clock.sleep(Math.min(MAX_POLL_PAUSE_MS, watched), signal);
      continue;
    }
    wellSince = null;
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

function isFinal(health: Health): boolean {
  return health.status !== 'starting' && health.status !== 'healthy';
}

function describe(health: Health): string {
  return health.reason === undefined ? health.status : `${health.status}: ${health.reason}`;
}

function unhealthy(id: ResourceId, reason: string): ReconcilerError {
  return new ReconcilerError('UNHEALTHY', `${id} is ${reason}`, { retryable: true });
}
