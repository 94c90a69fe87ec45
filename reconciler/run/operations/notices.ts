import { errorMessage } from '../../base/errors.ts';
import type { BuildRecord } from '../../ports/builds/build-records.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Notice, NoticeRecords } from '../../ports/notifier.ts';
import type { ChannelOperations, NoticeOperations } from '../../public/notices.ts';
import type { ChannelParts } from '../notify/channels.ts';
import { createChannels } from '../notify/channels.ts';
import type { NewsListener } from '../notify/notifications.ts';
import { startNotifications } from '../notify/notifications.ts';

export type NoticeParts = ChannelParts;

export interface Notices extends AsyncDisposable {
  readonly operations: NoticeOperations & ChannelOperations;
  /** Keeps what is told from now on, and tells channels and notifiers. */
  start(): void;
  /** Keeps the end of a build, for whoever has asked for it. */
  noteBuild(build: BuildRecord): void;
}

type NewNotice = Omit<Notice, 'number'>;

export function createNotices(parts: NoticeParts): Notices {
  const { context } = parts;
  const { store, logger } = context;
  const channels = createChannels(parts);
  const listeners = new Set<(notice: Notice) => void>();
  const keep = (news: NewNotice): void => {
    const notice = store.addNotice(news);
    for (const listener of listeners) listener(notice);
  };
  // News that cannot be kept are told all the same.
  const tryToKeep = (news: NewNotice): void => {
    try {
      keep(news);
    } catch (error) {
      const { type, stack, job } = news;
      logger.warn({ type, stack, job, error: errorMessage(error) }, 'a notice could not be kept');
    }
  };
  const keepNews: NewsListener = ({ type, stack, subject, cause, revision, message, job, time }) => {
    if (type !== 'test')
      tryToKeep({ type, reader: null, stack, subject, cause, revision, message, job, time });
  };
  let keeping: AsyncDisposable | null = null;
  return {
    operations: {
      ...channels.operations,
      listNotices: (reader, page) => store.listNotices(reader, page),
      countNotices: (reader) => store.countNotices(reader),
      markNotice: (reader, number) => store.markNotice(reader, number),
      markNotices: (reader) => store.markNotices(reader),
      watchNotices(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
    },
    start() {
      if (keeping !== null) return;
      const told = recallNotices(store, logger);
      channels.recall(told);
      keeping = startNotifications({ context, listeners: [keepNews, channels.listener], told });
    },
    noteBuild(build) {
      const news = newsOf(build);
      if (news !== null) tryToKeep(news);
    },
    async [Symbol.asyncDispose]() {
      await keeping?.[Symbol.asyncDispose]();
      await channels[Symbol.asyncDispose]();
    },
  };
}

/** News of a build that was not called off. */
function newsOf({ id, owner, stack, image, status, error, endedAt }: BuildRecord): NewNotice | null {
  if (endedAt === null || (status !== 'completed' && status !== 'failed')) return null;
  const common = {
    reader: owner,
    stack: stack ?? '',
    subject: '',
    cause: '',
    revision: null,
    job: id,
    time: endedAt,
  };
  return status === 'completed'
    ? { type: 'built', message: image, ...common }
    : { type: 'build_failed', message: `${image}: ${error ?? 'it failed'}`, ...common };
}

/** Notices that were kept before the start: what they say is not told again. */
function recallNotices(store: NoticeRecords, logger: Logger): readonly Notice[] {
  try {
    return store.lastNotices();
  } catch (error) {
    logger.warn({ error: errorMessage(error) }, 'the store cannot be read');
    return [];
  }
}
