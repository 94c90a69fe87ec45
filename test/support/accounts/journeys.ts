import { expect } from 'vitest';
import type { ApiServer } from '../api/api-server.ts';
import { json } from '../api/api-server.ts';
import type { IdentityProvider } from './identity-provider.ts';

interface Journey {
  readonly location: string;
  readonly cookie: string;
}

interface World {
  readonly server: ApiServer;
  readonly provider: IdentityProvider;
}

/**
 * Ways of a browser that signs in at a provider.
 *
 * @param page address of the web pages, which it must end at
 */
export function createJourneys(page: string, world: () => World) {
  /** A browser asks to sign in. */
  async function begin(name = 'corp', cookie = ''): Promise<Journey> {
    const path = `/v1/api/auth/oauth/${name}/authorize`;
    const response = await world().server.request(path, {
      role: null,
      redirect: 'manual',
      headers: { Cookie: cookie },
    });
    expect(response.status).toBe(307);
    const set = response.headers.get('Set-Cookie') ?? '';
    expect(set).toMatch(/; Path=\/v1\/api\/auth\/oauth; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/);
    return { location: response.headers.get('Location') ?? '', cookie: set.split(';')[0] ?? '' };
  }

  /** The browser comes back to the API; resolves to where it is sent then. */
  async function comeBack(back: URL, cookie: string): Promise<URL> {
    const headers = { Cookie: `other=1; ${cookie}` };
    const response = await world().server.request(back.pathname + back.search, {
      role: null,
      redirect: 'manual',
      headers,
    });
    expect(response.status).toBe(307);
    const location = response.headers.get('Location') ?? '';
    expect(location.startsWith(`${page}/`)).toBe(true);
    return new URL(location);
  }

  /** The whole way; resolves to the page that the browser ends at. */
  async function signIn(name = 'corp'): Promise<URL> {
    const { location, cookie } = await begin(name);
    return comeBack(await world().provider.visit(location), cookie);
  }

  async function exchange(ended: URL) {
    const body = { code: ended.searchParams.get('code') };
    const response = await world().server.request('/v1/api/auth/oauth/exchange', {
      ...json('POST', body),
      role: null,
    });
    return { status: response.status, body: (await response.json()) as { token: string; user: object } };
  }
  return { begin, comeBack, signIn, exchange };
}
