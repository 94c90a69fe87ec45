import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asString } from '../../base/values.ts';
import { normaliseHost } from '../../model/registry.ts';
import { Secret } from '../../model/secret.ts';
import type {
  AwsLogin,
  ExpiringPassword,
  RegistryClient,
  RegistryLogin,
} from '../../ports/registry-client.ts';
import { signAws } from './aws-signature.ts';
import type { Fetch, FetchAnswer } from './bounded-fetch.ts';
import { basic, HUB, refused, tokenUrl } from './challenge.ts';
import { digestOf, listTags } from './image-questions.ts';
import { createBoundedFetch } from './bounded-fetch.ts';

export interface RegistryClientOptions {
  /** Default: that of the process. */
  readonly fetch?: typeof fetch;
  /** Time for a request, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Address that AWS is asked at for passwords, by region. Default: its own. */
  readonly awsUrl?: (region: string) => string;
  /** Wall clock, in milliseconds. Default: that of the process. */
  readonly now?: () => number;
}

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const { timeoutMs = 10_000, now = Date.now } = options;
  const send = createBoundedFetch({ fetch: options.fetch ?? fetch, timeoutMs });
  const awsUrl = options.awsUrl ?? ((region) => `https://api.ecr.${region}.amazonaws.com/`);
  return {
    check: (login, signal) => checkLogin(login, send, signal),
    askAws: (login, signal) => askAws(login, { send, url: awsUrl(login.region), now: now(), signal }),
    listTags: (question, signal) => listTags(question, { send, now, signal }),
    digestOf: (question, signal) => digestOf(question, { send, now, signal }),
  };
}

/** `https://host/v2/` of an address as people write it. */
function apiOf(url: string): URL {
  const host = normaliseHost(url);
  const scheme = url.startsWith('http://') ? 'http' : 'https';
  return new URL(`${scheme}://${host === 'docker.io' ? HUB : host}/v2/`);
}

/** Asks for `/v2/`, which answers 200 or 401; then, with what the 401 asks for, whether the credentials are taken. */
async function checkLogin(login: RegistryLogin, send: Fetch, signal: AbortSignal): Promise<void> {
  const url = apiOf(login.url);
  const first = await send(url, { signal });
  if (first.status !== 200 && first.status !== 401) throw noRegistry(url, first);
  const challenge = first.headers.get('www-authenticate') ?? '';
  const authorization = basic(login.username, login.password.reveal());
  if (/^basic\b/i.test(challenge)) {
    const second = await send(url, { headers: { authorization }, signal });
    if (second.status !== 200) throw refused(url, second);
  }
  const token = tokenUrl(challenge, url);
  if (token === null) return;
  const answer = await send(token, { headers: { authorization }, signal });
  if (answer.status !== 200) throw refused(token, answer);
}

interface AwsRequest {
  readonly send: Fetch;
  readonly url: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

const AWS_TARGET = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken';

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html */
async function askAws(login: AwsLogin, { send, url, now, signal }: AwsRequest): Promise<ExpiringPassword> {
  const address = new URL(url);
  const body = '{}';
  const headers = signAws(
    {
      host: address.host,
      path: address.pathname,
      body,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': AWS_TARGET },
    },
    { ...login, service: 'ecr', now },
  );
  const answer = await send(address, { method: 'POST', headers, body, signal });
  if (answer.status === 400 || answer.status === 403) throw refused(address, answer);
  const listed = asFields(parse(answer.text))?.['authorizationData'];
  const data = asFields(Array.isArray(listed) ? listed[0] : undefined);
  const token = Buffer.from(asString(data?.['authorizationToken']) ?? '', 'base64').toString('utf8');
  const at = token.indexOf(':');
  if (answer.status !== 200 || at < 1) throw noRegistry(address, answer);
  const expires = data?.['expiresAt'];
  return {
    username: token.slice(0, at),
    password: new Secret(token.slice(at + 1), 'the answer of AWS'),
    expiresAt: typeof expires === 'number' ? expires * 1_000 : now + 12 * 3_600_000,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by whoever misses a member.
    return undefined;
  }
}

function noRegistry({ host }: URL, { status, location }: FetchAnswer): ReconcilerError {
  const moved = location === null ? '' : `, and would lead to ${location}, which is not followed`;
  return new ReconcilerError(
    'TARGET_UNREACHABLE',
    `${host}: it answers ${status} as no registry does${moved}`,
  );
}
