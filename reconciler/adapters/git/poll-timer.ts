import type { Clock } from '../../ports/clock.ts';

/** Part of the interval by which a look comes earlier or later, so that many daemons do not ask one server in step. */
const INTERVAL_JITTER = 0.1;

/**
 * Calls back at once and then about every interval, whatever becomes of the time of day. Resolves when the signal aborts. Only the clock of it:
 * run/loop/repository-loop.ts then asks the remote (remote-source.ts, remote/remote-mirror.ts) and notices a push.
 *
 * @param options `intervalMs` in milliseconds
 */
export async function pollRemote(
  { intervalMs, clock }: { readonly intervalMs: number; readonly clock: Clock },
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    onChange();
    const pause = Math.max(1, intervalMs * (1 + INTERVAL_JITTER * (2 * clock.random() - 1)));
    await clock.sleep(pause, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
