import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import { repositoryOf } from '../../model/docker/image-reference.ts';
import { registryOf } from '../../model/registry.ts';
import type { ImageQuestion } from '../../ports/registry-client.ts';
import type { Fetch, FetchAnswer } from './bounded-fetch.ts';
import { basic, HUB, refused, tokenUrl } from './challenge.ts';

/* https://github.com/opencontainers/distribution-spec/blob/main/spec.md, "Pulling manifests" and "Listing tags". */

interface Asking {
  readonly send: Fetch;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const PAGE = 1_000;
const MAX_TAGS = 20_000;
const MAX_PAGES = 200;
/** Some registries know no pages, or tell more than the tags. */
const MAX_PAGE_BYTES = 8 * 1_024 ** 2;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

export async function listTags(question: ImageQuestion, asking: Asking): Promise<readonly string[]> {
  const repository = apiOf(question.image);
  const ask = createAsk(question, asking);
  const tags = new Set<string>();
  let url: URL | null = new URL(`tags/list?n=${PAGE}`, repository);
  for (let page = 0; url !== null && page < MAX_PAGES; page += 1) {
    const answer: FetchAnswer = await ask(url, { method: 'GET', maxBytes: MAX_PAGE_BYTES });
    for (const tag of asList(asFields(parse(answer.text))?.['tags']) ?? [])
      if (typeof tag === 'string' && TAG.test(tag)) tags.add(tag);
    if (tags.size > MAX_TAGS)
      throw new ReconcilerError(
        'TARGET_UNREACHABLE',
        `${question.image} has more than ${MAX_TAGS} tags, which are not read`,
      );
    url = nextPage(answer, url);
  }
  if (url !== null)
    throw new ReconcilerError(
      'TARGET_UNREACHABLE',
      `${question.image} has more than ${MAX_PAGES} pages of tags, which are not read`,
    );
  return [...tags];
}

export async function digestOf(
  question: ImageQuestion & { readonly tag: string },
  asking: Asking,
): Promise<string> {
  const url = new URL(`manifests/${question.tag}`, apiOf(question.image));
  const answer = await createAsk(question, asking)(url, { method: 'HEAD', accept: MANIFESTS });
  const digest = answer.headers.get('docker-content-digest') ?? '';
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  throw new ReconcilerError(
    'TARGET_UNREACHABLE',
    `${url.host}: it does not say which digest ${question.tag} stands for`,
  );
}

/** `https://host/v2/<name>/`; engines take registries of their own machine without TLS, and so does this. */
function apiOf(image: string): URL {
  const host = registryOf(image);
  const repository = repositoryOf(image);
  const first = repository.split('/', 1)[0] ?? '';
  const isNamed = repository.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const name = isNamed ? repository.slice(first.length + 1) : repository;
  const isHub = host === 'docker.io';
  const scheme = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host) ? 'http' : 'https';
  const path = isHub && !name.includes('/') ? `library/${name}` : name;
  return new URL(`${scheme}://${isHub ? HUB : host}/v2/${path}/`);
}

interface Request {
  readonly method: 'GET' | 'HEAD';
  readonly accept?: string;
  readonly maxBytes?: number;
}

type Ask = (url: URL, request: Request) => Promise<FetchAnswer>;

/** Asks a registry, with what it wants to see: nothing, the credentials, or a token that they are good for. */
function createAsk({ image, login, pace }: ImageQuestion, { send, now, signal }: Asking): Ask {
  let authorization: string | undefined;
  const sendPaced: Fetch = async (url, request) => {
    await pace();
    const answer = await send(url, request);
    if (answer.status === 429) throw hadEnough(url, answer, now());
    return answer;
  };
  return async (url, { method, accept, maxBytes }) => {
    const attempt = () =>
      sendPaced(url, {
        method,
        ...(maxBytes !== undefined && { maxBytes }),
        headers: {
          ...(accept !== undefined && { accept }),
          ...(authorization !== undefined && { authorization }),
        },
        signal,
      });
    let answer = await attempt();
    if (answer.status === 401) {
      authorization = await authorize(answer, { url, login, send: sendPaced, signal });
      if (authorization !== undefined) answer = await attempt();
    }
    if (answer.status === 200) return answer;
    if (answer.status === 404) throw new ReconcilerError('IMAGE_NOT_FOUND', `${url.host} has no ${image}`);
    throw refused(url, answer);
  };
}

interface Challenge {
  readonly url: URL;
  readonly login: ImageQuestion['login'];
  readonly send: Fetch;
  readonly signal: AbortSignal;
}

async function authorize(
  { headers }: FetchAnswer,
  { url, login, send, signal }: Challenge,
): Promise<string | undefined> {
  const challenge = headers.get('www-authenticate') ?? '';
  const own = login === null ? undefined : basic(login.username, login.password.reveal());
  if (/^basic\b/i.test(challenge)) return own;
  const token = tokenUrl(challenge, url);
  if (token === null) return undefined;
  const name = /^\/v2\/(.+)\/(?:tags|manifests)\//.exec(url.pathname)?.[1] ?? '';
  token.searchParams.set('scope', `repository:${name}:pull`);
  const answer = await send(token, { ...(own !== undefined && { headers: { authorization: own } }), signal });
  if (answer.status !== 200) throw refused(token, answer);
  const fields = asFields(parse(answer.text));
  const text = asString(fields?.['token']) ?? asString(fields?.['access_token']);
  return text === undefined ? undefined : `Bearer ${text}`;
}

/**
 * The next page, which has to be one of the same registry: credentials go nowhere else. A registry behind a proxy may write `http:` of its own host. Throws
 * where the list goes on elsewhere, since a part of it would be taken for all.
 */
function nextPage({ headers }: FetchAnswer, current: URL): URL | null {
  const written = /<([^>]{1,2000})>\s*;[^,]*\brel="?next"?/i.exec(headers.get('link') ?? '')?.[1];
  if (written === undefined) return null;
  const next = URL.canParse(written, current.href) ? new URL(written, current.href) : null;
  if (next?.hostname !== current.hostname)
    throw new ReconcilerError(
      'TARGET_UNREACHABLE',
      `${current.host}: its list of tags goes on at another address (${next?.host ?? 'none'}), which is not asked`,
    );
  const same = new URL(`${next.pathname}${next.search}`, current);
  return same.href === current.href ? null : same;
}

const SECOND_MS = 1_000;
/** Time to wait where a registry does not say, in milliseconds. */
const PAUSE_MS = 60_000;

function hadEnough({ host }: URL, { headers }: FetchAnswer, now: number): ReconcilerError {
  const written = headers.get('retry-after') ?? '';
  const until = /^\d{1,7}$/.test(written) ? Number(written) * SECOND_MS : Date.parse(written) - now;
  const retryAfterMs = Number.isNaN(until) ? PAUSE_MS : Math.max(until, SECOND_MS);
  return new ReconcilerError(
    'TARGET_UNREACHABLE',
    `${host} has had enough requests, and wants to be left alone for ${Math.ceil(retryAfterMs / SECOND_MS)} s`,
    { retryable: true, details: { retryAfterMs } },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by whoever misses a member.
    return undefined;
  }
}
