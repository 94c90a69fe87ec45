import type { NewsEvent } from '../model/notify/events.ts';
import type { ChannelType } from '../ports/notifier.ts';
import type { Notice, NoticeCount, ReadNotice } from '../ports/notifier.ts';

/** News of stacks that the daemon has kept, the newest thousand, with a mark for each reader. A reader is known by the e-mail address. */
export interface NoticeOperations {
  /** The newest first. */
  listNotices(
    reader: string,
    page: { readonly offset: number; readonly limit: number },
  ): readonly ReadNotice[];
  countNotices(reader: string): NoticeCount;
  /** Marks one as read; `false` when there is no such. */
  markNotice(reader: string, number: number): boolean;
  /** Marks all of now as read. */
  markNotices(reader: string): void;
  /** Calls the listener with each notice as it is kept. */
  watchNotices(listener: (notice: Notice) => void): Disposable;
}

/** One way to people that the operator has set up. */
export interface ChannelView {
  readonly name: string;
  readonly type: ChannelType;
  /** Host that it leads to; `null` where the whole address is a secret. */
  readonly host: string | null;
  readonly events: readonly NewsEvent[];
  /** Patterns of the stacks that may choose it; `null`: all. */
  readonly stacks: readonly string[] | null;
  /** Told also of stacks that have chosen nothing. */
  readonly isDefault: boolean;
  /** When its quiet hours of now end, ISO 8601; `null` when there are none. */
  readonly quietUntil: string | null;
  /** Number of those that wait to be delivered, for the end of quiet hours too. */
  readonly waiting: number;
  /** The newest delivery of this process; `null`: there was none. */
  readonly last: Delivered | null;
  /** Attempts of this process, by how they went. */
  readonly counts: { readonly delivered: number; readonly failed: number };
}

/** Result of a delivery. */
export interface Delivered {
  /** ISO 8601. */
  readonly time: string;
  /** Reason why it did not arrive, `null` when it did. No secret stands in it. */
  readonly error: string | null;
}

/** Channels of the operator's configuration. */
export interface ChannelOperations {
  /** Lists channels by name. */
  listChannels(): readonly ChannelView[];
  /**
   * Sends a notification of the type `test`, in quiet hours too: one attempt, which has ten seconds. Resolves when it has arrived.
   *
   * @returns how long that took, in milliseconds
   * @throws UNKNOWN_CHANNEL, NOT_DELIVERED with the reason
   */
  testChannel(name: string, signal: AbortSignal): Promise<number>;
}
