import type { IncomingMessage } from 'node:http';
import { HttpProblem } from './problem.ts';

export type LoopbackHost = '127.0.0.1' | '::1' | 'localhost';

/** Tells whether a host to listen on is reachable from this machine only. */
export function isLoopbackHost(host: string): host is LoopbackHost {
  return host === '127.0.0.1' || host === '::1' || host === 'localhost';
}

/** Tells whether nobody on the way can change what an address answers: https, or http on this machine. */
export function isProtectedAddress(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostnameOf(text)));
}

/**
 * Guards a server without authentication against web pages that the user happens to have open. Throws FORBIDDEN when
 * the request is not from this machine, names another host (a DNS name that was rebound to loopback), or is a write that
 * a page of another origin makes.
 */
export function assertLocalRequest(request: IncomingMessage): void {
  const { headers, method = 'GET' } = request;
  const address = request.socket.remoteAddress ?? '';
  if (!/^(::ffff:)?127\.|^::1$/.test(address))
    throw refused('this server answers requests of its own machine only');
  if (!isLoopbackHost(hostnameOf(`http://${headers.host ?? ''}`))) {
    throw refused('this server answers to localhost only; the Host header names another host');
  }
  if (method === 'GET' || method === 'HEAD') return;
  const site = headers['sec-fetch-site'];
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const foreignOrigin = headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
  if (foreignSite || foreignOrigin) throw refused('a page of another origin may not write here');
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replaceAll(/^\[|\]$/g, '') : '';
}

function refused(message: string): HttpProblem {
  return new HttpProblem('FORBIDDEN', message);
}
