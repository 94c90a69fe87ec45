import { errorMessage } from '../../base/errors.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import type { ChartArchive } from '../../model/kubernetes/chart-archive.ts';
import type { ChartCredentials } from './chart-credentials.ts';
import { hintOnAccess } from './chart-credentials.ts';
import type { FetchedBytes, FetchOptions } from './fetch-bytes.ts';
import { fetchBytes, hostOf } from './fetch-bytes.ts';

/** Media type of the layer that is a chart's archive (https://helm.sh/docs/topics/registries/). */
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const MAX_MANIFEST_BYTES = 1024 ** 2;

interface Registry {
  readonly address: string;
  /** `https://ghcr.io/v2/acme/charts/grafana` */
  readonly api: string;
  readonly credentials: ChartCredentials;
  readonly options: FetchOptions;
}

/**
 * Gets a chart of an OCI registry (https://github.com/opencontainers/distribution-spec/blob/main/spec.md): the manifest of its version, and the layer that
 * it names. Where the registry wants a token, it gets the operator's credentials, or none, as everybody else.
 */
export async function fetchFromOci(
  { address, version, digest }: ChartArchive,
  options: FetchOptions,
  credentials: ChartCredentials,
): Promise<Buffer | Problem> {
  const { host, pathname, hostname } = new URL(address.replace(/^oci:/, 'https:'));
  // A registry on this machine has no certificate.
  const scheme = ['localhost', '127.0.0.1', '[::1]'].includes(hostname) ? 'http' : 'https';
  const api = `${scheme}://${host}/v2${pathname.replace(/\/+$/, '')}`;
  const isApi = (url: string): boolean => url.startsWith(`${api}/`);
  const whyNot = (url: string) => (isApi(url) ? options.whyNot(address) : options.whyNot(url));
  const registry: Registry = { address, api, credentials, options: { ...options, whyNot } };
  // A tag has no +, so Helm writes _ in its place.
  const tag = version.replaceAll('+', '_');
  const manifest = await ask(registry, `manifests/${tag}`, { accept: MANIFEST }, MAX_MANIFEST_BYTES);
  if (isProblem(manifest)) return manifest;
  const layer = chartLayer(manifest.answer.bytes);
  if (layer === null) return { problem: `${address} has no chart under ${version}` };
  if (layer !== digest) {
    return {
      problem: `${address} has another chart under ${version}: ${layer}`,
      hint: 'look what has changed there, and write this digest if you want it',
    };
  }
  const archive = await ask(registry, `blobs/${digest}`, manifest.headers, options.maxBytes);
  return isProblem(archive) ? archive : archive.answer.bytes;
}

function chartLayer(bytes: Buffer): string | null {
  const layers = asList(asFields(parseJson(bytes))?.['layers']) ?? [];
  const chart = layers.map((one) => asFields(one)).find((one) => one?.['mediaType'] === CHART_LAYER);
  return asString(chart?.['digest']) ?? null;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

interface Asked {
  readonly answer: FetchedBytes;
  /** Headers that were taken: a token counts for what is asked next. */
  readonly headers: Readonly<Record<string, string>>;
}

async function ask(
  { api, address, credentials, options }: Registry,
  path: string,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
): Promise<Asked | Problem> {
  const url = `${api}/${path}`;
  const first = await fetchBytes(url, { ...options, headers, maxBytes });
  if (isProblem(first)) return first;
  if (first.status === 200) return { answer: first, headers };
  const basic = basicFor(address, credentials);
  if (isProblem(basic)) return basic;
  if (first.status !== 401) return refusedBy({ address, path, status: first.status, basic });
  const challenge = first.headers.get('www-authenticate') ?? '';
  const shown = /^basic\b/i.test(challenge)
    ? basic
    : await askToken({ challenge, registry: url, basic }, options);
  if (isProblem(shown)) return shown;
  if (shown === null) return refusedBy({ address, path, status: first.status, basic });
  const withToken = { ...headers, authorization: shown };
  const second = await fetchBytes(url, { ...options, headers: withToken, maxBytes });
  if (isProblem(second)) return second;
  return second.status === 200
    ? { answer: second, headers: withToken }
    : refusedBy({ address, path, status: second.status, basic });
}

function basicFor(address: string, credentials: ChartCredentials): string | Problem | null {
  try {
    return credentials.basicFor(address) ?? null;
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}

interface Refusal {
  readonly address: string;
  readonly path: string;
  readonly status: number;
  readonly basic: string | null;
}

function refusedBy({ address, path, status, basic }: Refusal): Problem {
  const problem = `${address} answers ${status} when asked for ${path}`;
  const isClosed = status === 401 || status === 403;
  return { problem, ...(isClosed ? { hint: hintOnAccess(address, basic !== null) } : {}) };
}

interface Challenge {
  readonly challenge: string;
  /** Address that was asked. */
  readonly registry: string;
  readonly basic: string | null;
}

/** Asks for a token as the registry says (https://distribution.github.io/distribution/spec/auth/token/). Returns what is shown for it. */
async function askToken(
  { challenge, registry, basic }: Challenge,
  options: FetchOptions,
): Promise<string | Problem | null> {
  const member = (name: string): string | undefined =>
    new RegExp(`\\b${name}="([^"]{1,2000})"`, 'i').exec(challenge)?.[1];
  const realm = member('realm');
  if (!/^bearer\b/i.test(challenge) || realm === undefined || !URL.canParse(realm)) return null;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = member(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  // The registry itself has been allowed.
  const isSame = url.origin === new URL(registry).origin;
  const whyNot = (next: string) => (isSame && next === url.href ? null : options.whyNot(next));
  if (basic !== null && !isSame && url.protocol !== 'https:')
    return { problem: `${hostOf(registry)} wants the credentials at an address without https` };
  const answer = await fetchBytes(url.href, {
    ...options,
    headers: basic === null ? {} : { authorization: basic },
    whyNot,
    maxBytes: MAX_MANIFEST_BYTES,
  });
  if (isProblem(answer)) return answer;
  const fields = asFields(parseJson(answer.bytes));
  const token = asString(fields?.['token']) ?? asString(fields?.['access_token']);
  if (token !== undefined) return `Bearer ${token}`;
  return {
    problem: `${hostOf(url.href)} gives no token (it answers ${answer.status})`,
    ...(answer.status === 401 || answer.status === 403
      ? { hint: hintOnAccess(registry, basic !== null) }
      : {}),
  };
}
