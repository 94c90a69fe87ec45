import { untilAborted, withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Notification, Notifier } from '../../ports/notifier.ts';

export interface DeliveryOptions {
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Most that wait; the oldest goes for one more. Default 100. */
  readonly capacity?: number;
  /** Deadline of one attempt, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

/** Pauses before the second and the third attempt. */
const PAUSES_MS = [1_000, 5_000] as const;

/** Hands notifications to one notifier, one at a time and in order, whatever the notifier does. */
export class Delivery implements AsyncDisposable {
  readonly #options: Required<DeliveryOptions>;
  readonly #waiting: Notification[] = [];
  readonly #closing = new AbortController();
  #work: Promise<void> | null = null;

  constructor(options: DeliveryOptions) {
    this.#options = { capacity: 100, timeoutMs: 10_000, ...options };
  }

  /** Returns at once. */
  add(notification: Notification): void {
    const { capacity, logger, notifier } = this.#options;
    if (this.#closing.signal.aborted) return;
    this.#waiting.push(notification);
    if (this.#waiting.length > capacity) {
      const dropped = this.#waiting.shift();
      logger.warn(
        { notifier: notifier.name, stack: dropped?.stack, type: dropped?.type },
        'too many notifications wait: the oldest is dropped',
      );
    }
    this.#work ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    // The publisher must not wait for what a notifier does first.
    await Promise.resolve();
    const { signal } = this.#closing;
    for (let next = this.#waiting.shift(); next && !signal.aborted; next = this.#waiting.shift())
      await this.#deliver(next);
    // Nulled before anything is awaited, so that what comes now begins anew.
    this.#work = null;
  }

  async #deliver(notification: Notification): Promise<void> {
    const { notifier, clock, logger } = this.#options;
    const { signal } = this.#closing;
    for (const pause of [...PAUSES_MS, null]) {
      try {
        return await this.#attempt(notification);
      } catch (error) {
        if (signal.aborted) return;
        const { stack, type } = notification;
        const data = { notifier: notifier.name, stack, type, error: errorMessage(error) };
        if (pause === null) return logger.error(data, 'a notification could not be delivered');
        logger.warn(data, 'a notification could not be delivered; it is tried again');
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    }
  }

  /** Ends with its time also when the notifier does not heed its signal. */
  #attempt(notification: Notification): Promise<void> {
    const { notifier, timeoutMs } = this.#options;
    return withAbortScope({ signals: [this.#closing.signal], timeoutMs }, (signal) =>
      untilAborted(notifier.notify(notification, signal), signal),
    );
  }
}
