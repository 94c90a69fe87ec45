import { errorMessage } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

const RESTART_MS = 5_000;

/** Work that goes on until the process ends; closing stops it and waits for it. */
export class Background implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs once in the background; a failure is logged. */
  run(name: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    if (!this.signal.aborted) void this.#start(name, work);
  }

  #start(name: string, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const running = work(this.signal)
      .catch((error: unknown) => {
        if (!this.signal.aborted)
          this.#logger.warn({ task: name, error: errorMessage(error) }, 'background task failed');
      })
      .then(() => undefined)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Runs what all else depends on: a failure is logged, and it begins again after a pause. */
  keep(name: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    this.run(name, async (signal) => {
      for (let failed = true; failed;) {
        failed = await work(signal).then(
          () => false,
          (error: unknown) => {
            signal.throwIfAborted();
            this.#logger.warn(
              { task: name, error: errorMessage(error) },
              'background task failed, it begins again',
            );
            return true;
          },
        );
        if (failed) await this.#clock.sleep(RESTART_MS, signal);
      }
    });
  }

  /** Runs again and again with a pause between the end of one and the start of the next; the first pause comes first. */
  every(milliseconds: number, name: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    this.run(name, async (signal) => {
      for (;;) {
        await this.#clock.sleep(milliseconds, signal);
        await this.#start(name, work);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }
}
