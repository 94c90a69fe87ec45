/** The fields that all of them have. */
interface Occasion {
  readonly stack: string;
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
 * News of a stack for people.
 * - `synced` a deployment has changed something and ended well
 * - `failed` an apply failed, something that runs is not well, or the description has errors; told once for each revision
 * - `recovered` it is as described and well again, after `failed`, `drift` or `blocked`
 * - `drift` it differs from its description, and the policy is not to repair it
 * - `blocked` its plan waits for a confirmation
 */
export type Notification =
  /** `tag`: the deployment tag. */
  | (Occasion & { readonly type: 'synced'; readonly tag: string })
  | (Occasion & { readonly type: 'failed' })
  | (Occasion & { readonly type: 'recovered' })
  /** `resources`: ids of what differs. */
  | (Occasion & { readonly type: 'drift'; readonly resources: readonly string[] })
  | (Occasion & { readonly type: 'blocked' });

/** Tells people what happened: a webhook, a chat, a mail. */
export interface Notifier {
  /** Name for logs. */
  readonly name: string;
  /**
   * Delivers one notification. They come one at a time, in their order. When it throws, it is tried twice more, then logged and dropped: a
   * notifier never holds up the reconciler. While one hangs, the newest 100 wait and older ones are dropped.
   *
   * @param signal aborts after 10 seconds, and when the reconciler is closed
   */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;
}

/** A notification that is kept, for people to read. */
export interface Notice {
  /** Counts from 1, in their order; none is given twice. */
  readonly number: number;
  /** `built`, `build_failed`: an image was, or was not. */
  readonly type: Notification['type'] | 'built' | 'build_failed';
  /** Whom alone it is for; `null`: everybody. */
  readonly reader: string | null;
  /** Blank for an image that is for no stack. */
  readonly stack: string;
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
  /** Lists the newest of each stack that says how the stack is: neither of a deployment nor of an image. */
  lastNotices(): readonly Notice[];
}
