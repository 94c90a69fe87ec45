import { ReconcilerError } from '../../base/errors.ts';
import type { Secret } from '../../model/secret.ts';
import type { HostFetch } from './host-fetch.ts';

/** Place of a repository at a host, and the right to ask there. */
export interface HostOptions {
  /** Web address of the repository. */
  readonly address: string;
  /** Address of the API, without a slash at the end. */
  readonly api: string;
  /** `owner/name` */
  readonly repository: string;
  /** Looks the token up for each request; `null`: there is none. */
  readonly token: (() => Secret) | null;
  readonly fetch: HostFetch;
}

export interface HostRequest {
  /** Default GET. */
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the API, with a slash before it. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly signal: AbortSignal;
}

export interface HostReply {
  /** JSON of the answer; `undefined`: it has no body. */
  readonly data: unknown;
  /** Address of the next page; `null`: this is the last one. */
  readonly next: string | null;
}

/** Asks the API of a host. Throws HOST_UNREACHABLE, HOST_UNAUTHORIZED, HOST_REFUSED. */
export type AskHost = (request: HostRequest) => Promise<HostReply>;

export interface HostClientOptions extends Pick<HostOptions, 'api' | 'token' | 'fetch'> {
  /** Writes the header of a token. */
  readonly authorize: (token: string) => string;
}

/** Asks with one token. */
export function createAskHost({ api, token, fetch, authorize }: HostClientOptions): AskHost {
  return async ({ method = 'GET', path, query = {}, body, signal }) => {
    const authorization = authorize(revealToken(token));
    const url = new URL(`${api}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const response = await fetch(url.href, {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'kombinator',
        authorization,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    });
    const text = await response.text();
    return { data: text === '' ? undefined : parse(text, url), next: nextOf(response.headers.get('link')) };
  };
}

/** Throws HOST_UNAUTHORIZED where the operator has given no token, or one that cannot be sent. */
export function revealToken(token: HostOptions['token']): string {
  if (token === null)
    throw new ReconcilerError('HOST_UNAUTHORIZED', 'there is no token for the host: set git.host.token');
  const text = token().reveal().trim();
  if (!/^[!-~]+$/.test(text))
    throw new ReconcilerError('HOST_UNAUTHORIZED', 'the token for the host is not one line of ASCII');
  return text;
}

function parse(text: string, { host }: URL): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error of the parser would repeat a piece of it.
    throw new ReconcilerError('HOST_UNREACHABLE', `${host} answers with something that is no JSON`, {
      retryable: true,
    });
  }
}

/** Address of the next page in a header `Link` (RFC 8288). */
export function nextOf(link: string | null): string | null {
  return /<([^<>]*)>\s*;[^,]*\brel="?next\b/.exec(link ?? '')?.[1] ?? null;
}

/** More pages than a pull request can have comments for are a fault of the host. */
const MAX_PAGES = 100;

export interface ListRequest extends Pick<HostRequest, 'path' | 'query' | 'signal'> {
  /** Entries that are wanted at most. */
  readonly limit: number;
}

/**
 * Follows the pages of a list, for as long as somebody reads on. Hosts behind a proxy may name themselves otherwise, so of the next address only the query counts.
 *
 * @param entriesOf finds the entries of a page
 */
export async function* askForPages(
  ask: AskHost,
  { path, query = {}, limit, signal }: ListRequest,
  entriesOf: (data: unknown) => readonly unknown[],
): AsyncGenerator<readonly unknown[]> {
  let left = limit;
  let page: Readonly<Record<string, string>> | null = query;
  for (let count = 0; page !== null && count < MAX_PAGES && left > 0; count += 1) {
    const reply: HostReply = await ask({ path, query: page, signal });
    const entries = entriesOf(reply.data).slice(0, left);
    left -= entries.length;
    yield entries;
    page = reply.next === null ? null : queryOf(reply.next);
  }
}

/** All pages of a list at once; see `askForPages`. */
export async function askForAll(
  ask: AskHost,
  request: ListRequest,
  entriesOf: (data: unknown) => readonly unknown[],
): Promise<readonly unknown[]> {
  const entries: unknown[] = [];
  for await (const page of askForPages(ask, request, entriesOf)) entries.push(...page);
  return entries;
}

function queryOf(address: string): Readonly<Record<string, string>> | null {
  // Only the query is read, whatever it hangs on.
  const url = URL.canParse(address, 'https://host') ? new URL(address, 'https://host') : null;
  return url === null || url.search === '' ? null : Object.fromEntries(url.searchParams);
}

/** A text as one segment of a path. Throws HOST_REFUSED for what is none. */
export function segment(text: string): string {
  if (text === '' || /^\.{1,2}$/.test(text))
    throw new ReconcilerError('HOST_REFUSED', 'there is nothing of an empty name');
  return encodeURIComponent(text.toWellFormed());
}
