import type { Clock } from '../../../ports/clock.ts';
import { PassingError, unreachable } from '../errors.ts';
import type { Deadline } from './deadline.ts';

/** Pauses before a question is asked again, in milliseconds: those who are listened to for a moment only are not asked for minutes. */
const PAUSES_MS: readonly number[] = [1_000, 3_000];
/** Longest wait that a server asks for and that is waited for at once; whoever asks during a longer one is told. */
const MAX_WAIT_MS = 10_000;
/** Longest time for which a server is believed that it wants to be left alone. */
const MAX_QUIET_MS = 3_600_000;

/**
 * Asks a server, again where the answer was that there is none for the moment.
 *
 * @param changes true for a question that changes something: only one that was sent back unread is asked again. Default false
 */
export type Ask = <T>(question: () => Promise<T>, deadline: Deadline, changes?: boolean) => Promise<T>;

/**
 * Asks one server: again after a pause when it is in trouble for a moment or its answer was cut short, and not before the time that it has named
 * (`Retry-After`). Until then questions fail at once, without one to the server.
 *
 * @param location of the repository, as errors tell of it
 */
export function createRetries(location: string, clock: Clock): Ask {
  let quietUntil = Number.NEGATIVE_INFINITY;
  const waitOut = async (deadline: Deadline): Promise<void> => {
    const left = quietUntil - clock.elapsed();
    if (left <= 0) return;
    if (left > MAX_WAIT_MS)
      throw unreachable(
        location,
        `the server has asked to be left alone, for another ${Math.ceil(left / 1_000)} s`,
      );
    await pause(clock, left, deadline);
  };
  return async (question, deadline, changes = false) => {
    for (let attempt = 0; ; attempt += 1) {
      await waitOut(deadline);
      try {
        return await question();
      } catch (error) {
        if (!(error instanceof PassingError) || deadline.signal.aborted) throw error;
        const { pauseMs } = error;
        if (pauseMs !== null) quietUntil = clock.elapsed() + Math.min(pauseMs, MAX_QUIET_MS);
        const next = PAUSES_MS[attempt];
        const mayRepeat = pauseMs === null ? !changes : pauseMs <= MAX_WAIT_MS;
        if (next === undefined || !mayRepeat) throw error;
        if (pauseMs === null) await pause(clock, next, deadline);
      }
    }
  };
}

async function pause(clock: Clock, milliseconds: number, deadline: Deadline): Promise<void> {
  deadline.touch();
  await clock.sleep(milliseconds, deadline.signal);
  deadline.touch();
}
