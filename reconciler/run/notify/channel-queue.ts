import { matches } from '../../model/wildcard.ts';
import type { NotifyChoice } from '../../model/notify/events.ts';
import type { Channel } from '../../ports/notifier.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Notice, Notification } from '../../ports/notifier.ts';
import type { ChannelView } from '../../public/notices.ts';
import { Delivery } from './delivery.ts';
import { isTrouble } from './notifications.ts';

export interface ChannelQueueOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Channels that a stack has chosen. */
  readonly choiceOf: (stack: string) => NotifyChoice | undefined;
}

/** Longest sleep: quiet hours are looked at again then, since clocks are set. */
const MAX_SLEEP_MS = 3_600_000;

/** News of one channel: those that are for it, when they may be told. */
export class ChannelQueue implements AsyncDisposable {
  readonly #options: ChannelQueueOptions;
  readonly delivery: Delivery;
  readonly #closing = new AbortController();
  /** Subjects whose trouble was told here: their end is told as well. */
  readonly #open = new Set<string>();
  /** News that wait for the end of quiet hours: the newest of each subject. */
  readonly #held = new Map<string, Notification>();
  #waking: Promise<void> | null = null;

  constructor(options: ChannelQueueOptions) {
    const { channel, clock, logger } = options;
    this.#options = options;
    this.delivery = new Delivery({ notifier: channel.notifier, clock, logger });
  }

  /** Troubles that were told before the start: their end is still to be told. */
  recall(notices: readonly Notice[]): void {
    for (const { type, subject, stack } of notices) {
      if (isTrouble(type) && chooses(this.#options, type, stack === '' ? [] : [stack]))
        this.#open.add(subject);
    }
  }

  /** Returns at once. */
  add(notification: Notification): void {
    if (!this.#isFor(notification)) return;
    const { channel, clock } = this.#options;
    const { type, subject } = notification;
    const quiet = channel.quietUntil(clock.now());
    if (quiet === null || channel.urgent.some((event) => event === type)) {
      // Older news of it would come after these.
      this.#held.delete(keyOf(notification));
      this.#tell(notification);
    } else if (type === 'recovered' && !this.#open.has(subject)) {
      // Nobody was told of the trouble, so its end is no news either.
      this.#held.delete(subject);
    } else {
      this.#held.set(keyOf(notification), notification);
      this.#waking ??= this.#wake().finally(() => (this.#waking = null));
    }
  }

  view(): ChannelView {
    const { channel, clock } = this.#options;
    const { name, type, host, events, stacks = null, isDefault } = channel;
    const until = channel.quietUntil(clock.now());
    return {
      name,
      type,
      host,
      events,
      stacks,
      isDefault,
      quietUntil: until === null ? null : new Date(until).toISOString(),
      waiting: this.delivery.waiting + this.#held.size,
      last: this.delivery.last,
      counts: this.delivery.counts,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#waking;
    await this.delivery[Symbol.asyncDispose]();
  }

  #isFor(notification: Notification): boolean {
    const { type, subject, stack } = notification;
    if (type === 'test') return false;
    if (type === 'recovered') {
      const isOpen = this.#open.has(subject) || this.#held.has(subject);
      // A node that was said to be away is said to be back.
      if (stack === '') return isOpen && this.#options.channel.events.includes(type);
      return isOpen && chooses(this.#options, type, [stack]);
    }
    if (type === 'node_away') return chooses(this.#options, type, notification.stacks);
    return chooses(this.#options, type, stack === '' ? [] : [stack]);
  }

  #tell(notification: Notification): void {
    const { type, subject } = notification;
    if (isTrouble(type)) this.#open.add(subject);
    else if (type === 'recovered') this.#open.delete(subject);
    this.delivery.add(notification);
  }

  /** Tells what waits when quiet hours are over. */
  async #wake(): Promise<void> {
    const { channel, clock } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const until = channel.quietUntil(clock.now());
      if (until === null) break;
      const pause = Math.min(MAX_SLEEP_MS, Math.max(1_000, until - clock.now()));
      await clock.sleep(pause, signal).catch(() => undefined);
    }
    if (signal.aborted) return;
    const waiting = [...this.#held.values()];
    this.#held.clear();
    for (const notification of waiting) this.#tell(notification);
  }
}

/** A deployment that went well does not take the place of a trouble. */
function keyOf({ type, subject }: Notification): string {
  return type === 'synced' ? `${subject} deployed` : subject;
}

/**
 * Tells whether one of the stacks wants such news here. News of no stack are for channels that are everybody's.
 *
 * @param stacks stacks that it concerns; empty: it is of no stack
 */
function chooses(
  { channel, choiceOf }: Pick<ChannelQueueOptions, 'channel' | 'choiceOf'>,
  type: Exclude<Notification['type'], 'test'>,
  stacks: readonly string[],
): boolean {
  const { name, events, isDefault, stacks: patterns } = channel;
  const isCommon = patterns === undefined && isDefault && events.includes(type);
  if (stacks.length === 0) return isCommon;
  return stacks.some((stack) => {
    if (patterns !== undefined && !patterns.some((pattern) => matches(pattern, stack))) return false;
    const choice = choiceOf(stack);
    if (choice === undefined) return isDefault && events.includes(type);
    const chosen = choice.get(name);
    return chosen !== undefined && (chosen ?? events).includes(type);
  });
}
