import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type {
  ExecSession,
  LogLine,
  ObjectView,
  PlaceLogOptions,
  Reconciler,
  SessionRequest,
  WorkPlace,
} from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { KEYS, listTestKeys, startApiServer } from '../../support/api/api-server.ts';
import { openSocket } from '../../support/api/socket-client.ts';
import { eventually } from '../../support/eventually.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';

const POD = 'a'.repeat(24);
const SERVICE = 'b'.repeat(24);
const ENGINE = 'c'.repeat(24);
const NONE = 'f'.repeat(24);

const objects: Readonly<Record<string, Partial<ObjectView>>> = {
  [POD]: {
    kind: 'Pod',
    name: 'web-1',
    namespace: 'shop',
    node: 'prod',
    stack: 'shop',
    facts: { containers: [{ name: 'web' }, { name: 'side' }] },
  },
  [SERVICE]: { kind: 'Service', name: 'web', namespace: 'shop', node: 'prod', stack: 'shop', facts: {} },
  [ENGINE]: { kind: 'container', name: 'shop-web-1', namespace: null, node: 'nas', stack: 'shop', facts: {} },
};

/** The core: it keeps what it was asked, and answers as a test says. */
const core = {
  logs: [] as { readonly place: WorkPlace; readonly options: PlaceLogOptions }[],
  lines: [] as readonly string[],
  failure: null as Error | null,
  sessions: [] as { readonly place: WorkPlace; readonly request: SessionRequest }[],
  open: shell,
};

async function* readLines(options: PlaceLogOptions): AsyncGenerator<LogLine> {
  for (const text of core.lines) yield { stream: 'stdout', time: '2026-01-01T00:00:00.000000001Z', text };
  if (core.failure !== null) throw core.failure;
  const { signal } = options;
  if (options.follow === true && !signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** A shell that prints what is typed, and ends at `exit N`; it shows the sizes that it is given. */
function shell({ signal }: SessionRequest): ExecSession {
  const waiting: Uint8Array[] = [];
  let wake = () => {};
  const exit = Promise.withResolvers<number>();
  exit.promise.catch(() => undefined);
  let isOver = false;
  const end = (work: () => void) => {
    work();
    isOver = true;
    wake();
  };
  signal.addEventListener('abort', () => end(() => exit.reject(signal.reason)));
  const print = (bytes: Uint8Array) => {
    waiting.push(bytes);
    wake();
  };
  async function* output(): ExecSession['output'] & AsyncGenerator {
    for (;;) {
      const bytes = waiting.shift();
      if (bytes !== undefined) yield { stream: 'stdout', bytes };
      else if (isOver) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    output: output(),
    exitCode: exit.promise,
    write(bytes) {
      // Characters come in two pieces.
      for (const piece of [bytes.subarray(0, 1), bytes.subarray(1)]) print(piece);
      const code = /^exit (\d)/.exec(Buffer.from(bytes).toString())?.[1];
      if (code !== undefined) end(() => exit.resolve(Number(code)));
    },
    drained: async () => undefined,
    end: () => undefined,
    resize: async ({ columns, rows }) => print(Buffer.from(`[${columns}x${rows}]`)),
    async [Symbol.asyncDispose]() {},
  };
}

let server: ApiServer;
let keys = listTestKeys();
const BASE = '/v1/api/resources';

beforeAll(async () => {
  const fake: Reconciler = createFakeReconciler();
  const reconciler: Reconciler = {
    ...fake,
    openInventory: async () => undefined,
    getObject(id) {
      const object = objects[id];
      if (object === undefined) throw new ReconcilerError('UNKNOWN_OBJECT', `there is no object ${id}`);
      return { object: { ...object, id, place: 'kubernetes:x' } as ObjectView, events: [] };
    },
    async *logsAt(place, options) {
      core.logs.push({ place, options });
      yield* readLines(options);
    },
    async openSessionAt(place, request) {
      core.sessions.push({ place, request });
      return core.open(request);
    },
  };
  server = await startApiServer({
    reconciler,
    auth: { mode: 'keys', keys: { listKeys: () => keys } },
    recheckMs: 20,
    origins: ['https://ui.example.org'],
    proxies: ['127.0.0.1'],
  });
});
beforeEach(() => void Object.assign(core, { logs: [], lines: [], failure: null, sessions: [] }));
afterAll(() => server[Symbol.asyncDispose]());

let asked = 0;
/** Each request comes from an address of its own, or there would be too many from one. */
const from = () => ({ 'X-Forwarded-For': `198.51.100.${(asked += 1)}` });
const open = (path: string) => server.request(`${BASE}/${path}`, { role: 'viewer', headers: from() });
const logs = async (path: string) => (await open(path)).text();
const terminal = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  openSocket(`${server.url}${BASE}/${path}`, { ...from(), ...headers });

it('streams what a container prints: metadata, lines as text, and the end', async () => {
  core.lines = ['one', 'two\r\nthree: {"no":"json"}'];
  const text = await logs(`${POD}/logs/stream?container=side&follow=false&tail=7&sinceSeconds=60`);
  expect(text.split('\n\n').slice(1)).toEqual([
    'event: metadata\ndata: {"pod":"web-1","container":"side","namespace":"shop","cluster":"prod"}',
    'event: log\ndata: 2026-01-01T00:00:00.000000001Z one',
    // A line end of its own would begin another field.
    'event: log\ndata: 2026-01-01T00:00:00.000000001Z two three: {"no":"json"}',
    'event: complete\ndata: Log stream completed',
    '',
  ]);
  expect(core.logs).toMatchObject([
    { place: { name: 'web-1', namespace: 'shop' }, options: { container: 'side', follow: false, tail: 50 } },
  ]);
  const since = core.logs[0]?.options.since?.getTime() ?? 0;
  expect(Math.abs(Date.now() - since - 60_000)).toBeLessThan(30_000);
});

it('takes the first container, a hundred lines, and no more than five thousand; engines have logs, too', async () => {
  core.failure = new ReconcilerError('TARGET_UNREACHABLE', 'the cluster is away');
  const text = await logs(`${POD}/logs/stream`);
  expect(text).toContain('event: error\ndata: the cluster is away\n\n');
  expect(text).not.toContain('complete');
  await logs(`${ENGINE}/logs/stream?tail=999999&container=`);
  expect(core.logs).toMatchObject([
    { options: { container: 'web', follow: true, tail: 100 } },
    { place: { name: 'shop-web-1', node: 'nas' }, options: { tail: 5000 } },
  ]);
  expect(core.logs[1]?.options).not.toHaveProperty('container');
});

it('ends a stream of logs whose token is revoked', async () => {
  const following = await open(`${POD}/logs/stream`);
  keys = listTestKeys().filter(({ role }) => role !== 'viewer');
  expect(await following.text()).toContain('event: metadata');
  keys = listTestKeys();
  expect(core.logs[0]?.options.signal.aborted).toBe(true);
});

it('cuts a stream off whose token is revoked, when nobody reads it', async () => {
  core.lines = Array.from({ length: 5_000 }, () => 'x'.repeat(60_000));
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const address = '203.0.113.7';
  socket.write(
    `GET ${BASE}/${POD}/logs/stream HTTP/1.1\r\nHost: x\r\nX-API-KEY: ${KEYS.viewer}\r\nX-Forwarded-For: ${address}\r\n\r\n`,
  );
  await once(socket, 'readable');
  keys = listTestKeys().filter(({ role }) => role !== 'viewer');
  const isLogged = () => server.entries.some(({ data }) => 'address' in data && data.address === address);
  expect(await eventually(isLogged, (found) => found)).toBe(true);
  keys = listTestKeys();
  socket.destroy();
});

it.each([
  ['xyz/logs/stream', 400, 'Invalid resource ID'],
  [`${NONE}/logs/stream`, 404, 'Resource not found'],
  [`${SERVICE}/logs/stream`, 400, 'Only pods have logs. This resource is not a pod.'],
  [`${POD}/logs/stream?container=db`, 400, 'the pod web-1 has no container db; it has: web, side'],
  [`${POD}/logs/stream?tail=many`, 400, 'tail'],
  [`${POD}/logs/stream?sinceSeconds=-1`, 400, 'sinceSeconds'],
  [`${POD}/exec/terminal`, 400, 'this is a web socket'],
])('refuses %s', async (path, status, error) => {
  const answer = await server.request(`${BASE}/${path}`, { headers: from() });
  expect(answer.status).toBe(status);
  expect(JSON.stringify(await answer.json())).toContain(error);
});

it('opens a terminal: metadata, what is printed, keys and sizes, and the end', async () => {
  core.open = shell;
  await using client = await terminal(`${POD}/exec/terminal?token=${KEYS.admin}&shell=/bin/bash`, {
    origin: 'https://ui.example.org',
  });
  await client.frame((frame) => frame.includes('80x24'));
  client.socket.send(JSON.stringify({ type: 'input', data: 'äß' }));
  client.socket.send(JSON.stringify({ type: 'resize', data: '', rows: 50, cols: 120 }));
  // Nonsense is left out.
  for (const frame of ['no json', '[]', '{"type":"input"}', '{"type":"resize","cols":-1,"rows":"x"}'])
    client.socket.send(frame);
  client.socket.send(Buffer.from('binary'));
  await client.frame((frame) => frame.includes('120x50'));
  client.socket.send(JSON.stringify({ type: 'input', data: 'exit 3' }));
  expect(await client.closed).toMatchObject({ code: 1000 });
  const frames = client.frames.map((frame) => JSON.parse(frame) as { type: string; data: string });
  const [first] = frames;
  expect(first?.type).toBe('metadata');
  expect(JSON.parse(first?.data ?? '')).toEqual({
    pod: 'web-1',
    container: 'web',
    namespace: 'shop',
    cluster: 'prod',
  });
  const printed = frames.filter(({ type }) => type === 'output').map(({ data }) => data);
  expect(printed.join('')).toBe('[80x24]äß[120x50]exit 3');
  expect(frames.at(-1)).toEqual({ type: 'close', data: 'Terminal session completed' });
  expect(core.sessions).toMatchObject([
    {
      place: { name: 'web-1', namespace: 'shop', node: 'prod', stack: 'shop' },
      request: {
        argv: ['/bin/sh'],
        tty: true,
        container: 'web',
        via: 'api',
        actor: { email: 'admin-key@kombinator.local' },
      },
    },
  ]);
});

it('says in a frame why there is no terminal, or not any more', async () => {
  core.open = () => {
    throw new ReconcilerError('TARGET_ERROR', 'the container web of web-1 does not run');
  };
  const first = async () => {
    await using client = await terminal(`${POD}/exec/terminal?token=${KEYS.admin}`);
    await client.closed;
    return JSON.parse(client.frames.at(-1) ?? '{}') as unknown;
  };
  expect(await first()).toEqual({
    type: 'error',
    data: 'Failed to create terminal session: the container web of web-1 does not run',
  });
  const ended = (error: Error) => (request: SessionRequest) => ({
    ...shell(request),
    output: (async function* () {
      yield { stream: 'stdout' as const, bytes: Buffer.from('x') };
      throw error;
    })(),
  });
  core.open = ended(new ReconcilerError('TARGET_UNREACHABLE', 'the connection was lost'));
  expect(await first()).toMatchObject({
    type: 'error',
    data: expect.stringMatching(/^Terminal session ended unexpectedly/) as string,
  });
  // A page opens one again after an error; one that was left open stays closed.
  core.open = ended(new ReconcilerError('CANCELLED', 'nothing was typed or printed for 30 minutes'));
  expect(await first()).toMatchObject({
    type: 'close',
    data: expect.stringMatching(/^Terminal session completed/) as string,
  });
});

it.each([
  ['without a token', `${POD}/exec/terminal`, {}, /^401 .*Authorization token is required/],
  ['with a wrong one', `${POD}/exec/terminal?token=nonsense`, {}, /^401 .*Invalid or expired token/],
  ['for deployers', `${POD}/exec/terminal?token=${KEYS.deployer}`, {}, /^403 .*Admin access required/],
  [
    'of another origin',
    `${POD}/exec/terminal?token=${KEYS.admin}`,
    { origin: 'https://evil.example.org' },
    /^403/,
  ],
  [
    'in what is no pod',
    `${SERVICE}/exec/terminal?token=${KEYS.admin}`,
    {},
    /^400 .*Only pods support terminal access/,
  ],
  ['in what is not there', `${NONE}/exec/terminal?token=${KEYS.admin}`, {}, /^404 .*Resource not found/],
  ['for a bad id', `xyz/exec/terminal?token=${KEYS.admin}`, {}, /^400 .*Invalid resource ID/],
])('refuses a terminal %s', async (_, path, headers, message) => {
  await expect(terminal(path, headers)).rejects.toThrow(message);
  expect(core.sessions).toEqual([]);
});

it('ends terminals with frames of ten megabytes, and of a token that is revoked', async () => {
  core.open = shell;
  await using large = await terminal(`${POD}/exec/terminal?token=${KEYS.admin}`);
  large.socket.send('x'.repeat(10_000_000));
  expect(await large.closed).toMatchObject({ code: 1009 });
  await using revoked = await terminal(`${POD}/exec/terminal?token=${KEYS.admin}`);
  keys = listTestKeys().filter(({ role }) => role !== 'admin');
  expect(await revoked.closed).toMatchObject({ code: 1001 });
  keys = listTestKeys();
  expect(core.sessions.map(({ request }) => request.signal.aborted)).toEqual([true, true]);
  expect(server.entries.filter(({ level }) => level === 'error')).toEqual([]);
});
