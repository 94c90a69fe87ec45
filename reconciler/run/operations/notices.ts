import { errorMessage } from '../../base/errors.ts';
import type { BuildRecord } from '../../ports/builds/build-records.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Notice, NoticeRecords, Notifier } from '../../ports/notifier.ts';
import type { NoticeOperations } from '../../public/notices.ts';
import type { NotificationsOptions } from '../notify/notifications.ts';
import { startNotifications } from '../notify/notifications.ts';

export interface NoticeParts {
  readonly store: NoticeRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly reconciler: NotificationsOptions['reconciler'];
}

export interface Notices extends AsyncDisposable {
  readonly operations: NoticeOperations;
  /** Keeps what is told of stacks from now on. */
  start(): void;
  /** Keeps the end of a build, for whoever has asked for it. */
  noteBuild(build: BuildRecord): void;
}

/** Notices that may happen at once: as many as are kept. */
const KEPT = 1_000;

/** Milliseconds that a failure has to last: a workflow is published before the run that brings its secrets. */
const LASTING_MS = 5_000;

type News = Omit<Notice, 'number'>;

export function createNotices({ store, clock, logger, reconciler }: NoticeParts): Notices {
  const listeners = new Set<(notice: Notice) => void>();
  const keep = (news: News): void => {
    const notice = store.addNotice(news);
    for (const listener of listeners) listener(notice);
  };
  const keeper = createKeeper({ clock, logger }, keep);
  let keeping: AsyncDisposable | null = null;
  return {
    operations: {
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
      const told = recall(store, logger);
      keeping ??= startNotifications({
        reconciler,
        notifiers: [keeper],
        clock,
        logger,
        told,
        capacity: KEPT,
      });
    },
    noteBuild(build) {
      try {
        const news = newsOf(build);
        if (news !== null) keep(news);
      } catch (error) {
        logger.warn({ build: build.id, error: errorMessage(error) }, 'a notice could not be kept');
      }
    },
    async [Symbol.asyncDispose]() {
      await keeping?.[Symbol.asyncDispose]();
      await keeper[Symbol.asyncDispose]();
    },
  };
}

/** News of a build that was not called off. */
function newsOf({ id, owner, stack, image, status, error, endedAt }: BuildRecord): News | null {
  if (endedAt === null || (status !== 'completed' && status !== 'failed')) return null;
  const common = { reader: owner, stack: stack ?? '', revision: null, job: id, time: endedAt };
  return status === 'completed'
    ? { type: 'built', message: image, ...common }
    : { type: 'build_failed', message: `${image}: ${error ?? 'it failed'}`, ...common };
}

/** Hands on what lasts. A failure that is over before is none, and so is its end; closing hands on what is left. */
function createKeeper(
  { clock, logger }: Pick<NoticeParts, 'clock' | 'logger'>,
  keep: (news: News) => void,
): Notifier & AsyncDisposable {
  const closing = new AbortController();
  /** Failures that have not lasted yet, by stack. */
  const young = new Map<string, News>();
  const waiting = new Set<Promise<void>>();
  const keepLasting = async (news: News): Promise<void> => {
    young.set(news.stack, news);
    await clock.sleep(LASTING_MS, closing.signal).catch(() => undefined);
    if (young.get(news.stack) !== news) return;
    young.delete(news.stack);
    keep(news);
  };
  return {
    name: 'notices',
    async notify({ type, stack, revision, message, job, time }) {
      const news = { type, reader: null, stack, revision, message, job, time };
      if (type !== 'failed') {
        const isOver = type === 'recovered' && young.delete(stack);
        if (!isOver) keep(news);
        return;
      }
      const wait = keepLasting(news)
        .catch((error: unknown) =>
          logger.warn({ stack, error: errorMessage(error) }, 'a notice could not be kept'),
        )
        .finally(() => waiting.delete(wait));
      waiting.add(wait);
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all(waiting);
    },
  };
}

/** Notices that were kept before the start: what they say is not told again. */
function recall(store: NoticeRecords, logger: Logger): NonNullable<NotificationsOptions['told']> {
  try {
    return store
      .lastNotices()
      .flatMap(({ type, stack, revision }) =>
        type === 'built' || type === 'build_failed' ? [] : [{ type, stack, revision }],
      );
  } catch (error) {
    logger.warn({ error: errorMessage(error) }, 'the store cannot be read');
    return [];
  }
}
