import type { IncomingMessage } from 'node:http';
import { showLine } from '../../../reconciler/index.ts';
import { createProxyCheck } from '../client-address.ts';
import { HttpProblem } from '../problem.ts';

type Request = Pick<IncomingMessage, 'headers' | 'socket'>;

export interface OwnPagesOptions {
  /** Addresses or networks of proxies whose `X-Forwarded-…` are believed. */
  readonly proxies: readonly string[];
  /** Address of this server as browsers reach it, where the operator has named it. */
  readonly publicUrl: string | undefined;
}

/** Tells pages of this server from those of others: a browser sends its cookie along with whatever a page asks for. */
export interface OwnPages {
  /** The browser speaks https, with this server or with a proxy before it. */
  isSecure(request: Request): boolean;
  /** Throws FORBIDDEN unless it is certain that a page of this server asks. */
  assertOwn(request: Request): void;
  /** Throws FORBIDDEN where a page of another origin asks; programs that are no browser pass. */
  assertNotForeign(request: Request): void;
}

export function createOwnPages({ proxies, publicUrl }: OwnPagesOptions): OwnPages {
  const isProxy = createProxyCheck(proxies);
  const known = publicUrl === undefined ? undefined : new URL(publicUrl);
  /** The last word of a header that the proxy next to us has written. */
  const forwarded = ({ headers, socket }: Request, name: 'x-forwarded-proto' | 'x-forwarded-host') => {
    if (!isProxy(socket.remoteAddress ?? '')) return undefined;
    return [headers[name] ?? []].flat().join(',').split(',').at(-1)?.trim().toLowerCase() || undefined;
  };
  const hostsOf = (request: Request) => [request.headers.host, forwarded(request, 'x-forwarded-host')];
  const isSecure = (request: Request) =>
    'encrypted' in request.socket ||
    forwarded(request, 'x-forwarded-proto') === 'https' ||
    (known?.protocol === 'https:' && hostsOf(request).includes(known.host));

  /** Hosts count with their ports. The scheme counts where it is known: a proxy that nobody has named does not tell. */
  function isOwnOrigin(request: Request, origin: string): boolean {
    if (origin === known?.origin) return true;
    const url = URL.parse(origin);
    if (url === null || url.origin !== origin || !/^https?:$/.test(url.protocol)) return false;
    if (isSecure(request) && url.protocol !== 'https:') return false;
    return hostsOf(request).some(
      (host) => host !== undefined && URL.parse(`${url.protocol}//${host}`)?.host === url.host,
    );
  }

  return {
    isSecure,
    assertOwn(request) {
      const { origin, 'sec-fetch-site': site } = request.headers;
      const isOwn = origin === undefined ? site === 'same-origin' : isOwnOrigin(request, origin);
      if (!isOwn || (site !== undefined && site !== 'same-origin')) throw refusalOf(origin);
    },
    assertNotForeign(request) {
      const { origin, 'sec-fetch-site': site } = request.headers;
      const isForeign = origin !== undefined && !isOwnOrigin(request, origin);
      const isOfOtherSite = site !== undefined && site !== 'same-origin' && site !== 'none';
      if (isForeign || isOfOtherSite) throw refusalOf(origin);
    },
  };
}

function refusalOf(origin: string | undefined): HttpProblem {
  const who = origin === undefined ? 'a request that does not say which page it is from' : shown(origin);
  const advice = 'a proxy has to pass Host on, or be named in proxies, or this address in users.publicUrl';
  return new HttpProblem('FORBIDDEN', `${who} may not write here with the session of a browser; ${advice}`);
}

function shown(origin: string): string {
  return `a page of ${showLine(origin.slice(0, 100))}`;
}
