import { fork } from 'node:child_process';
import type { Serializable } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cpuUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashApiKey } from '../../api/index.ts';
import type { ApiServer } from '../support/api/api-server.ts';
import { startApiServer } from '../support/api/api-server.ts';
import { createRig } from '../support/reconciler-rig.ts';
import type { Rig } from '../support/reconciler-rig.ts';
import { formatTimes, median, time } from './report.ts';
import type { Report } from './report.ts';
import type { ReadersRequest } from './workflow-readers.ts';

const WORKFLOWS = 1_000;
const LOOKS = 25;
const WANTED_MS = 20;
const SUBSCRIBERS = 500;
const RUNS = 10;
/** Each may have 64 streams open. */
const CALLERS = 10;
const NEVER = new AbortController().signal;
const API = '/v1/api';

/** 1,000 workflows of ten nodes: lists over the API, and who follows one of them. */
export async function benchWorkflows(report: Report): Promise<void> {
  await using rig = createRig();
  const read = await time(async () => {
    rig.source.push({ 'clusters/prod.yaml': 'kubeconfig: /etc/kube/config\n', ...workflowFiles() });
    await rig.reconciler.refresh(NEVER);
  });
  report.note(`${WORKFLOWS} workflows of ten nodes read: ${(read / 1_000).toFixed(2)} s`);
  await using server = await startApiServer({
    reconciler: rig.reconciler,
    proxies: ['127.0.0.1'],
    auth: { mode: 'keys', keys: { listKeys } },
  });
  for (const [what, path] of [
    ['list', '/workflows?limit=20'],
    ['search', '/workflows?search=number+77'],
    ['recent workflows', '/dashboard/recent-workflows'],
    ['statistics', '/dashboard/stats'],
  ] as const)
    await benchRead(server, report, what, path);
  await benchFollowers(rig, server, report);
}

function workflowFiles(): Record<string, string> {
  const numbers = Array.from({ length: WORKFLOWS }, (_, number) => number);
  return Object.fromEntries(
    numbers.map((number) => {
      const nodes = Array.from(
        { length: 10 },
        (_, node) =>
          `  - { id: n${node}, type: configmap, position: { x: ${node}, y: 0 }, data: { name: c-${number}-${node}, data: { KEY: "${number}" } } }\n`,
      );
      const text = `name: flow-${number}\ntitle: Number ${number}\nstatus: published\ncluster: prod\nnodes:\n${nodes.join('')}edges: []\n`;
      return [`workflows/flow-${number}.yaml`, text];
    }),
  );
}

async function benchRead(server: ApiServer, report: Report, what: string, path: string): Promise<void> {
  const times: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) times.push(await time(() => ask(server, path)));
  report.note(`${what}: ${formatTimes(times)}`);
  report.check(`${what} of ${WORKFLOWS} workflows`, median(times), { wanted: WANTED_MS, unit: 'ms' });
}

async function ask({ url }: ApiServer, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}${API}${path}`, { headers: headers() });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

let requests = 0;

/** Each request comes from another address: there is a limit to how often one may ask. Streams are counted by caller. */
function headers(caller = 0): Record<string, string> {
  requests += 1;
  return {
    'X-API-KEY': keyOf(caller),
    'X-Forwarded-For': `10.0.${Math.floor(requests / 256) % 256}.${requests % 256}`,
  };
}

function keyOf(caller: number): string {
  return `kbn_key-number-${caller}`;
}

function listKeys() {
  return Array.from({ length: CALLERS }, (_, caller) => ({
    id: `key_${caller}`,
    name: `caller ${caller}`,
    role: 'viewer' as const,
    hash: hashApiKey(keyOf(caller)),
    createdAt: '2026-01-01T00:00:00Z',
  }));
}

/** Processor time of a run that one follows, against one that 500 follow. */
async function benchFollowers(rig: Rig, server: ApiServer, report: Report): Promise<void> {
  const { workflows } = await ask(server, '/workflows?search=number+77&limit=1');
  const { id, name } = (workflows as { id: string; name: string }[])[0]!;
  const stack = `flow-${name.split(' ')[1]}`;
  const one = await costOfRuns(rig, server, { id, stack, followers: 1 });
  const many = await costOfRuns(rig, server, { id, stack, followers: SUBSCRIBERS });
  report.note(
    `a run followed by one: ${one.toFixed(1)} ms of processor; by ${SUBSCRIBERS}: ${many.toFixed(1)} ms`,
  );
  report.check(`a run followed by ${SUBSCRIBERS} ÷ by one`, many / one, { wanted: 2, unit: '' });
}

async function costOfRuns(
  rig: Rig,
  { url }: ApiServer,
  { id, stack, followers }: { readonly id: string; readonly stack: string; readonly followers: number },
): Promise<number> {
  const readers = fork(join(import.meta.dirname, 'workflow-readers.ts'), { stdio: 'inherit' });
  const say = async (what: Serializable): Promise<unknown> => {
    const answered = once(readers, 'message', { signal: AbortSignal.timeout(60_000) });
    readers.send(what);
    return (await answered)[0];
  };
  try {
    const all = Array.from({ length: followers }, (_, number) => headers(number % CALLERS));
    await say({ url: `${url}${API}/workflows/${id}/status/stream`, headers: all } satisfies ReadersRequest);
    const costs: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const before = cpuUsage();
      await rig.apply(stack);
      await sleep(100);
      const { user, system } = cpuUsage(before);
      costs.push((user + system) / 1_000);
    }
    const heard = await say('end');
    if (Number(heard) < RUNS)
      throw new Error(`one of ${followers} has heard of ${String(heard)} of ${RUNS} runs`);
    return median(costs);
  } finally {
    readers.kill();
  }
}
