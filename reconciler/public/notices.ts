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
