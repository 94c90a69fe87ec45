import type { NewsEvent, Trouble } from '../model/notify/events.ts';

/** The fields that all of them have. */
interface Occasion {
  /** `''` where it is about no stack: a node, the repository, a test. */
  readonly stack: string;
  /** Name of the thing that it is about: `stack/NAME`, `backup/NAME` of a stack, `node/NAME`, `repository`, `channel/NAME`. That of a trouble is that of its end. */
  readonly subject: string;
  /**
   * Digest (16 hex digits) of the subject, the type, the description and the code of the error, never of its text: the same cause is told once. `''` for
   * what is no trouble.
   */
  readonly cause: string;
  /** Code of the error or finding, or the word for what holds the stack; `null` when there is none. */
  readonly code: string | null;
  /** Commit that was in force then, `null` before one was read. */
  readonly revision: string | null;
  /** Text for people, in one or two sentences; `null` when there is nothing to say beside what the type says. No secret stands in it. */
  readonly message: string | null;
  /** Newest job of the stack, `null` when there was none. */
  readonly job: string | null;
  /** ISO 8601. */
  readonly time: string;
}

/**
 * News for people. What is not well is told once for each cause, when it has lasted for five seconds (a node that is away: half a minute; a repository
 * that cannot be read: five minutes).
 * - `synced` a deployment has changed something and ended well
 * - `failed` an apply failed, something that runs is not well, or the repository cannot be read
 * - `recovered` it is as described and well again, after any of the others
 * - `drift` it differs from its description, and the policy is not to repair it
 * - `blocked` its plan waits for a confirmation
 * - `frozen` its plan waits for a freeze window to close
 * - `node_away` a node does not answer; stacks that are not well for that alone are not told of besides
 * - `backup_failed` a backup failed
 * - `findings` the description of the stack, or a file of the repository, has errors, or commits are not signed as they have to be
 * - `test` somebody tries whether news arrive; only to channels of the operator
 */
export type Notification =
  /** `tag`: the deployment tag. */
  | (Occasion & { readonly type: 'synced'; readonly tag: string })
  /** `after`: the trouble that was told last. */
  | (Occasion & { readonly type: 'recovered'; readonly after: Trouble })
  /** `resources`: ids of what differs. */
  | (Occasion & { readonly type: 'drift'; readonly resources: readonly string[] })
  /** `stacks`: names of those that have something there. */
  | (Occasion & { readonly type: 'node_away'; readonly node: string; readonly stacks: readonly string[] })
  | (Occasion & {
      readonly type: 'failed' | 'blocked' | 'frozen' | 'backup_failed' | 'findings' | 'test';
    });

/** Tells people what happened: a webhook, a chat, a mail. */
export interface Notifier {
  /** Name for logs. */
  readonly name: string;
  /**
   * Delivers one notification. They come one at a time, in their order. When it throws, it is tried again after 1 s, 5 s, 30 s and two minutes, then
   * logged and dropped; what throws with `retryable: false` (a ReconcilerError) is dropped at once. A notifier never holds up the reconciler:
   * while one hangs, the newest 100 wait and older ones are dropped.
   *
   * @param signal aborts after 10 seconds, and when the reconciler is closed
   */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;
}

export const CHANNEL_TYPES = ['webhook', 'slack', 'ntfy', 'gotify', 'matrix', 'mail', 'apprise'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/** One way to people that the operator has set up; stacks choose it by its name. */
export interface Channel {
  readonly name: string;
  readonly type: ChannelType;
  /** Host that it leads to, for people; `null` where the whole address is a secret. */
  readonly host: string | null;
  /** News that it is for where a stack does not say. */
  readonly events: readonly NewsEvent[];
  /** Patterns of the stacks that may choose it. Left out: all, and it is told of nodes and the repository as well. */
  readonly stacks?: readonly string[];
  /** Told also of stacks that have chosen nothing. */
  readonly isDefault: boolean;
  /** News that do not wait in quiet hours. */
  readonly urgent: readonly NewsEvent[];
  /** Returns when the quiet hours of that moment end, both in milliseconds since the epoch; `null` when there are none. */
  quietUntil(now: number): number | null;
  readonly notifier: Notifier;
}

/** A notification that is kept, for people to read. */
export interface Notice {
  /** Counts from 1, in their order; none is given twice. */
  readonly number: number;
  /** `built`, `build_failed`: an image was, or was not. */
  readonly type: Exclude<Notification['type'], 'test'> | 'built' | 'build_failed';
  /** Whom alone it is for; `null`: everybody. */
  readonly reader: string | null;
  /** Blank for an image that is for no stack, a node, the repository. */
  readonly stack: string;
  /** Name of the thing that a notification is about; `''` for an image. */
  readonly subject: string;
  /** Cause of a notification; `''` for an image. */
  readonly cause: string;
  readonly revision: string | null;
  readonly message: string | null;
  /** Its job, or its build. */
  readonly job: string | null;
  /** ISO 8601. */
  readonly time: string;
}

/** A notice as one reader has it. */
export interface ReadNotice extends Notice {
  readonly isRead: boolean;
}

export interface NoticeCount {
  readonly total: number;
  readonly unread: number;
}

/** Notices, and who has read which. Part of the store: it throws as the store does. */
export interface NoticeRecords {
  /** Keeps the newest 1,000, and up to a hundred more. */
  addNotice(notice: Omit<Notice, 'number'>): Notice;
  /** Lists those for everybody and for the reader, the newest first. */
  listNotices(
    reader: string,
    page: { readonly offset: number; readonly limit: number },
  ): readonly ReadNotice[];
  countNotices(reader: string): NoticeCount;
  /** Returns `false` when there is no such notice. */
  markNotice(reader: string, number: number): boolean;
  markNotices(reader: string): void;
  /** Lists the newest of each subject that says how it is: neither of a deployment nor of an image. */
  lastNotices(): readonly Notice[];
}
