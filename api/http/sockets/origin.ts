import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../problem.ts';

/**
 * Keeps pages of others out: a browser lets every page open a socket anywhere. Programs that are no browser send no origin. Throws FORBIDDEN.
 *
 * @param allowed origins besides the server's own
 */
export function assertOrigin({ headers }: IncomingMessage, allowed: readonly string[]): void {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes(origin)) return;
  // Behind a proxy the scheme is another one; the host is not.
  if (host !== undefined && URL.parse(origin)?.host === host) return;
  throw new HttpProblem('FORBIDDEN', 'a page of another origin may not open a web socket here');
}
