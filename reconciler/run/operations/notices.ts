import { errorMessage } from '../../base/errors.ts';
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
}

/** Notices that may happen at once: as many as are kept. */
const KEPT = 1_000;

export function createNotices({ store, clock, logger, reconciler }: NoticeParts): Notices {
  const listeners = new Set<(notice: Notice) => void>();
  const keeper: Notifier = {
    name: 'notices',
    async notify({ type, stack, revision, message, job, time }) {
      const notice = store.addNotice({ type, stack, revision, message, job, time });
      for (const listener of listeners) listener(notice);
    },
  };
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
    async [Symbol.asyncDispose]() {
      await keeping?.[Symbol.asyncDispose]();
    },
  };
}

/** Notices that were kept before the start: what they say is not told again. */
function recall(store: NoticeRecords, logger: Logger): readonly Notice[] {
  try {
    return store.lastNotices();
  } catch (error) {
    logger.warn({ error: errorMessage(error) }, 'the store cannot be read');
    return [];
  }
}
