import { KEYS } from '../../support/api/api-server.ts';
import { checkShown, toViolation } from '../checks.ts';
import type { RequestLine } from '../generators/rest.ts';
import { ENDPOINTS, FILE_PART, readRequestName } from '../generators/rest.ts';
import type { FuzzInput, Outcome, Part, Violation } from '../input.ts';
import type { ApiWorld } from './api-world.ts';
import { send } from './send.ts';
import type { Answer } from './send.ts';

/** Roles from the least; who has one has those before it as well. */
const ROLES = ['viewer', 'deployer', 'admin'];

const READS = /^(?:GET|HEAD|OPTIONS)$/;
/** Paths whose requests change nothing. */
const CHECKS = /^\/api\/v1\/(?:unifier|sync)\b/;

/** Sends the requests of an input, one after the other, to an application over a repository of its own. */
export async function playRequests(input: FuzzInput, world: ApiWorld): Promise<Outcome> {
  await world.begin(input.parts.find(({ name }) => name === FILE_PART)?.text);
  const violations: Violation[] = [];
  let accepted = false;
  for (const part of input.parts.filter(({ name }) => name !== FILE_PART)) {
    const line = readRequestName(part.name);
    const answer = await send(world.server, toBytes(line, part));
    violations.push(...checkAnswer(line, answer, world));
    const isGood = answer.status < 300;
    if (isGood) accepted = true;
    if (!READS.test(line.method) && !CHECKS.test(line.target) && (isGood || answer.status >= 500))
      world.touch();
  }
  return { accepted, violations };
}

function toBytes({ method, target, caller, headers }: RequestLine, { text }: Part): Uint8Array {
  const body = Buffer.from(text);
  const isRole = caller === 'viewer' || caller === 'deployer' || caller === 'admin';
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...(caller === 'nobody' ? [] : [`X-API-KEY: ${isRole ? KEYS[caller] : 'kbn_stranger'}`]),
    ...(body.length > 0 ? [`Content-Length: ${body.length}`] : []),
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function checkAnswer(
  line: RequestLine,
  { status, type, body, isComplete }: Answer,
  { log }: ApiWorld,
): readonly Violation[] {
  const endpoint = endpointOf(line);
  const place = endpoint === undefined ? line.method : `${endpoint.method} ${endpoint.path}`;
  const detail = `${status} ${type} ${body.slice(0, 600)}`;
  const found: Violation[] = log.errors
    .splice(0)
    .map((error) => toViolation('a request failed unexpectedly', error));
  if (!isComplete) found.push({ rule: 'no answer', place, detail });
  // A dialect may say with a status of its own that something failed on a target.
  if (status >= 500 && endpoint?.statuses.includes(status) !== true)
    found.push({ rule: `an answer of ${status}`, place, detail });
  if (endpoint !== undefined && status < 300 && status > 0 && !mayAsk(line.caller, endpoint.access))
    found.push({ rule: `the caller ${line.caller} may not`, place, detail });
  if (type.startsWith('text/plain')) found.push(...checkShown(place, body));
  return found;
}

/** The row whose path this is, where its parameters hold no further slash; `undefined` where it may be none, or several. */
function endpointOf({ method, target }: RequestLine): (typeof ENDPOINTS)[number] | undefined {
  const path = target.split('?', 1)[0] ?? '';
  return ENDPOINTS.find((row) => row.method === method && patternOf(row.path).test(path));
}

const PATTERNS = new Map<string, RegExp>();

function patternOf(path: string): RegExp {
  const pattern =
    PATTERNS.get(path) ?? new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`);
  PATTERNS.set(path, pattern);
  return pattern;
}

function mayAsk(caller: string, access: string): boolean {
  return access === 'open' || ROLES.indexOf(caller) >= ROLES.indexOf(access);
}
