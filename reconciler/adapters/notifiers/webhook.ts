import { decodeEscapes } from '../../base/values.ts';
import type { Notifier } from '../../ports/notifier.ts';

export interface WebhookOptions {
  /** http or https. What it holds of credentials is never logged. */
  readonly url: string;
  /** Sent along, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Name for logs. Default: `webhook` and the host. */
  readonly name?: string;
}

/** Posts each notification as JSON. Any answer but 2xx is a failure; redirects are not followed. Throws TypeError when the URL is none. */
export function createWebhookNotifier({ url, headers = {}, name }: WebhookOptions): Notifier {
  const address = new URL(url);
  if (address.protocol !== 'http:' && address.protocol !== 'https:')
    throw new TypeError('a webhook has a URL of http or https');
  const authorization = takeCredentials(address);
  return {
    name: name ?? `webhook ${address.host}`,
    async notify(notification, signal) {
      const response = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization, ...headers },
        body: JSON.stringify(notification),
        redirect: 'manual',
        signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`${address.host} answered ${response.status}`);
    },
  };
}

/** Moves what a URL holds of credentials into a header: `fetch` refuses such a URL, and its refusal repeats all of it. */
function takeCredentials(address: URL): Readonly<Record<string, string>> {
  const { username, password } = address;
  if (username === '' && password === '') return {};
  address.username = '';
  address.password = '';
  const text = [username, password].map((part) => decodeEscapes(part) ?? part).join(':');
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}
