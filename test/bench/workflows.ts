import { fork } from 'node:child_process';
import type { Serializable } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { cpuUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashApiKey } from '../../api/index.ts';
import type { Kombinator, Reconciler } from '../../reconciler/index.ts';
import { createKombinator } from '../../reconciler/index.ts';
import type { ApiServer } from '../support/api/api-server.ts';
import { startApiServer } from '../support/api/api-server.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';
import { createRig } from '../support/reconciler-rig.ts';
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
  await using server = await serveApi(rig.reconciler);
  for (const [what, path] of [
    ['list', '/workflows?limit=20'],
    ['search', '/workflows?search=number+77'],
    ['recent workflows', '/dashboard/recent-workflows'],
    ['statistics', '/dashboard/stats'],
  ] as const)
    await benchRead(server, report, what, path);
  await benchFollowers(report);
}

function workflowFiles(): Record<string, string> {
  const numbers = Array.from({ length: WORKFLOWS }, (_, number) => number);
  return Object.fromEntries(numbers.map((number) => [`workflows/flow-${number}.yaml`, flowText(number)]));
}

function flowText(number: number): string {
  const nodes = Array.from({ length: 10 }, (_, node) => {
    const data = `{ name: c-${number}-${node}, data: { KEY: "${number}" } }`;
    return `  - { id: n${node}, type: configmap, position: { x: ${node}, y: 0 }, data: ${data} }\n`;
  });
  return `name: flow-${number}\ntitle: Number ${number}\nstatus: published\ncluster: prod\nnodes:\n${nodes.join('')}edges: []\n`;
}

async function benchRead(server: ApiServer, report: Report, what: string, path: string): Promise<void> {
  const times: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) times.push(await time(() => ask(server, path)));
  report.note(`${what}: ${formatTimes(times)}`);
  report.check(`${what} of ${WORKFLOWS} workflows`, median(times), { wanted: WANTED_MS, unit: 'ms' });
}

async function ask({ url }: ApiServer, path: string, method = 'GET'): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}${API}${path}`, { method, headers: headers() });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

function serveApi(reconciler: Reconciler): Promise<ApiServer> {
  const auth = { mode: 'keys' as const, keys: { listKeys } };
  return startApiServer({ reconciler, proxies: ['127.0.0.1'], auth });
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
    role: 'deployer' as const,
    hash: hashApiKey(keyOf(caller)),
    createdAt: '2026-01-01T00:00:00Z',
  }));
}

/** Processor time of a run on a daemon that has everything, followed by one, against one that 500 follow. */
async function benchFollowers(report: Report): Promise<void> {
  await using daemon = await startDaemon();
  const one = await costOfRuns(daemon, 1);
  const many = await costOfRuns(daemon, SUBSCRIBERS);
  report.note(
    `a run followed by one: ${one.toFixed(1)} ms of processor; by ${SUBSCRIBERS}: ${many.toFixed(1)} ms`,
  );
  report.check(`a run followed by ${SUBSCRIBERS} ÷ by one`, many / one, { wanted: 2, unit: '' });
}

interface Daemon extends AsyncDisposable {
  readonly kombinator: Kombinator;
  readonly server: ApiServer;
  readonly id: string;
}

/** One with a repository on disk, a database and a cluster, and a published workflow. */
async function startDaemon(): Promise<Daemon> {
  const stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const repository = stack.use(await createBareRepo());
  const cluster = fork(join(import.meta.dirname, 'cluster-process.ts'), { stdio: 'inherit' });
  stack.defer(() => void cluster.kill());
  const [file] = (await once(cluster, 'message')) as [string];
  const config = join(directory, 'operator.yaml');
  await writeFile(config, `clusters:\n  prod:\n    ${file}`);
  await commitFiles(repository, { 'workflows/flow.yaml': flowText(0) }, 'Begin');
  const logger = createQuietLogger();
  const env = { ...process.env, HOME: directory };
  const kombinator = stack.use(
    await createKombinator({ repo: repository.path, stateDir: directory, config, stableMs: 0, logger, env }),
  );
  await kombinator.reconciler.start();
  const server = stack.use(await serveApi(kombinator.reconciler));
  const { workflows } = await ask(server, '/workflows');
  const { id } = (workflows as { id: string }[])[0]!;
  return { kombinator, server, id, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function costOfRuns({ kombinator, server, id }: Daemon, followers: number): Promise<number> {
  const { reconciler } = kombinator;
  const readers = fork(join(import.meta.dirname, 'workflow-readers.ts'), { stdio: 'inherit' });
  const say = async (what: Serializable): Promise<unknown> => {
    const answered = once(readers, 'message', { signal: AbortSignal.timeout(60_000) });
    readers.send(what);
    return (await answered)[0];
  };
  try {
    const url = `${server.url}${API}/workflows/${id}/status/stream`;
    const all = Array.from({ length: followers }, (_, number) => headers(number % CALLERS));
    await say({ url, headers: all } satisfies ReadersRequest);
    const costs: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const before = cpuUsage();
      const { run_id: job } = await ask(server, `/workflows/${id}/run`, 'POST');
      await reconciler.waitForJob(String(job), AbortSignal.timeout(60_000));
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
