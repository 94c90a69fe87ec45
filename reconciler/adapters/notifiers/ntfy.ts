import type { Notifier } from '../../ports/notifier.ts';
import type { Value } from './http-notifier.ts';
import { createHttpNotifier } from './http-notifier.ts';
import type { Message } from './message.ts';
import { describeNotification } from './message.ts';

export interface NtfySettings {
  /** Address of the server. */
  readonly url: Value;
  readonly topic: Value;
  /** Access token. Default: none. */
  readonly token?: Value;
}

/** 1 to 5; 3 is the default. */
const PRIORITIES: Readonly<Record<Message['level'], number>> = { good: 3, note: 3, bad: 4 };
const TAGS: Readonly<Record<Message['level'], string>> = {
  good: 'white_check_mark',
  note: 'information_source',
  bad: 'rotating_light',
};

/** Publishes as JSON at the root of an ntfy server (https://docs.ntfy.sh/publish/#publish-as-json). */
export function createNtfyNotifier(name: string, { url, topic, token }: NtfySettings): Notifier {
  return createHttpNotifier({
    name,
    buildRequest: (notification, read) => {
      const { title, text, level } = describeNotification(notification);
      const message = text === '' ? title : text;
      return {
        url: read(url),
        headers: token === undefined ? {} : { authorization: `Bearer ${read(token)}` },
        body: { topic: read(topic), title, message, priority: PRIORITIES[level], tags: [TAGS[level]] },
      };
    },
  });
}
