import { readCookies } from './session-cookie.ts';

/** The value that a sign-in at a provider is bound to the browser with. */
const NAME = 'kombinator_sign_in';
const SECONDS = 600;

/**
 * The header `Set-Cookie`: sent along when the provider sends the browser back here, and to nothing else; no script reads it.
 *
 * @param base path of the sign-ins on this server, which the address of the callback has in it
 */
export function formatSignIn(browser: string, callbackUrl: string, base: string): string {
  const { pathname, protocol } = new URL(callbackUrl);
  const path = pathname.slice(0, pathname.indexOf(base) + base.length);
  const secure = protocol === 'https:' ? '; Secure' : '';
  return `${NAME}=${browser}; Path=${path}; Max-Age=${SECONDS}; HttpOnly; SameSite=Lax${secure}`;
}

export function readSignIn(header: string | undefined): string | undefined {
  return readCookies(header, NAME)[0];
}
