import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { Channel } from '../../ports/notifier.ts';
import type { Notice, NoticeRecords, Notification, Notifier } from '../../ports/notifier.ts';
import type { ChannelOperations } from '../../public/notices.ts';
import { ChannelQueue } from './channel-queue.ts';
import { Delivery } from './delivery.ts';
import type { NewsListener } from './notifications.ts';
import type { NewsContext } from './read-news.ts';
import { choiceOf, SUBJECTS } from './read-news.ts';

export interface ChannelParts {
  readonly context: NewsContext & { readonly store: NoticeRecords };
  readonly channels: readonly Channel[];
  /** Notifiers of a program that embeds this one: they are told everything. */
  readonly notifiers: readonly Notifier[];
}

export interface Channels extends AsyncDisposable {
  readonly operations: ChannelOperations;
  readonly listener: NewsListener;
  /** Takes the newest notice of each subject, from before. */
  recall(notices: readonly Notice[]): void;
}

/** Everybody who is told of news: channels what they are for, notifiers everything. */
export function createChannels({ context, channels, notifiers }: ChannelParts): Channels {
  const { clock, logger } = context;
  const deliveries = notifiers.map((notifier) => new Delivery({ notifier, clock, logger }));
  const queues = new Map(
    channels
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((channel) => [
        channel.name,
        new ChannelQueue({ channel, clock, logger, choiceOf: (stack) => choiceOf(context, stack) }),
      ]),
  );
  return {
    operations: {
      listChannels: () => [...queues.values()].map((queue) => queue.view()),
      async testChannel(name, signal) {
        const queue = queues.get(name);
        if (queue === undefined) throw unknownChannel(name, [...queues.keys()]);
        const begun = clock.elapsed();
        try {
          await queue.delivery.attempt(buildTest(name, clock.now()), signal);
        } catch (error) {
          signal.throwIfAborted();
          throw new ReconcilerError('NOT_DELIVERED', errorMessage(error), { retryable: true });
        }
        return Math.round(clock.elapsed() - begun);
      },
    },
    listener(notification) {
      for (const each of [...queues.values(), ...deliveries]) each.add(notification);
    },
    recall(notices) {
      for (const queue of queues.values()) queue.recall(notices);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...queues.values(), ...deliveries].map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

function buildTest(name: string, now: number): Notification {
  return {
    type: 'test',
    stack: '',
    subject: SUBJECTS.channel(name),
    cause: '',
    code: null,
    revision: null,
    message: `This is a test of the channel ${name}: news arrive here.`,
    job: null,
    time: new Date(now).toISOString(),
  };
}

function unknownChannel(name: string, known: readonly string[]): ReconcilerError {
  const there = known.length === 0 ? 'none: notifications of --config defines them' : known.join(', ');
  return new ReconcilerError('UNKNOWN_CHANNEL', `there is no channel ${name}; there are: ${there}`);
}
