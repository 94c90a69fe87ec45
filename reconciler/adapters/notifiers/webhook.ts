import type { Notifier } from '../../ports/notifier.ts';
import type { Value } from './http-notifier.ts';
import { createHttpNotifier } from './http-notifier.ts';

export interface WebhookOptions {
  /** http or https. What it holds of credentials is never logged. */
  readonly url: string;
  /** Sent along, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Name for logs. Default: `webhook` and the host. */
  readonly name?: string;
}

/** Posts each notification as JSON. Any answer but 2xx is a failure; redirects are not followed. Throws TypeError when the URL is none. */
export function createWebhookNotifier({ url, headers, name }: WebhookOptions): Notifier {
  const address = new URL(url);
  if (address.protocol !== 'http:' && address.protocol !== 'https:')
    throw new TypeError('a webhook has a URL of http or https');
  return createWebhook(name ?? `webhook ${address.host}`, { url, ...(headers && { headers }) });
}

export interface WebhookSettings {
  readonly url: Value;
  readonly headers?: Readonly<Record<string, Value>>;
}

/** The same with values that are looked up for each message. */
export function createWebhook(name: string, { url, headers = {} }: WebhookSettings): Notifier {
  return createHttpNotifier({
    name,
    buildRequest: (notification, read) => ({
      url: read(url),
      headers: Object.fromEntries(
        Object.entries(headers).map(([key, value]) => [key.toLowerCase(), read(value)]),
      ),
      body: notification,
    }),
  });
}
