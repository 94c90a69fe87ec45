import type { Notifier } from '../../ports/notifier.ts';
import type { Value } from './http-notifier.ts';
import { createHttpNotifier, joinAddress } from './http-notifier.ts';
import type { Message } from './message.ts';
import { describeNotification } from './message.ts';

export interface GotifySettings {
  /** Address of the server. */
  readonly url: Value;
  /** Token of an application. */
  readonly token: Value;
}

/** 0 to 10; from 4 on a phone makes a sound, from 8 on it insists. */
const PRIORITIES: Readonly<Record<Message['level'], number>> = { good: 4, note: 5, bad: 8 };

/** Messages of a Gotify server (https://gotify.net/docs/pushmsg). */
export function createGotifyNotifier(name: string, { url, token }: GotifySettings): Notifier {
  return createHttpNotifier({
    name,
    buildRequest: (notification, read) => {
      const { title, text, level } = describeNotification(notification);
      return {
        url: joinAddress(read(url), '/message'),
        headers: { 'x-gotify-key': read(token) },
        body: { title, message: text === '' ? title : text, priority: PRIORITIES[level] },
      };
    },
  });
}
