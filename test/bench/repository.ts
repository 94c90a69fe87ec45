import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import serveFlags from '../../api/cli/node-flags.json' with { type: 'json' };
import { createGitSource } from '../../reconciler/adapters/git/index.ts';
import { createSecrets } from '../../reconciler/adapters/secrets/secrets.ts';
import { systemClock } from '../../reconciler/daemon/system-clock.ts';
import { createDesiredState } from '../../reconciler/desired/desired-state.ts';
import { silentLogger } from '../support/docker/target-options.ts';
import { moveBranch } from './move-branch.ts';
import { createParts } from './repository-daemon.ts';
import type { DaemonAnswer, DaemonRequest, Parts } from './repository-daemon.ts';
import { createBenchRepository, createKitRepository } from './repository-files.ts';
import type { BenchRepository, PreparedCommit } from './repository-files.ts';
import { formatTimes, median, time } from './report.ts';
import type { Report } from './report.ts';

const FEW_STACKS = 100;
const MANY_STACKS = 10_000;
const KIT_STACKS = 2_000;
const LOAD_ROUNDS = 3;
/** Commits measured in each of the two ways; the first ones of a process are not counted. */
const COMMITS = 20;
const WARM_UP = 3;
const MEMORY_MIB = 400;

/** A repository of 10,000 kombinations beside one of 100, against a target in memory. */
export async function benchRepository(report: Report): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-bench-'));
  const commits = 2 * (COMMITS + WARM_UP);
  try {
    await using few = await createBenchRepository(FEW_STACKS, commits);
    await using many = await createBenchRepository(MANY_STACKS, commits);
    const lines = many.texts.reduce((sum, text) => sum + text.split('\n').length - 1, 0) / MANY_STACKS;
    report.note(`${MANY_STACKS} and ${FEW_STACKS} kombinations of ${lines.toFixed(0)} lines on average`);
    await compareLoads(many, directory, report);
    await compareKitLoads(directory, report);
    await compareCalls({ few, many }, directory, report);
    await compareDaemons({ few, many }, directory, report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Reading everything for the first time, against the YAML parser alone on the same texts. */
async function compareLoads(repository: BenchRepository, directory: string, report: Report): Promise<void> {
  const { loads, parses } = await measureLoads(repository, directory);
  report.note(`first load: ${formatTimes(loads)}`);
  report.note(`yaml alone: ${formatTimes(parses)}`);
  report.check('first load ÷ yaml', median(loads) / median(parses), { wanted: 3, unit: '' });
}

/** The same for stacks that are all drawn from a kit: nine services and a proxy out of a text of twenty lines. */
async function compareKitLoads(directory: string, report: Report): Promise<void> {
  await using repository = await createKitRepository(KIT_STACKS);
  const { loads, parses } = await measureLoads(repository, directory);
  const ratio = median(loads) / median(parses);
  report.note(`first load ÷ yaml, ${KIT_STACKS} stacks drawn from a kit: ratio ${ratio.toFixed(2)}`);
}

type Loadable = Pick<BenchRepository, 'gitdir' | 'stacks' | 'texts'>;

async function measureLoads(repository: Loadable, directory: string) {
  const loads: number[] = [];
  const parses: number[] = [];
  for (let round = 0; round < LOAD_ROUNDS; round++) {
    const measure = [
      async () => void loads.push(await time(() => load(repository, directory))),
      async () => void parses.push(await time(async () => parseAll(repository.texts))),
    ];
    for (const one of round % 2 === 0 ? measure : measure.toReversed()) await one();
  }
  return { loads, parses };
}

async function load({ gitdir, stacks }: Loadable, directory: string): Promise<void> {
  const logger = silentLogger;
  await using source = await createGitSource({
    location: gitdir,
    cacheDir: directory,
    clock: systemClock,
    logger,
  });
  const desired = createDesiredState({
    source,
    secrets: createSecrets({ stateDir: directory, env: {}, logger }),
  });
  const { signal } = new AbortController();
  const { changed } = await desired.load(await source.resolve(signal), signal);
  const findings = desired.diagnostics();
  if (changed.length !== stacks || findings.length > 0) {
    throw new Error(
      `${changed.length} stacks read, ${findings.length} findings: ${JSON.stringify(findings[0])}`,
    );
  }
}

function parseAll(texts: readonly string[]): void {
  for (const text of texts) parse(text);
}

interface Pair<T> {
  readonly few: T;
  readonly many: T;
}

/** Compares without file watching and queue: a call of `plan` right after the branch has moved. */
async function compareCalls(
  repositories: Pair<BenchRepository>,
  directory: string,
  report: Report,
): Promise<void> {
  await using few = await createParts(repositories.few.gitdir, await mkdtemp(join(directory, 'state-')));
  await using many = await createParts(repositories.many.gitdir, await mkdtemp(join(directory, 'state-')));
  for (const { reconciler } of [few, many]) await reconciler.refresh(new AbortController().signal);
  const call = async (parts: Parts, { gitdir }: BenchRepository, commit: PreparedCommit): Promise<number> => {
    const moved = await moveBranch(gitdir, commit.commit);
    const request = { stack: commit.stack, trigger: 'cli', actor: null };
    const { plan } = await parts.reconciler.plan(request, new AbortController().signal);
    if (plan.revision !== commit.commit)
      throw new Error(`planned ${plan.revision ?? 'nothing'}, not ${commit.commit}`);
    return performance.now() - moved;
  };
  const times = await alternate(0, {
    few: (index) => call(few, repositories.few, repositories.few.commits[index]!),
    many: (index) => call(many, repositories.many, repositories.many.commits[index]!),
  });
  reportCommits('refresh and plan by a call', times, report);
}

/** The daemon's own way, by file watching and queue, each in a process of its own; and what that costs in memory. */
async function compareDaemons(
  repositories: Pair<BenchRepository>,
  directory: string,
  report: Report,
): Promise<void> {
  await using few = await startDaemon(repositories.few.gitdir, await mkdtemp(join(directory, 'state-')));
  await few.ready();
  await using many = await startDaemon(repositories.many.gitdir, await mkdtemp(join(directory, 'state-')));
  const { loadMs, reconcileMs, loadedMiB } = await many.ready();
  const seconds = (milliseconds: number) => (milliseconds / 1_000).toFixed(1);
  report.note(
    `daemon on ${MANY_STACKS}: read in ${seconds(loadMs)} s, all deployed after ${seconds(reconcileMs)} s more`,
  );
  const times = await alternate(COMMITS + WARM_UP, {
    few: (index) => few.commit(repositories.few.commits[index]!),
    many: (index) => many.commit(repositories.many.commits[index]!),
  });
  reportCommits('from ref change to plan in the daemon', times, report);
  const peak = await many.stop();
  report.note(`peak memory of a daemon on ${FEW_STACKS}: ${(await few.stop()).toFixed(0)} MiB`);
  report.note(`peak memory after the first load of ${MANY_STACKS}: ${loadedMiB.toFixed(0)} MiB`);
  const wanted = { wanted: MEMORY_MIB, unit: 'MiB', kind: 'below' } as const;
  report.check(
    `peak memory of a daemon on ${MANY_STACKS}: load, deploy, ${COMMITS + WARM_UP} commits`,
    peak,
    wanted,
  );
}

/** Both, turn by turn, on their commits from number `first` on. */
async function alternate(
  first: number,
  work: Pair<(index: number) => Promise<number>>,
): Promise<Pair<number[]>> {
  const times: Pair<number[]> = { few: [], many: [] };
  for (let number = 0; number < COMMITS + WARM_UP; number++) {
    const order = ['few', 'many'] as const;
    for (const name of number % 2 === 0 ? order : order.toReversed()) {
      const milliseconds = await work[name](first + number);
      if (number >= WARM_UP) times[name].push(milliseconds);
    }
  }
  return times;
}

function reportCommits(what: string, { few, many }: Pair<number[]>, report: Report): void {
  report.note(`one stack changed, ${what}, of ${FEW_STACKS}: ${formatTimes(few)}`);
  report.note(`one stack changed, ${what}, of ${MANY_STACKS}: ${formatTimes(many)}`);
  report.check(`one stack changed, ${what}, ${MANY_STACKS} ÷ ${FEW_STACKS}`, median(many) / median(few), {
    wanted: 2,
    unit: '',
  });
}

interface Daemon extends AsyncDisposable {
  ready(): Promise<DaemonAnswer & { type: 'ready' }>;
  commit(commit: PreparedCommit): Promise<number>;
  /** Resolves to its peak memory in MiB. */
  stop(): Promise<number>;
}

async function startDaemon(gitdir: string, stateDir: string): Promise<Daemon> {
  const program = fileURLToPath(new URL('repository-daemon.ts', import.meta.url));
  const child = fork(program, [gitdir, stateDir], { execArgv: serveFlags });
  const ended = once(child, 'exit');
  const listen = async <T extends DaemonAnswer['type']>(type: T): Promise<DaemonAnswer & { type: T }> => {
    const died = ended.then(() => Promise.reject(new Error('the daemon ended before it answered')));
    const [message] = (await Promise.race([once(child, 'message'), died])) as [DaemonAnswer];
    if (message.type !== type) throw new Error(`internal: ${message.type} instead of ${type}`);
    return message as DaemonAnswer & { type: T };
  };
  const ask = <T extends DaemonAnswer['type']>(request: DaemonRequest, type: T) => {
    const answer = listen(type);
    child.send(request);
    return answer;
  };
  return {
    ready: () => listen('ready'),
    commit: async (commit) => (await ask({ type: 'commit', commit }, 'planned')).milliseconds,
    stop: async () => (await ask({ type: 'stop' }, 'stopped')).peakMiB,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill();
      await ended;
    },
  };
}
