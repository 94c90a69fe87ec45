import type { HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';

/** Posts what a host sends, as it sends it. */
export function sendHook(
  url: string,
  { headers, body }: Pick<HookDelivery, 'headers' | 'body'>,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { ...headers, ...more }, body: new Uint8Array(body) });
}
