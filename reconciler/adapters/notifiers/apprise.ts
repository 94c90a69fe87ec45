import type { Notifier } from '../../ports/notifier.ts';
import type { Value } from './http-notifier.ts';
import { createHttpNotifier } from './http-notifier.ts';
import type { Message } from './message.ts';
import { describeNotification } from './message.ts';

export interface AppriseSettings {
  /** Address of an Apprise API: `…/notify/KEY` of a kept configuration, or `…/notify` with `urls`. */
  readonly url: Value;
  /** Addresses of services in the words of Apprise, with commas between. Default: those of the kept configuration. */
  readonly urls?: Value;
  /** Tags of the kept configuration that are told. Default: all. */
  readonly tags?: readonly string[];
}

const TYPES: Readonly<Record<Message['level'], string>> = { good: 'success', note: 'info', bad: 'failure' };

/** Hands messages on to an Apprise API (https://github.com/caronc/apprise-api), which knows more than a hundred services. */
export function createAppriseNotifier(name: string, { url, urls, tags = [] }: AppriseSettings): Notifier {
  return createHttpNotifier({
    name,
    buildRequest: (notification, read) => {
      const { title, text, level } = describeNotification(notification);
      return {
        url: read(url),
        body: {
          title,
          body: text === '' ? title : text,
          type: TYPES[level],
          format: 'text',
          ...(urls === undefined ? {} : { urls: read(urls) }),
          ...(tags.length === 0 ? {} : { tag: tags.join(',') }),
        },
      };
    },
  });
}
