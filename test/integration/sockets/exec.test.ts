import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Role } from '../../../reconciler/index.ts';
import type { ApiServer } from '../../support/api/api-server.ts';
import { json, KEYS, listTestKeys, startApiServer } from '../../support/api/api-server.ts';
import { openSocket } from '../../support/api/socket-client.ts';
import { eventually } from '../../support/eventually.ts';
import type { Rig } from '../../support/reconciler-rig.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

let rig: Rig;
let server: ApiServer;
let keys = listTestKeys();

beforeAll(async () => {
  rig = createRig({ sessionIdleMs: 400 });
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const auth = { mode: 'keys', keys: { listKeys: () => keys } } as const;
  server = await startApiServer({
    reconciler: rig.reconciler,
    auth,
    recheckMs: 20,
    origins: ['https://page.example.org'],
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
});

const TICKETS = '/api/v1/stacks/shop/services/web/exec';

async function ticketFor(command: readonly string[], more: object = {}, role: Role = 'admin') {
  const response = await server.request(TICKETS, { ...json('POST', { command, ...more }), role });
  expect(response.status).toBe(201);
  return (await response.json()) as { readonly ticket: string; readonly path: string };
}

const open = async (command: readonly string[], more: object = {}) =>
  openSocket(server.url + (await ticketFor(command, more)).path);

it('runs a program: output by stream, and its exit code', async () => {
  await using client = await open(['sh', '-c', 'echo one; echo wrong >&2; exit 3']);
  expect(await client.closed).toMatchObject({ code: 1000 });
  expect(client.frames).toEqual(['{"type":"opened"}', '1:one\n', '2:wrong\n', '{"type":"exit","code":3}']);
});

it('hands input on, and its end', async () => {
  await using client = await open(['cat'], { tty: true, columns: 100, rows: 30 });
  await client.frame((frame) => frame.includes('opened'));
  client.socket.send(Buffer.from('hello'));
  // Nonsense is left out.
  client.socket.send('no json');
  client.socket.send('{"type":"resize","columns":1e9,"rows":0}');
  client.socket.send('{"type":"end"}');
  await client.closed;
  expect(client.frames).toContain('1:hello');
});

it('takes a ticket once, and only what is one', async () => {
  const { path } = await ticketFor(['sh']);
  await using _first = await openSocket(server.url + path);
  for (const again of [path, '/api/v1/exec?ticket=guess'])
    await expect(openSocket(server.url + again)).rejects.toThrow(/^401 .*the ticket is not valid/);
  await expect(openSocket(`${server.url}/api/v1/exec`)).rejects.toThrow(/^400 .*ticket/);
  // A key in the address is no ticket.
  await expect(openSocket(`${server.url}/api/v1/exec?api_key=${KEYS.admin}`)).rejects.toThrow(/^400/);
});

it('gives tickets to admins, for services that there are', async () => {
  for (const [role, status] of [
    ['viewer', 403],
    ['deployer', 403],
    [null, 401],
  ] as const) {
    const answer = await server.request(TICKETS, { ...json('POST', { command: ['sh'] }), role });
    expect([role, answer.status]).toEqual([role, status]);
  }
  const ask = async (path: string, body: object) => (await server.request(path, json('POST', body))).status;
  expect(await ask('/api/v1/stacks/shop/services/db/exec', { command: ['sh'] })).toBe(404);
  expect(await ask('/api/v1/stacks/none/services/web/exec', { command: ['sh'] })).toBe(404);
  for (const body of [{}, { command: [] }, { command: 'sh' }, { command: ['sh'], user: 'root' }])
    expect(await ask(TICKETS, body)).toBe(400);
  await using other = await startApiServer({ reconciler: rig.reconciler });
  const waiting = Array.from({ length: 40 }, () => other.request(TICKETS, json('POST', { command: ['sh'] })));
  const statuses = (await Promise.all(waiting)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([201, 503]));
});

it('lets those in whom the operator names', async () => {
  const ask = async (execRight: 'nobody' | 'deployers', role: Role) => {
    await using other = await startApiServer({ reconciler: rig.reconciler, execRight });
    return (await other.request(TICKETS, { ...json('POST', { command: ['sh'] }), role })).status;
  };
  expect(await ask('nobody', 'admin')).toBe(403);
  expect(await ask('deployers', 'deployer')).toBe(201);
  expect(await ask('deployers', 'viewer')).toBe(403);
});

it('keeps pages of other origins out, and what is no web socket', async () => {
  for (const origin of ['https://evil.example.org', 'null', 'https://page.example.org.evil'])
    await expect(openSocket(`${server.url}/api/v1/exec?ticket=x`, { origin })).rejects.toThrow(/^403/);
  for (const origin of ['https://page.example.org', server.url])
    await expect(openSocket(`${server.url}/api/v1/exec?ticket=x`, { origin })).rejects.toThrow(/^401/);
  expect((await server.request('/api/v1/exec?ticket=x')).status).toBe(400);
  // Routes that are none answer as they always do.
  await expect(openSocket(`${server.url}/api/v1/health`)).rejects.toThrow(/^200/);
  await expect(openSocket(`${server.url}/nowhere`)).rejects.toThrow(/^404/);
});

it('closes a connection that asks for a socket before its last answer, and goes on', async () => {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const ask = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  const path = '/api/v1/exec?ticket=x';
  socket.write(`GET /api/v1/stacks HTTP/1.1\r\nHost: x\r\n\r\nGET ${path} HTTP/1.1\r\n${ask}\r\n`);
  socket.resume();
  await once(socket, 'close');
  expect((await server.request('/api/v1/stacks')).status).toBe(200);
});

it('ends sockets with frames of ten megabytes, and those that are left open', async () => {
  await using large = await open(['cat']);
  large.socket.send(Buffer.alloc(10_000_000));
  expect(await large.closed).toMatchObject({ code: 1009 });
  await using quiet = await open(['cat']);
  await quiet.closed;
  expect(quiet.frames.at(-1)).toMatch(/"code":"CANCELLED".*nothing was typed or printed for 400 ms/);
});

it('says in a frame why nothing runs', async () => {
  const { path } = await ticketFor(['sh']);
  const control = { stack: 'shop', actor: null, trigger: 'api' } as const;
  rig.reconciler.control({ ...control, action: 'stop' });
  await rig.reaches('shop', 'stopped');
  await using client = await openSocket(server.url + path);
  await client.closed;
  expect(client.frames).toEqual([expect.stringMatching(/"type":"error","code":"TARGET_ERROR"/)]);
  rig.reconciler.control({ ...control, action: 'start' });
  await rig.reaches('shop', 'in_sync');
});

it('ends the session of a key that is revoked', async () => {
  await using client = await open(['cat']);
  await client.frame((frame) => frame.includes('opened'));
  keys = listTestKeys().filter(({ role }) => role !== 'admin');
  expect(await client.closed).toMatchObject({ code: 1001 });
  keys = listTestKeys();
});

it('ends an event stream of a key that is revoked', async () => {
  const made = await server.request('/v1/api/workflows', json('POST', { name: 'flow' }));
  const { id } = (await made.json()) as { readonly id: string };
  const stream = await server.request(`/v1/api/workflows/${id}/status/stream`, { role: 'deployer' });
  expect(stream.status).toBe(200);
  keys = listTestKeys().filter(({ role }) => role !== 'deployer');
  // It would go on for ever.
  expect(await stream.text()).toContain('event: metadata');
  keys = listTestKeys();
});

it('takes a client who goes away for no fault', async () => {
  const faults = () => server.entries.filter(({ level }) => level === 'error');
  const before = faults().length;
  const client = await open(['cat']);
  await client.frame((frame) => frame.includes('opened'));
  await client[Symbol.asyncDispose]();
  await eventually(
    () => rig.reconciler.listAccesses(1)[0]?.outcome,
    (outcome) => outcome === 'closed',
  );
  await setImmediate();
  expect(faults().slice(before)).toEqual([]);
});

it('tells who was where, to admins', async () => {
  await using client = await open(['sh', '-c', 'exit 5']);
  await client.closed;
  await eventually(
    () => rig.reconciler.listAccesses(1)[0]?.outcome,
    (outcome) => outcome === 'exit 5',
  );
  const answer = await server.request('/api/v1/accesses?limit=1');
  expect(await answer.json()).toMatchObject({
    accesses: [
      { subject: 'stack/shop/web', actor: 'admin-key@kombinator.local', program: 'sh', outcome: 'exit 5' },
    ],
  });
  expect((await server.request('/api/v1/accesses', { role: 'deployer' })).status).toBe(403);
  // One-time or not, no log has a ticket; a socket is logged as one.
  await eventually(
    () => server.entries.some(({ data }) => 'status' in data && data.status === 101),
    (isLogged) => isLogged,
  );
  expect(JSON.stringify(server.entries)).not.toMatch(/ticket=[^*"]/);
});
