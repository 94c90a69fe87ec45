import { errorMessage } from '../../../reconciler/index.ts';
import type { Logger } from '../../../reconciler/index.ts';

/** Faults that come sooner after the one before are not logged: writing the log may be what fails. */
const PAUSE_MS = 1_000;

/**
 * Keeps a daemon alive through errors that nobody has caught: they belong to one request, one target or one file, and all others have nothing to do
 * with them. Each is logged with its stack.
 */
export function surviveFaults(process: Pick<NodeJS.Process, 'on' | 'off'>, logger: Logger): Disposable {
  let last = Number.NEGATIVE_INFINITY;
  const note = (error: unknown): void => {
    const now = performance.now();
    if (now - last < PAUSE_MS) return;
    last = now;
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error({ error: errorMessage(error), stack }, 'a fault that nobody caught; the daemon goes on');
  };
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  return {
    [Symbol.dispose]() {
      process.off('uncaughtException', note);
      process.off('unhandledRejection', note);
    },
  };
}
