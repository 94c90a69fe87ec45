import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { findProgram, run } from '../../deploy/demo/processes.ts';
import { createKombinator } from '../../reconciler/index.ts';
import type { Kombinator } from '../../reconciler/index.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import type { BenchCluster } from './kubernetes-cluster.ts';
import { openBenchCluster } from './kubernetes-cluster.ts';
import { moveBranch } from './move-branch.ts';
import { formatTimes, median, time } from './report.ts';
import type { Report } from './report.ts';

const OBJECTS = 1_000;
const ROUNDS = 3;
/** Looks at an unchanged stack in each round. */
const LOOKS = 5;
const TIMEOUT_MS = 300_000;
/** Nobody can be faster on this machine: the requests alone, as many at a time as the server takes. */
const FLOOR = 'the bare requests';
const AT_A_TIME = 64;

/** Milliseconds: from nothing to all objects, and looks that find nothing to do. */
interface Round {
  readonly first: number;
  readonly noop: readonly number[];
}

interface Bench {
  readonly cluster: BenchCluster;
  /** Directory for files of this run. */
  readonly directory: string;
}

type Contestant = (bench: Bench, namespace: string) => Promise<Round>;

/** 1,000 ConfigMaps of one stack on one API server: the whole daemon against kubectl, and kapp where it is, turn by turn. */
export async function benchKubernetes(report: Report): Promise<void> {
  await using cluster = await openBenchCluster();
  report.note(`${cluster.title}, kubectl ${cluster.kubectl}`);
  report.note(`${OBJECTS} ConfigMaps, a fresh namespace for each turn`);
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-bench-'));
  try {
    await compare({ cluster, directory }, report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function compare(bench: Bench, report: Report): Promise<void> {
  const kapp = findProgram('kapp');
  const contestants = new Map<string, Contestant>([
    ['kombinator', runKombinator],
    ['kubectl', runKubectl],
    [FLOOR, runFloor],
    ...(kapp === undefined ? [] : ([['kapp', runKapp]] as const)),
  ]);
  const rounds = new Map([...contestants.keys()].map((name): [string, Round[]] => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const order = [...contestants];
    for (const [name, contestant] of round % 2 === 0 ? order : order.toReversed()) {
      const namespace = `bench-${randomBytes(4).toString('hex')}`;
      await bench.cluster.createNamespace(namespace);
      const result = await contestant(bench, namespace);
      await assertComplete(bench, namespace);
      await bench.cluster.dropNamespace(namespace);
      report.progress(`round ${round + 1}: ${name} ${(result.first / 1_000).toFixed(2)} s`);
      rounds.get(name)?.push(result);
    }
  }
  const ours = rounds.get('kombinator') ?? [];
  for (const [name, all] of rounds) {
    report.note(`first apply, ${name}: ${formatTimes(all.map(({ first }) => first))}`);
    if (name === FLOOR) continue;
    report.note(`nothing to do, ${name}: ${formatTimes(all.flatMap(({ noop }) => noop))}`);
  }
  for (const [name, all] of rounds) {
    if (name === 'kombinator') continue;
    if (name === FLOOR) {
      const peers = rounds.get('kubectl') ?? [];
      const least = all.map(({ first }, index) => first / peers[index]!.first);
      report.note(
        `the bare requests ÷ kubectl: ratio ${median(least).toFixed(2)} (no first apply can be below it)`,
      );
      continue;
    }
    const firsts = all.map(({ first }, index) => ours[index]!.first / first);
    const noops = all.map(({ noop }, index) => median(ours[index]!.noop) / median(noop));
    report.note(
      `round by round, ÷ ${name}: ${[...firsts, ...noops].map((one) => one.toFixed(3)).join(', ')}`,
    );
    const figures = [
      { what: `first apply, kombinator ÷ ${name}`, value: median(firsts), wanted: 0.2 },
      { what: `plan that finds nothing to do, kombinator ÷ ${name}`, value: median(noops), wanted: 0.05 },
    ];
    for (const { what, value, wanted } of figures) {
      if (bench.cluster.real) report.check(what, value, { wanted, unit: '' });
      else report.note(`${what}: ratio ${value.toFixed(2)} (wanted ≤ ${wanted.toFixed(2)} on a real server)`);
    }
  }
}

/** Neither contestant may win by making less. */
async function assertComplete({ cluster }: Bench, namespace: string): Promise<void> {
  const found = await cluster.count(namespace);
  if (found !== OBJECTS) throw new Error(`${found} ConfigMaps are there, ${OBJECTS} should be`);
}

function dataOf(index: number): Readonly<Record<string, string>> {
  return {
    INDEX: `${index}`,
    LEVEL: 'info',
    'app.conf': `name = service-${index}\nport = ${8_000 + index}\n`,
  };
}

function indexes(): readonly number[] {
  return Array.from({ length: OBJECTS }, (_, index) => index);
}

/** A running daemon gets the stack by a push: reads it, plans, applies, waits for health, tags, ends the job. */
async function runKombinator({ cluster, directory }: Bench, namespace: string): Promise<Round> {
  await using repository = await createBareRepo();
  const before = await commitFiles(repository, { 'README.md': 'bench\n' }, 'Begin');
  const files = { [`workflows/${namespace}.yaml`]: renderWorkflow(namespace) };
  const pushed = await commitFiles(repository, files, 'Add the stack');
  await moveBranch(repository.gitdir, before);
  const stateDir = await mkdtemp(join(directory, 'state-'));
  const config = join(stateDir, 'operator.yaml');
  await writeFile(config, `clusters:\n  prod:\n    ${cluster.file}`);
  const logger = createQuietLogger();
  const env = { ...process.env, HOME: directory };
  await using kombinator = await createKombinator({
    repo: repository.path,
    stateDir,
    config,
    stableMs: 0,
    logger,
    env,
  });
  await kombinator.reconciler.start();
  const ended = untilApplied(kombinator, namespace);
  const start = await moveBranch(repository.gitdir, pushed);
  await ended;
  const first = performance.now() - start;
  const noop: number[] = [];
  for (let look = 0; look < LOOKS; look++) noop.push(await time(() => planNothing(kombinator, namespace)));
  return { first, noop };
}

function renderWorkflow(namespace: string): string {
  const nodes = indexes().map((index) => {
    const data = { name: `c${index}`, data: dataOf(index) };
    return `  - ${JSON.stringify({ id: `c${index}`, type: 'configmap', data })}\n`;
  });
  return `name: ${namespace}\ncluster: prod\nnamespace: ${namespace}\nstatus: published\nnodes:\n${nodes.join('')}`;
}

/** Resolves when the apply of the stack has ended well. */
async function untilApplied({ reconciler }: Kombinator, stack: string): Promise<void> {
  const ended = Promise.withResolvers<void>();
  const alarm = setTimeout(() => ended.reject(new Error('the apply did not end in time')), TIMEOUT_MS);
  using _subscription = reconciler.subscribe((event) => {
    if (event.type !== 'job' || event.job.stack !== stack) return;
    const { type, endedAt, status, error } = event.job;
    if (type !== 'apply' || endedAt === null) return;
    if (status === 'completed') ended.resolve();
    else ended.reject(new Error(`the apply is ${status}: ${error?.message ?? 'it does not say why'}`));
  });
  try {
    await ended.promise;
  } finally {
    clearTimeout(alarm);
  }
}

async function planNothing({ reconciler }: Kombinator, stack: string): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { plan } = await reconciler.plan({ stack, trigger: 'cli', actor: null }, signal);
  const { create, update, replace, delete: deleted } = plan.summary;
  if (create + update + replace + deleted > 0)
    throw new Error(`a plan that must do nothing: ${JSON.stringify(plan.summary)}`);
}

async function writeManifests(directory: string, namespace: string): Promise<string> {
  const items = indexes().map((index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c${index}`, namespace },
    data: dataOf(index),
  }));
  const file = join(directory, `${namespace}.json`);
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  return file;
}

/** 1,000 server-side applies by a client that does nothing else. */
async function runFloor({ cluster }: Bench, namespace: string): Promise<Round> {
  const left = indexes().toReversed();
  const send = async (): Promise<void> => {
    for (let index = left.pop(); index !== undefined; index = left.pop())
      await cluster.apply(namespace, `c${index}`, dataOf(index));
  };
  const first = await time(() => Promise.all(Array.from({ length: AT_A_TIME }, send)));
  return { first, noop: [0] };
}

async function runKubectl({ cluster, directory }: Bench, namespace: string): Promise<Round> {
  const file = await writeManifests(directory, namespace);
  const cache = join(directory, 'kubectl-cache');
  await mkdir(cache, { recursive: true });
  const apply = () =>
    run(
      'kubectl',
      [
        '--kubeconfig',
        cluster.kubeconfig,
        '--cache-dir',
        cache,
        'apply',
        '--server-side',
        ...cluster.kubectlFlags,
        '-f',
        file,
      ],
      {
        env: { ...process.env, ...cluster.env },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
    );
  return { first: await time(apply), noop: [await time(apply)] };
}

async function runKapp({ cluster, directory }: Bench, namespace: string): Promise<Round> {
  const file = await writeManifests(directory, namespace);
  const args = [
    'deploy',
    '--kubeconfig',
    cluster.kubeconfig,
    '-n',
    namespace,
    '-a',
    namespace,
    '-f',
    file,
    '-y',
  ];
  const deploy = () =>
    run('kapp', args, { env: { ...process.env, ...cluster.env }, signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { first: await time(deploy), noop: [await time(deploy)] };
}
