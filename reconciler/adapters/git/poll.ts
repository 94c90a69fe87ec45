import { CronJob } from 'cron';
import type { Clock } from '../../ports/clock.ts';
import { untilAborted } from './remote/deadline.ts';

/** Part of the interval by which a look comes earlier or later, so that many daemons do not ask one server in step. */
const JITTER = 0.1;

/**
 * Calls back at once and then about every interval. Resolves when the signal aborts.
 *
 * @param options `intervalMs` in milliseconds
 */
export async function pollRemote(
  options: { readonly intervalMs: number; readonly clock: Clock },
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  let job: CronJob | undefined;
  const tick = (): void => {
    if (!signal.aborted) onChange();
    schedule();
  };
  const schedule = (): void => {
    if (signal.aborted) return;
    const delay = Math.max(1, options.intervalMs * (1 + JITTER * (2 * options.clock.random() - 1)));
    const cronTime = new Date(Date.now() + delay);
    try {
      job = CronJob.from({ cronTime, onTick: tick, start: true });
    } catch {
      // The process stood still, or the clock was set, beyond the time: cron refuses dates in the past, and the look is due.
      setTimeout(tick, delay).unref();
    }
  };
  if (!signal.aborted) onChange();
  schedule();
  await untilAborted(signal);
  await job?.stop();
}
