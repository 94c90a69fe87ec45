import { kombifyRoutes, KOMBIFY_PREFIX } from '../../../api/dialects/kombify/kombify.ts';
import { KOMPOSE_PREFIX, komposeRoutes } from '../../../api/dialects/kompose/kompose.ts';
import { provisionerRoutes } from '../../../api/dialects/provisioner/provisioner.ts';
import type { Random } from '../../chaos/random.ts';
import type { Grammar } from '../grammar/draw.ts';
import { hostileKey, hostilePiece, hostileText } from '../grammar/hostile.ts';
import { breakText, mutate } from '../grammar/mutate.ts';
import type { Piece } from '../grammar/piece.ts';
import { map, memberOf, setMember, value } from '../grammar/piece.ts';
import type { Schema } from '../grammar/schema.ts';
import { membersOf } from '../grammar/schema.ts';
import { writeJson, writeYaml } from '../grammar/write.ts';
import type { Part } from '../input.ts';
import { drawDocument } from './kombination.ts';

/** The rows of all tables, as far as a request needs them. */
export interface Endpoint {
  readonly method: string;
  /** Path with the prefix of its dialect; parameters as `:name`. */
  readonly path: string;
  readonly access: string;
  readonly query: Schema | null;
  readonly body: Schema | null;
  readonly text: readonly string[];
  /** Statuses that the row documents. */
  readonly statuses: readonly number[];
}

export const ENDPOINTS: readonly Endpoint[] = [
  ...kombifyRoutes.map((route) => toEndpoint(KOMBIFY_PREFIX, route)),
  ...komposeRoutes.map((route) => toEndpoint(KOMPOSE_PREFIX, route)),
  ...provisionerRoutes.map((route) => toEndpoint('', route)),
];

interface Row {
  readonly method: string;
  readonly path: string;
  readonly access: string;
  readonly responses: Readonly<Record<number, unknown>>;
  readonly query?: { readonly schema: Readonly<Record<string, unknown>> };
  readonly body?: {
    readonly json: { readonly schema: Readonly<Record<string, unknown>> };
    readonly text?: readonly string[];
  };
}

function toEndpoint(prefix: string, { method, path, access, query, body, responses }: Row): Endpoint {
  return {
    method,
    path: `${prefix}${path}`,
    access,
    query: query?.schema ?? null,
    body: body?.json.schema ?? null,
    text: body?.text ?? [],
    statuses: Object.keys(responses).map(Number),
  };
}

export const CALLERS = ['viewer', 'deployer', 'admin', 'nobody', 'stranger'] as const;

/** Name of the part that is a file of the repository behind the API, and no request. */
export const FILE_PART = 'file';

/** One to three requests, one after the other, each by somebody; now and then on a repository that holds something hostile, too. */
export function drawRequests(grammar: Grammar, random: Random): readonly Part[] {
  const file = random.chance(0.2) ? [drawThird(grammar, random)] : [];
  const requests = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => drawRequest(grammar, random));
  return [...file, ...requests];
}

/** A stack `third`, mostly, that is not as it should be. */
function drawThird(grammar: Grammar, random: Random): Part {
  const document = drawDocument(grammar, random);
  setMember(document, 'meta', map([['name', value('third')]]));
  const text = writeYaml(mutate(document, random));
  return { name: FILE_PART, text: random.chance(0.3) ? breakText(text, random) : text };
}

function drawRequest(grammar: Grammar, random: Random): Part {
  const endpoint = random.pick(ENDPOINTS);
  const caller = random.chance(0.5) ? 'admin' : random.pick(CALLERS);
  const target = `${fillPath(endpoint.path, random)}${drawQuery(endpoint.query, grammar, random)}`;
  const method = random.chance(0.95)
    ? endpoint.method
    : random.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE']);
  const { text, headers } = drawBody(endpoint, grammar, random);
  return {
    name: requestName({ method, target, caller, headers: [...headers, ...drawHeaders(random)] }),
    text,
  };
}

export interface RequestLine {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  readonly caller: string;
  readonly headers: readonly string[];
}

/** A request without its body as the name of a part. */
export function requestName({ method, target, caller, headers }: RequestLine): string {
  return [`${method} ${target}`, `as ${caller}`, ...headers].join('\n');
}

export function readRequestName(name: string): RequestLine {
  const [line = '', as = '', ...headers] = name.split('\n');
  const at = line.indexOf(' ');
  return { method: line.slice(0, at), target: line.slice(at + 1), caller: as.slice(3), headers };
}

/** Stacks, services and nodes that are there, and names that every object has. */
const KNOWN = ['shop', 'third', 'constructor', 'web', 'db', 'local', 'edge'];

function fillPath(path: string, random: Random): string {
  return path.replace(/:\w+/g, () => {
    if (random.chance(0.6)) return random.pick(KNOWN);
    const text = random.chance(0.6) ? hostileKey(random) : hostileText(random).slice(0, 300);
    return random.chance(0.9)
      ? encode(text)
      : random.pick(['%', '%00', '%2e%2e%2f', '%ff', '..%2f..', '%E0%A4%A', '//', '..;', '%0d%0aX:y']);
  });
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E');
}

function drawQuery(schema: Schema | null, grammar: Grammar, random: Random): string {
  const pairs: string[] = [];
  // Nobody waits longer than the answer is waited for.
  const waits = 'timeout' in membersOf(membersOf(schema)['properties']);
  if (waits) pairs.push(`timeout=${random.pick(['0', '1', '1', '-1', 'x'])}`);
  const drawn = schema === null ? map() : grammar.draw(schema, random, 4);
  for (const { key, value: member } of drawn.is === 'map' && random.chance(0.6) ? drawn.entries : []) {
    if (key === 'follow' || (key === 'timeout' && waits)) continue;
    pairs.push(`${encode(key)}=${encode(member.is === 'value' ? String(member.value) : writeJson(member))}`);
  }
  while (random.chance(0.25))
    pairs.push(`${encode(hostileKey(random))}=${encode(hostileText(random).slice(0, 500))}`);
  if (pairs.length > 0 && random.chance(0.1)) pairs.push(random.pick(pairs));
  if (random.chance(0.03)) pairs.push(random.pick(['%', '&&==', 'a[b]=c', '__proto__[x]=y', '=', '%00=%ff']));
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function drawBody(
  { body, text: types, method }: Endpoint,
  grammar: Grammar,
  random: Random,
): { readonly text: string; readonly headers: readonly string[] } {
  if (body === null && random.chance(method === 'GET' ? 0.97 : 0.7)) return { text: '', headers: [] };
  const isText = types.length > 0 && random.chance(0.3);
  const piece = isText
    ? drawDocument(grammar, random)
    : withDocuments(body === null ? hostilePiece(random) : grammar.draw(body, random, 20), grammar, random);
  const spoiled = mutate(piece, random);
  const text = isText ? writeYaml(spoiled) : writeJson(spoiled);
  const type = random.chance(0.95) ? (isText ? random.pick(types) : 'application/json') : random.pick(TYPES);
  return { text: random.chance(0.04) ? breakText(text, random) : text, headers: [`Content-Type: ${type}`] };
}

/** Descriptions stand in a body as objects or as texts, which its schema does not know. */
function withDocuments(body: Piece, grammar: Grammar, random: Random): Piece {
  if (body.is !== 'map') return body;
  const document = () => drawDocument(grammar, random);
  for (const key of ['spec', 'config'])
    if (memberOf(body, key) !== undefined && random.chance(0.7)) setMember(body, key, document());
  if (memberOf(body, 'yaml') !== undefined && random.chance(0.8))
    setMember(body, 'yaml', value(writeYaml(mutate(document(), random))));
  for (const key of ['stack', 'service', 'name', 'stacks'])
    if (memberOf(body, key)?.is === 'value' && random.chance(0.6))
      setMember(body, key, value(random.pick(KNOWN)));
  return body;
}

const TYPES = [
  'text/plain',
  'application/xml',
  'application/json; charset=utf-16',
  'application/merge-patch+json',
  'multipart/form-data; boundary=x',
  '',
];

function drawHeaders(random: Random): readonly string[] {
  const headers: string[] = [];
  if (random.chance(0.08))
    headers.push(
      `Accept: ${random.pick(['text/event-stream', 'text/plain', '*/*;q=x', 'application/json, text/html'])}`,
    );
  if (random.chance(0.05))
    headers.push(
      `${random.pick(HEADERS)}: ${random.pick(['x', '__proto__', '0', 'null', 'gzip', '-1', 'http://evil.example'])}`,
    );
  return headers;
}

const HEADERS = [
  'Origin',
  'Last-Event-ID',
  'Content-Encoding',
  'If-Match',
  'X-Request-Id',
  'X-Forwarded-For',
  'Range',
  'Cookie',
  'Expect',
  '__proto__',
  'X-HTTP-Method-Override',
];
