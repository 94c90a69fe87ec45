import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReconcilerError } from '../../base/errors.ts';
import { decodeEscapes } from '../../base/values.ts';
import { Secret } from '../../model/secret.ts';

export type Credentials =
  | { readonly username?: string; readonly password?: Secret }
  | { readonly token: Secret };

/** Place of a config repository; `address` never holds a password. */
export type Location =
  | { readonly kind: 'local'; readonly address: string }
  | { readonly kind: 'http'; readonly address: string; readonly credentials: Credentials | undefined }
  | { readonly kind: 'ssh'; readonly address: string };

/**
 * Reads what a user wrote: a path, `file://`, `http(s)://` (with or without `user:password@`), `ssh://` or `user@host:path`.
 *
 * @throws BAD_OPTIONS for anything else
 */
export function parseLocation(text: string): Location {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return parsePlain(text);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw badLocation(text, 'this is not a valid URL');
  switch (scheme) {
    case 'file':
      return { kind: 'local', address: pathOf(text, url) };
    case 'http':
    case 'https':
      return parseHttp(url);
    case 'ssh':
    case 'git+ssh':
    case 'ssh+git':
      url.password = '';
      return { kind: 'ssh', address: checkHost(text, url.hostname, url.href.replace(/^[^:]+:/, 'ssh:')) };
    default:
      throw badLocation(text, `${scheme}:// is not supported, use a path, https:// or ssh://`);
  }
}

function parsePlain(text: string): Location {
  if (text.trim() === '') throw badLocation(text, 'it is empty');
  // Git decides so: a colon before the first slash separates host and path.
  const remote = /^(?:([^/:@]+)@)?(\[[^\]]+\]|[^/:@]+):(?!\/\/)(.+)$/.exec(text);
  if (remote !== null) return { kind: 'ssh', address: checkHost(text, remote[2] ?? '', text) };
  const path = text === '~' || text.startsWith('~/') ? `${homedir()}${text.slice(1)}` : text;
  return { kind: 'local', address: resolve(path) };
}

function pathOf(text: string, url: URL): string {
  try {
    return fileURLToPath(url);
  } catch {
    // Another machine, or escapes that make no path.
    throw badLocation(text, 'it names no path of this machine');
  }
}

function parseHttp(url: URL): Location {
  const [username = '', password = ''] = [url.username, url.password].map(
    (text) => decodeEscapes(text) ?? text,
  );
  url.username = '';
  url.password = '';
  url.hash = '';
  const address = url.href.replace(/\/+$/, '');
  if (username === '' && password === '') return { kind: 'http', address, credentials: undefined };
  return {
    kind: 'http',
    address,
    credentials: { username, password: new Secret(password, 'password in the repository address') },
  };
}

/** A host that starts with a dash would be read as an option by ssh. */
function checkHost(text: string, host: string, address: string): string {
  if (host === '' || host.startsWith('-') || address.startsWith('ssh://-') || address.startsWith('-')) {
    throw badLocation(text, 'the host name is not valid');
  }
  return address;
}

function badLocation(text: string, reason: string): ReconcilerError {
  const shown = text.replace(/\/\/[^/@]*@/, '//***@');
  return new ReconcilerError('BAD_OPTIONS', `repository location ${JSON.stringify(shown)}: ${reason}`);
}
