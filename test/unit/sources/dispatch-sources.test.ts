import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { dispatchSources } from '../../../api/sources/dispatch-sources.ts';

/** Returns who was asked, and for which address. */
function ask(url: string): string {
  let asked = '';
  const listener =
    (name: string): RequestListener =>
    (request) =>
      void (asked = `${name} ${request.url ?? ''}`);
  const sources = new Map(['shop', 'team-a'].map((name) => [name, listener(name)]));
  dispatchSources(listener('own'), sources)({ url } as IncomingMessage, {} as ServerResponse);
  return asked;
}

it.each([
  ['/sources/shop/api/v1/stacks?q=a', 'shop /api/v1/stacks?q=a'],
  ['/sources/shop', 'shop /'],
  ['/sources/shop/', 'shop /'],
  ['/sources/shop?a=b', 'shop /?a=b'],
  ['/sources/team-a/sources/shop/api/v1/stacks', 'team-a /sources/shop/api/v1/stacks'],
  ['/sources/shop//api/v1/stacks', 'shop //api/v1/stacks'],
  ['/sources/shopping/api/v1/stacks', 'own /sources/shopping/api/v1/stacks'],
  ['/sources/%73hop/api', 'own /sources/%73hop/api'],
  ['/sources', 'own /sources'],
  ['/sources/', 'own /sources/'],
  ['//sources/shop/', 'own //sources/shop/'],
  ['/ui/sources', 'own /ui/sources'],
  ['/api/hooks/shop', 'shop /api/hooks/config'],
  ['/api/hooks/shop?x=1', 'shop /api/hooks/config?x=1'],
  ['/api/hooks/shop/more', 'own /api/hooks/shop/more'],
  ['/api/hooks/config', 'own /api/hooks/config'],
  ['/api/hooks/other', 'own /api/hooks/other'],
])('%s goes to %s', (url, expected) => {
  expect(ask(url)).toBe(expected);
});
