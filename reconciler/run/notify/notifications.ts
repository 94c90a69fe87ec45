import { errorMessage } from '../../base/errors.ts';
import { TROUBLES } from '../../model/notify/events.ts';
import type { Trouble } from '../../model/notify/events.ts';
import type { Notification } from '../../ports/notifier.ts';
import type { Notice } from '../../ports/notifier.ts';
import type { ReconcilerEvent } from '../../public/reconciler.ts';
import { Told } from './decide-notification.ts';
import { Lasting } from './lasting.ts';
import type { News, NewsContext } from './read-news.ts';
import { readFindings, readNews, SUBJECTS } from './read-news.ts';

/** One that is told everything, at once, and decides what to make of it. */
export type NewsListener = (notification: Notification) => void;

export interface NotificationsOptions {
  readonly context: NewsContext;
  readonly listeners: readonly NewsListener[];
  /** Newest notice of each subject, from before: it is not told again. Default: none is known. */
  readonly told?: readonly Pick<Notice, 'type' | 'subject' | 'cause'>[];
}

const SHORT_MS = 5_000;

/** Milliseconds that a trouble has to last: a workflow is published before the run that brings its secrets, an engine is restarted. */
const LASTING_MS: Readonly<Record<Trouble, number>> = {
  failed: SHORT_MS,
  findings: SHORT_MS,
  drift: 0,
  blocked: 0,
  frozen: 0,
  node_away: 30_000,
  backup_failed: 0,
};

/** The same for a repository that cannot be read: what runs goes on. */
const REPOSITORY_LASTING_MS = 300_000;

/** Tells listeners what becomes of stacks, nodes and the repository, from now until it is disposed of. */
export function startNotifications({ context, listeners, told }: NotificationsOptions): AsyncDisposable {
  const memory = recall(told ?? []);
  const hand = (notification: Notification): void => {
    for (const listener of listeners) listener(notification);
  };
  const { clock } = context;
  const lasting = new Lasting(clock, (notification) => {
    const { subject, type, cause } = notification;
    if (isTrouble(type)) memory.note(subject, type, cause, clock.elapsed());
    else memory.end(subject, clock.elapsed());
    hand(notification);
  });
  const take = (news: News): void => {
    switch (news.is) {
      case 'deployed':
        return hand(news.notification);
      case 'trouble': {
        const { subject, cause } = news.notification;
        if (memory.has(subject, cause)) return lasting.callOff(subject);
        return lasting.wait(news.notification, lastingMs(news.notification));
      }
      case 'well': {
        const { subject } = news.recovered;
        const after = memory.trouble(subject);
        if (after === null) return lasting.callOff(subject);
        return lasting.wait({ ...news.recovered, after }, memory.settlingMs(subject));
      }
      case 'gone':
        lasting.callOff(news.subject);
        return memory.end(news.subject, clock.elapsed());
      default:
        return news satisfies never;
    }
  };
  const subscription = context.events.subscribe(createReader(context, take));
  return {
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await lasting[Symbol.asyncDispose]();
    },
  };
}

/** Reads what events bring. */
function createReader(context: NewsContext, take: (news: News) => void): (event: ReconcilerEvent) => void {
  let read: string | null = null;
  return (event) => {
    try {
      const news = readNews(context, event);
      if (news !== null) take(news);
      const revision = context.desired.revision?.commit ?? null;
      if (event.type !== 'repository' || revision === read) return;
      read = revision;
      take(readFindings(context));
    } catch (error) {
      context.logger.error({ event: event.type, error: errorMessage(error) }, 'no news could be read');
    }
  };
}

function lastingMs({ type, subject }: Notification & { readonly type: Trouble }): number {
  return subject === SUBJECTS.repository ? REPOSITORY_LASTING_MS : LASTING_MS[type];
}

function recall(told: NonNullable<NotificationsOptions['told']>): Told {
  const memory = new Told();
  for (const { type, subject, cause } of told) {
    if (isTrouble(type)) memory.note(subject, type, cause, 0);
  }
  return memory;
}

export function isTrouble(type: Notice['type'] | Notification['type']): type is Trouble {
  return TROUBLES.some((trouble) => trouble === type);
}
