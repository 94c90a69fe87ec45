import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import Koa from 'koa';
import { createApp, hashApiKey } from '../../../api/index.ts';
import { createBoundedServer } from '../../../api/http/bounded-server.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';
import type { Report } from '../report.ts';
import { median } from '../report.ts';

const KEY = 'kbn_key-of-the-bench';
const ROUNDS = 7;

/** Reads over REST, each beside a bare Koa that answers with the same document: in turns, from a process of its own. */
export async function benchRest(report: Report): Promise<void> {
  const answers = new Map<string, unknown>();
  const own = await listen(appOf());
  const bare = await listen(bareOf(answers));
  const client = fork(fileURLToPath(new URL('client.ts', import.meta.url)));
  try {
    await addStack(own.url);
    for (const path of ['/api/v1/health', '/api/v1/stacks/homelab', '/api/v1/jobs?per_page=20']) {
      const response = await fetch(own.url + path, { headers: { 'X-API-KEY': KEY } });
      if (!response.ok) throw new Error(`${path} answers ${response.status}`);
      answers.set(path, await response.json());
      const rounds = await compare(client, { own: own.url + path, bare: bare.url + path });
      const show = (values: readonly number[], digits: number) =>
        values.map((one) => one.toFixed(digits)).join(', ');
      report.note(
        `${path}: ${show(
          rounds.map(({ cost }) => cost),
          0,
        )} µs of processor time`,
      );
      report.note(
        `${path}, by rounds: ${show(
          rounds.map(({ ratio }) => ratio),
          2,
        )}`,
      );
      const ratio = median(rounds.map((one) => one.ratio));
      report.check(`GET ${path} ÷ bare Koa`, ratio, { wanted: 1 / 0.7, unit: '' });
    }
  } finally {
    client.kill();
    own.close();
    bare.close();
  }
}

interface Round {
  /** Processor time of an answer, in microseconds. */
  readonly cost: number;
  readonly ratio: number;
}

async function compare(
  client: ReturnType<typeof fork>,
  { own, bare }: { readonly own: string; readonly bare: string },
): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const floor = await measure(client, bare);
    const cost = await measure(client, own);
    rounds.push({ cost, ratio: cost / floor });
  }
  // The first one compiles what the others use.
  return rounds.slice(1);
}

function appOf(): RequestListener {
  const record = {
    id: 'k',
    name: 'bench',
    hash: hashApiKey(KEY),
    role: 'deployer',
    createdAt: '2026-01-01T00:00:00Z',
  } as const;
  const app = createApp({
    reconciler: createFakeReconciler(),
    auth: { mode: 'keys', keys: { listKeys: () => [record] } },
    logger: createQuietLogger(),
    version: '0',
    startedAt: performance.now(),
  });
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

async function addStack(url: string): Promise<void> {
  const headers = { 'X-API-KEY': KEY, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ name: 'homelab', services: ['web', 'db', 'cache'], domain: 'home.lab' });
  const response = await fetch(`${url}/api/v1/stacks`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`no stack can be made: ${response.status}`);
}

/** A server as somebody would write it who wants nothing but these answers. */
function bareOf(answers: ReadonlyMap<string, unknown>): RequestListener {
  const app = new Koa();
  app.use((ctx) => {
    ctx.body = answers.get(ctx.url);
  });
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

async function listen(handle: RequestListener) {
  const server = createBoundedServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Resolves to the processor time of an answer, in microseconds: one core answers a second's worth of them, whatever else the machine does. */
async function measure(client: ReturnType<typeof fork>, url: string): Promise<number> {
  const before = process.cpuUsage();
  client.send({ url, key: KEY });
  const [requests] = (await once(client, 'message')) as [number];
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}
