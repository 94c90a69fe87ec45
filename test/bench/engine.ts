import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { run } from '../../deploy/demo/processes.ts';
import { createKombinator } from '../../reconciler/index.ts';
import type { Job, Kombinator } from '../../reconciler/index.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import {
  IMAGE,
  renderComposeFile,
  renderIdleKombination,
  renderKombination,
  SERVICES,
} from './engine-stack.ts';
import { moveBranch } from './move-branch.ts';
import { prepareCompose, prepareEngine } from './prepare.ts';
import type { ComposeCommand } from './prepare.ts';
import { formatTimes, median, time } from './report.ts';
import type { Report } from './report.ts';

const ROUNDS = 5;
/** Looks at an unchanged stack in each round. */
const LOOKS = 6;
const STACK = 'bench';
const ROUND_TIMEOUT_MS = 120_000;

/** Milliseconds: from nothing to all services up, and looks that find nothing to do. */
interface Round {
  readonly up: number;
  readonly noop: readonly number[];
}

interface Bench {
  readonly compose: ComposeCommand;
  /** Directory for files of this run. */
  readonly directory: string;
}

/** 50 services of one stack on one private engine: the whole daemon against Compose, turn by turn. */
export async function benchEngine(report: Report): Promise<void> {
  await prepareEngine();
  const compose = await prepareCompose((line) => report.note(line));
  report.note(`Docker Engine ${await engineVersion()}, Compose ${compose.version}`);
  report.note(`${SERVICES} services, image present, a fresh engine for each turn`);
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-bench-'));
  try {
    await compare({ compose, directory }, report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function engineVersion(): Promise<string> {
  await using engine = await startDockerEngine();
  return (await engineJson<{ Version: string }>(engine.socketPath, 'GET', '/version')).Version;
}

/** Nobody inherits what the other's turn has left: an engine keeps networks and endpoints for a while, some for good. */
async function onFreshEngine(turn: (engine: DockerEngine) => Promise<Round>): Promise<Round> {
  await using engine = await startDockerEngine();
  await buildTestImage(engine.host, IMAGE);
  return await turn(engine);
}

async function compare(bench: Bench, report: Report): Promise<void> {
  const contestants = { kombinator: runKombinator, compose: runCompose };
  const rounds: { kombinator: Round[]; compose: Round[] } = { kombinator: [], compose: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const order = ['kombinator', 'compose'] as const;
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      const result = await onFreshEngine((engine) => contestants[name](bench, engine));
      report.progress(`round ${round + 1}: ${name} ${(result.up / 1_000).toFixed(2)} s`);
      rounds[name].push(result);
    }
  }
  const up = (all: readonly Round[]) => all.map((round) => round.up);
  const noop = (all: readonly Round[]) => all.flatMap((round) => round.noop);
  const { kombinator: ours, compose: peer } = rounds;
  const ratios = ours.map((round, index) => round.up / peer[index]!.up);
  report.note(`from push to healthy, kombinator: ${formatTimes(up(ours))}`);
  report.note(`docker-compose up -d --wait: ${formatTimes(up(peer))}`);
  report.note(`round by round: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`);
  report.check(`${SERVICES} services up, kombinator ÷ docker-compose`, median(ratios), {
    wanted: 1,
    unit: '',
  });
  report.note(`plan that finds nothing to do: ${formatTimes(noop(ours))}`);
  report.note(`docker-compose up -d that finds nothing to do: ${formatTimes(noop(peer))}`);
  report.note(`plan ÷ docker-compose up -d: ratio ${(median(noop(ours)) / median(noop(peer))).toFixed(2)}`);
  report.check('plan that finds nothing to do', median(noop(ours)), { wanted: 150, unit: 'ms' });
}

/** A running daemon gets the stack by a push: reads it, plans, applies, waits for health, tags, ends the job. */
async function runKombinator({ directory }: Bench, engine: DockerEngine): Promise<Round> {
  await using repository = await createBareRepo();
  const { gitdir, path } = repository;
  const text = renderKombination(STACK);
  const before = await commitFiles(repository, { [pathOf('idle')]: renderIdleKombination('idle') }, 'Begin');
  const pushed = await commitFiles(repository, { [pathOf(STACK)]: text }, 'Add the stack');
  await moveBranch(gitdir, before);
  const stateDir = await mkdtemp(join(directory, 'state-'));
  const logger = createQuietLogger();
  await using kombinator = await createKombinator({
    repo: path,
    stateDir,
    stableMs: 0,
    logger,
    // A repository may not name the address of an engine.
    env: { ...process.env, DOCKER_HOST: engine.host },
  });
  await kombinator.reconciler.start();
  const ended = untilApplied(kombinator);
  const start = await moveBranch(gitdir, pushed);
  await ended;
  const up = performance.now() - start;
  await assertRunning(engine);
  const noop: number[] = [];
  for (let look = 0; look < LOOKS; look++) noop.push(await time(() => planNothing(kombinator)));
  return { up, noop };
}

function pathOf(stack: string): string {
  return `kombinations/${stack}/kombination.yaml`;
}

/** Resolves when the apply of the stack has ended well. */
function untilApplied({ reconciler }: Kombinator): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const alarm = setTimeout(() => {
    const { state, message } = reconciler.getStack(STACK);
    reject(
      new Error(`the apply did not end in time; the stack is ${state}: ${message ?? 'it does not say why'}`),
    );
  }, ROUND_TIMEOUT_MS);
  const subscription = reconciler.subscribe((event) => {
    if (
      event.type !== 'job' ||
      event.job.stack !== STACK ||
      event.job.type !== 'apply' ||
      event.job.endedAt === null
    )
      return;
    if (event.job.status === 'completed') resolve();
    else reject(new Error(describeFailure(event.job)));
  });
  promise.catch(() => undefined); // told to whoever awaits it, which may be later
  return promise.finally(() => {
    clearTimeout(alarm);
    subscription[Symbol.dispose]();
  });
}

function describeFailure({ status, error }: Job): string {
  return `the apply is ${status}: ${error?.message ?? 'it does not say why'}`;
}

async function planNothing({ reconciler }: Kombinator): Promise<void> {
  const signal = AbortSignal.timeout(ROUND_TIMEOUT_MS);
  const { plan } = await reconciler.plan({ stack: STACK, trigger: 'cli', actor: null }, signal);
  const { create, update, replace, delete: deleted } = plan.summary;
  if (create + update + replace + deleted > 0)
    throw new Error(`a plan that must do nothing: ${JSON.stringify(plan.summary)}`);
}

async function runCompose({ compose, directory }: Bench, engine: DockerEngine): Promise<Round> {
  const file = join(directory, 'compose.yaml');
  await writeFile(file, renderComposeFile(STACK));
  const up = (...flags: string[]) =>
    run(
      compose.program,
      [...compose.args, '--file', file, '--progress', 'quiet', 'up', '--detach', ...flags],
      {
        env: { ...process.env, DOCKER_HOST: engine.host },
        signal: AbortSignal.timeout(ROUND_TIMEOUT_MS),
      },
    );
  const first = await time(() => up('--wait'));
  await assertRunning(engine);
  const noop: number[] = [];
  for (let look = 0; look < LOOKS; look++) noop.push(await time(() => up()));
  return { up: first, noop };
}

/** Neither contestant may win by starting less. */
async function assertRunning({ socketPath }: DockerEngine): Promise<void> {
  const containers = await engineJson<{ State: string }[]>(socketPath, 'GET', '/containers/json?all=1');
  const running = containers.filter(({ State }) => State === 'running').length;
  if (running !== SERVICES || containers.length !== SERVICES) {
    throw new Error(`${running} of ${containers.length} containers run, ${SERVICES} should`);
  }
}
