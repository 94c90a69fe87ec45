import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../../api/cli/remote/client.ts';
import { toPlan } from '../../../api/cli/remote/decode.ts';
import { createRemoteSession } from '../../../api/cli/remote/remote-session.ts';
import { changingPlan, runFakeCli } from '../../support/cli/cli-harness.ts';

const signal = new AbortController().signal;
const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const job = {
  id: 'job_1',
  type: 'deploy',
  stack_id: 'web',
  status: 'running',
  created_at: '2026-01-01T00:00:00Z',
};
const step = { index: 0, name: 'local/container/web', action: 'create', status: 'running' };

describe('following a job', () => {
  it('takes up a stream that breaks, reports every step once, and ends with the job', async () => {
    let streams = 0;
    const url = await serve((request, response) => {
      if (request.headers.accept !== 'text/event-stream') {
        const status = streams > 1 ? 'completed' : 'running';
        return void response.end(JSON.stringify({ ...job, status, steps: [{ ...step, status }], logs: [] }));
      }
      streams += 1;
      response.setHeader('content-type', 'text/event-stream');
      response.write(`: open\n\nevent: step\ndata: ${JSON.stringify(step)}\n\n`);
      if (streams === 1) return void setImmediate(() => response.destroy());
      response.end(`event: complete\ndata: ${JSON.stringify(job)}\n\n`);
    });
    const seen: string[] = [];
    const detail = await createRemoteSession({ url }).followJob(
      'job_1',
      ({ status }) => seen.push(status),
      signal,
    );
    expect(seen).toEqual(['running', 'completed']);
    expect(detail.job).toMatchObject({ id: 'job_1', type: 'apply', stack: 'web', status: 'completed' });
    expect(streams).toBe(2);
  });
});

it('sends back the id of a plan that the daemon made, and a saved plan whole', async () => {
  const bodies: unknown[] = [];
  const url = await serve((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      const isPlan = request.url?.endsWith('/plan') === true;
      const answer = isPlan ? { ...changingPlan('web'), plan_id: 'plan_7', has_changes: true } : job;
      response.end(JSON.stringify(answer));
    });
  });
  const session = createRemoteSession({ url, apiKey: 'k' });
  const { plan } = await session.plan({ stack: 'web' }, signal);
  expect(plan).toEqual(changingPlan('web'));
  await session.apply({ stack: 'web', plan }, signal);
  await session.apply({ stack: 'web', plan: changingPlan('web'), confirm: true }, signal);
  expect(bodies.slice(1)).toEqual([
    { mode: 'apply', volumes: false, confirm: false, plan_id: 'plan_7' },
    { mode: 'apply', volumes: false, confirm: true, plan: changingPlan('web') },
  ]);
});

it('asks again what was asked too often, when it is told to', async () => {
  let asked = 0;
  const url = await serve((_, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(429, { 'Retry-After': '1' }).end('{"error":"rate limit exceeded"}');
    else response.end('{"workflows":[{"id":"a","name":"shop","status":"draft","cluster_id":""}]}');
  });
  const workflows = await createRemoteSession({ url }).listWorkflows(signal);
  expect(workflows).toEqual([{ id: 'a', name: 'shop', status: 'draft', cluster: '' }]);
  expect(asked).toBe(2);
});

it.each([
  {
    what: 'an error in the words of the workflow platform',
    status: 400,
    body: { error: 'Invalid request data', details: [{ field: 'name', message: 'is missing' }] },
    error: { code: 'HTTP_400', message: 'Invalid request data\n  name: is missing' },
  },
  {
    what: 'an error of the daemon, by its finer code and with its details',
    status: 409,
    body: {
      error: {
        code: 'CONFLICT',
        reason: 'PLAN_STALE',
        message: 'moved on',
        details: [{ field: 'plan', message: 'web appeared' }],
      },
    },
    error: { code: 'PLAN_STALE', message: 'moved on\n  plan: web appeared' },
  },
  {
    what: 'a missing key',
    status: 401,
    body: { error: { code: 'UNAUTHORIZED', message: 'no' } },
    error: { code: 'UNAUTHORIZED' },
  },
  { what: 'something that is no daemon', status: 200, body: '<html>', error: { code: 'NOT_A_DAEMON' } },
  {
    what: 'a daemon of another version',
    status: 200,
    body: { stacks: [] },
    error: { code: 'UNEXPECTED_ANSWER' },
  },
])('explains $what', async ({ status, body, error }) => {
  const url = await serve((_, response) => {
    response.statusCode = status;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await expect(createRemoteSession({ url }).repository(signal)).rejects.toMatchObject(error);
});

it('refuses what is no address, and accepts one with the prefix of the API', async () => {
  expect(() => createRemoteSession({ url: 'localhost:5260' })).toThrow('is not an address');
  let path: string | undefined;
  const url = await serve((request, response) => {
    path = request.url;
    response.end(JSON.stringify({ jobs: [] }));
  });
  await createRemoteSession({ url: `${url}/api/v1/` }).listJobs({ stack: 'web', limit: 5 }, signal);
  expect(path).toBe('/api/v1/jobs?stack_id=web&per_page=5');
});

it('reads events however they are cut into pieces', async () => {
  const text =
    ': open\n\nevent: step\ndata: {"a":"é"}\n\n: heartbeat\n\nevent: log\nid: 3\ndata: {"b":2}\n\n';
  const bytes = new TextEncoder().encode(text);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
  }
  const events = [];
  for await (const event of readEvents(pieces())) events.push(event);
  expect(events).toEqual([
    { event: 'step', data: { a: 'é' } },
    { event: 'log', data: { b: 2 } },
  ]);
});

it('finds what is no longer described among the stacks that the daemon lists', async () => {
  const listed = (name: string, file: string) => ({ name, file, state: 'blocked', message: 'too many' });
  const stacks = [listed('old', ''), listed('web', 'kombinations/web/kombination.yaml')];
  const url = await serve((_request, response) => void response.end(JSON.stringify({ stacks })));
  const leftovers = await createRemoteSession({ url }).leftovers(signal);
  expect(leftovers).toMatchObject([{ name: 'old', state: 'blocked', message: 'too many' }]);
});

it('tells a history oldest first, as a reconciler in this process does', async () => {
  const entry = (number: number) => ({ number, time: '2026-01-01T00:00:00Z', result: 'deployed' });
  const deployments = [entry(2), entry(1)];
  const url = await serve((_request, response) => void response.end(JSON.stringify({ deployments })));
  const history = await createRemoteSession({ url }).history('web', signal);
  expect(history.map(({ number }) => number)).toEqual([1, 2]);
});

it('shows of a plan of a daemon all that the daemon tells', () => {
  const contents = [
    { target: '/etc/a', source: 'a', before: null, after: { blob: 'b', bytes: 1 }, lines: ['+x'] },
  ];
  const { changes, ...plan } = changingPlan('web');
  const told = { ...plan, changes: changes.map((change) => ({ ...change, contents })), plan_id: 'plan_1' };
  expect(toPlan(JSON.parse(JSON.stringify(told))).changes[0]?.contents).toEqual(contents);
});

it.each(['plan', 'apply', 'status'])(
  '%s of a daemon that has read nothing yet is no good news',
  async (command) => {
    const error = { code: 'REPOSITORY_UNREACHABLE', message: 'nobody answers' };
    for (const [repository, told] of [
      [{ revision: null }, 'the daemon has not read the repository yet'],
      [{ revision: null, error }, 'the daemon has not read the repository yet: nobody answers'],
    ] as const) {
      const done = await runFakeCli([command, '--server', 'http://127.0.0.1:1'], { plans: {}, repository });
      expect([done.code, done.stdout, done.stderr]).toEqual([1, '', expect.stringContaining(told)]);
    }
  },
);
