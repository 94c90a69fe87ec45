import { afterEach, expect, it } from 'vitest';
import { hashApiKey } from '../../../../api/index.ts';
import type { ExecSession, ObjectView, Reconciler, SessionRequest } from '../../../../reconciler/index.ts';
import { ReconcilerError } from '../../../../reconciler/index.ts';
import { KEYS, startApiServer } from '../../../support/api/api-server.ts';
import { openSocket } from '../../../support/api/socket-client.ts';
import { startWorkflowServer } from '../../../support/api/workflow-server.ts';
import { createFakeReconciler } from '../../../support/fakes/fake-reconciler.ts';

const CALLERS = 8;
const STREAMS = 500;
/** Streams that one caller may have open. */
const MOST = 64;
const POD = 'a'.repeat(24);

const keyOf = (caller: number) => `kbn_caller-${caller}-of-the-tests`;
const callers = Array.from({ length: CALLERS }, (_, index) => ({
  id: `key_${index}`,
  name: `caller ${index}`,
  role: 'viewer' as const,
  hash: hashApiKey(keyOf(index)),
  createdAt: '2026-01-01T00:00:00Z',
}));
const deployer = {
  id: 'key_deployer',
  name: 'deployer key',
  role: 'deployer' as const,
  hash: hashApiKey(KEYS.deployer),
  createdAt: '2026-01-01T00:00:00Z',
};

const ending: AbortController[] = [];
afterEach(() => {
  for (const one of ending.splice(0)) one.abort();
});

let asked = 0;
/** Each request comes from an address of its own, or there would be too many from one. */
function headersOf(key: string) {
  asked += 1;
  return { Authorization: `Bearer ${key}`, 'X-Forwarded-For': `198.51.${asked >> 8}.${asked & 255}` };
}

/** Reads on until the text is there; throws when the stream ends first. */
function readerOf(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async until(part: string) {
      while (!text.includes(part)) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`ended without ${part}: ${text}`);
        text += value;
      }
    },
    async rest() {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) return text;
        text += value;
      }
    },
  };
}

it('five hundred streams of one workflow are all told, a caller has no more than his share, and none is left', async () => {
  const auth = { mode: 'keys', keys: { listKeys: () => [...callers, deployer] } } as const;
  await using platform = await startWorkflowServer({ auth, proxies: ['127.0.0.1'] });
  const { reconciler } = platform.rig;
  const subscribe = reconciler.subscribe.bind(reconciler);
  let listeners = 0;
  Object.assign(reconciler, {
    subscribe(...request: Parameters<typeof subscribe>) {
      const subscription = subscribe(...request);
      listeners += 1;
      return {
        [Symbol.dispose]() {
          listeners -= 1;
          subscription[Symbol.dispose]();
        },
      };
    },
  });
  const { id } = await platform.create('shop');
  const other = await platform.create('other shop');
  const open = async (caller: number, workflow = id) => {
    const client = new AbortController();
    ending.push(client);
    const path = `${platform.server.url}/v1/api/workflows/${workflow}/status/stream`;
    return fetch(path, { headers: headersOf(keyOf(caller)), signal: client.signal });
  };
  const responses = await Promise.all(Array.from({ length: STREAMS }, (_, index) => open(index % CALLERS)));
  expect(responses.filter(({ status }) => status !== 200)).toEqual([]);
  const readers = responses.map(readerOf);
  await Promise.all(readers.map(({ until }) => until('event: metadata')));
  // However many follow it, it is read once.
  await expect.poll(() => listeners).toBe(1);

  const ofOne = Math.ceil(STREAMS / CALLERS);
  const more = await Promise.all(Array.from({ length: MOST - ofOne + 1 }, () => open(0)));
  const refused = more.filter(({ status }) => status === 503);
  expect(refused).toHaveLength(1);
  expect(refused[0]?.headers.get('Retry-After')).toBe('5');
  expect(await refused[0]?.text()).toContain(`has ${MOST} event streams open`);

  await platform.ask('DELETE', `/workflows/${id}`);
  await Promise.all(readers.map(({ until }) => until('event: complete')));

  await expect.poll(() => listeners).toBe(0);
  for (const one of ending.splice(0)) one.abort();
  const again = await Promise.all(Array.from({ length: MOST }, () => open(0, other.id)));
  expect(again.filter(({ status }) => status !== 200)).toEqual([]);
  await Promise.all(again.map(readerOf).map(({ until }) => until('event: metadata')));
  for (const one of ending.splice(0)) one.abort();
  await expect.poll(() => listeners).toBe(0);
});

/** The core with one pod that prints two lines; then its cluster says this, or nothing for good. */
function withPod(then: () => Promise<void>) {
  const fake: Reconciler = createFakeReconciler();
  const sessions: SessionRequest[] = [];
  const reconciler: Reconciler = {
    ...fake,
    openInventory: async () => undefined,
    getObject: () => ({
      object: {
        id: POD,
        kind: 'Pod',
        name: 'web-1',
        namespace: 'shop',
        node: 'prod',
        stack: 'shop',
        place: 'kubernetes:x',
        facts: { containers: [{ name: 'web' }] },
      } as unknown as ObjectView,
      events: [],
    }),
    async *logsAt(_, { signal }) {
      for (const text of ['one', 'two']) yield { stream: 'stdout', time: '2026-01-01T00:00:00Z', text };
      await Promise.race([then(), new Promise((resolve) => signal.addEventListener('abort', resolve))]);
    },
    async openSessionAt(_, request) {
      sessions.push(request);
      return silent(request);
    },
  };
  return { reconciler, sessions };
}

/** A shell that says nothing, until it is ended. */
function silent({ signal }: SessionRequest): ExecSession {
  const over = Promise.withResolvers<number>();
  over.promise.catch(() => undefined);
  signal.addEventListener('abort', () => over.reject(signal.reason));
  return {
    output: nothingUntil(over.promise),
    exitCode: over.promise,
    write: () => undefined,
    drained: async () => undefined,
    end: () => undefined,
    resize: async () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

async function* nothingUntil(end: Promise<unknown>): ExecSession['output'] & AsyncGenerator {
  await end.catch(() => undefined);
  yield* [];
}

it('a log whose cluster takes the token away in the middle ends with its lines, and why', async () => {
  const revoked = new ReconcilerError('TARGET_UNREACHABLE', 'prod refuses the credentials: 401 Unauthorized');
  const { reconciler } = withPod(async () => {
    throw revoked;
  });
  await using server = await startApiServer({ reconciler });
  const response = await server.request(`/v1/api/resources/${POD}/logs/stream`);
  const text = await response.text();
  expect(text).toMatch(
    /data: \S+ one\n\n[^]*data: \S+ two\n\n[^]*event: error\ndata: prod refuses the credentials/,
  );
  expect(text).not.toContain('event: complete');
});

it('a daemon that ends takes its streams and sockets along', async () => {
  const stopping = new AbortController();
  const { reconciler, sessions } = withPod(() => new Promise(() => undefined));
  await using server = await startApiServer({ reconciler, stopping: stopping.signal });
  const log = readerOf(await server.request(`/v1/api/resources/${POD}/logs/stream`));
  const notices = readerOf(await server.request('/v1/api/user-notifications/stream'));
  await Promise.all([log.until(' two\n'), notices.until('event: connected')]);
  await using terminal = await openSocket(`${server.url}/v1/api/resources/${POD}/exec/terminal`, {
    Authorization: `Bearer ${KEYS.admin}`,
  });
  await terminal.frame((frame) => frame.includes('metadata'));

  stopping.abort();

  expect(await log.rest()).not.toContain('event: error');
  await notices.rest();
  expect(await terminal.closed).toMatchObject({ code: 1001 });
  expect(sessions.map(({ signal }) => signal.aborted)).toEqual([true]);
  expect(server.entries.filter(({ level }) => level === 'error')).toEqual([]);
});
