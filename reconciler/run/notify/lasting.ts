import type { Clock } from '../../ports/clock.ts';
import type { Notification } from '../../ports/notifier.ts';

/** Holds back news that may be over in a moment, one for each subject. */
export class Lasting implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #hand: (notification: Notification) => void;
  readonly #closing = new AbortController();
  readonly #young = new Map<string, { newest: Notification }>();
  readonly #waiting = new Set<Promise<void>>();

  /** @param hand takes what has lasted; what has not when it is disposed of is seen again by whoever comes after */
  constructor(clock: Clock, hand: (notification: Notification) => void) {
    this.#clock = clock;
    this.#hand = hand;
  }

  /**
   * Hands it on once its subject has been so for so long: in trouble, or well. A newer trouble takes the place of one that waits, and its time; an end
   * that of a trouble, or a trouble that of an end, begins anew.
   */
  wait(notification: Notification, milliseconds: number): void {
    const { subject } = notification;
    const waiting = this.#young.get(subject);
    const isEnd = notification.type === 'recovered';
    const known = (waiting?.newest.type === 'recovered') === isEnd ? waiting : undefined;
    if (milliseconds === 0) {
      this.#young.delete(subject);
      this.#hand(notification);
    } else if (known === undefined) {
      const young = { newest: notification };
      this.#young.set(subject, young);
      const wait = this.#last(subject, young, milliseconds).finally(() => this.#waiting.delete(wait));
      this.#waiting.add(wait);
    } else known.newest = notification;
  }

  /** Forgets what waits of a subject: it is no news any more. */
  callOff(subject: string): void {
    this.#young.delete(subject);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#waiting);
  }

  async #last(subject: string, young: { newest: Notification }, milliseconds: number): Promise<void> {
    const { signal } = this.#closing;
    await this.#clock.sleep(milliseconds, signal).catch(() => undefined);
    if (signal.aborted) return;
    // It was over in between, and this may be another one.
    if (this.#young.get(subject) !== young) return;
    this.#young.delete(subject);
    this.#hand(young.newest);
  }
}
