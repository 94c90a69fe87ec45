import { untilAborted, withAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Notification, Notifier } from '../../ports/notifier.ts';
import type { Delivered } from '../../public/notices.ts';

export interface DeliveryOptions {
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Most that wait; the oldest goes for one more. Default 100. */
  readonly capacity?: number;
  /** Deadline of one attempt, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

/** Pauses before the second attempt and those after it. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000] as const;

const TIMEOUT_MS = 10_000;

/** Hands notifications to one notifier, one at a time and in order, whatever the notifier does. */
export class Delivery implements AsyncDisposable {
  readonly #options: Required<DeliveryOptions>;
  readonly #waiting: Notification[] = [];
  readonly #closing = new AbortController();
  #work: Promise<void> | null = null;
  #last: Delivered | null = null;
  #counts = { delivered: 0, failed: 0 };

  constructor(options: DeliveryOptions) {
    this.#options = { capacity: 100, timeoutMs: TIMEOUT_MS, ...options };
  }

  /** Result of the newest attempt. */
  get last(): Delivered | null {
    return this.#last;
  }

  /** Attempts of this process, by how they went. */
  get counts(): { readonly delivered: number; readonly failed: number } {
    return this.#counts;
  }

  /** Number of those that wait, the one that is under way left out. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Returns at once. */
  add(notification: Notification): void {
    const { capacity, logger, notifier } = this.#options;
    if (this.#closing.signal.aborted) return;
    this.#waiting.push(notification);
    if (this.#waiting.length > capacity) {
      const dropped = this.#waiting.shift();
      logger.warn(
        { notifier: notifier.name, subject: dropped?.subject, type: dropped?.type },
        'too many notifications wait: the oldest is dropped',
      );
    }
    this.#work ??= this.#run();
  }

  /** Tries one at once, beside those that wait, and once only. Ends with its time also when the notifier does not heed its signal. */
  async attempt(notification: Notification, signal?: AbortSignal): Promise<void> {
    const { notifier, timeoutMs, clock } = this.#options;
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    const note = (error: string | null) => {
      this.#last = { time: new Date(clock.now()).toISOString(), error };
      this.#counts[error === null ? 'delivered' : 'failed'] += 1;
    };
    try {
      await withAbortScope({ signals, timeoutMs, timeoutReason: () => tooLate(timeoutMs) }, (scope) =>
        untilAborted(notifier.notify(notification, scope), scope),
      );
      note(null);
    } catch (error) {
      note(errorMessage(error));
      throw error;
    }
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
        return await this.attempt(notification);
      } catch (error) {
        if (signal.aborted) return;
        const { subject, type } = notification;
        const data = { notifier: notifier.name, subject, type, error: errorMessage(error) };
        const isFinal = isReconcilerError(error) && !error.retryable;
        if (pause === null || isFinal) return logger.error(data, 'a notification could not be delivered');
        logger.warn(data, 'a notification could not be delivered; it is tried again');
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    }
  }
}

function tooLate(milliseconds: number): Error {
  return new Error(`no answer within ${milliseconds / 1_000} s`);
}
