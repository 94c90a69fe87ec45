import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DaemonMessage } from '../support/daemon-process.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import type { TestRepository } from '../support/git/git-repo.ts';
import { commitFiles, createBareRepo } from '../support/git/git-repo.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { createRandom } from '../support/numbers/random.ts';
import { quietProbe } from '../support/docker/quiet-probe.ts';
import { readNumber } from '../support/numbers/read-number.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-test/kill:1';
const STACK = 'killed';
/** `npm run test:bounds` and `npm run test:kill` ask for more rounds; `KILL_SEED` repeats the moments of a run that printed it. */
const ROUNDS = readNumber('KILL_ROUNDS', 4);
const SEED = readNumber('KILL_SEED', randomInt(2 ** 32 - 1));
/** Rounds that make one test. */
const SET = 10;
const CONVERGE_MS = 60_000;
const host = workerEngine();
const socketPath = host.replace('unix://', '');

let repo: TestRepository;
let stateDir: string;
let daemon: ChildProcess | null = null;

beforeAll(async () => {
  console.log(`kill -9: ${ROUNDS} rounds, KILL_SEED=${SEED}`);
  await buildTestImage(host, IMAGE);
  repo = await createBareRepo();
  stateDir = await mkdtemp(join(tmpdir(), 'kombinator-kill-'));
});

afterAll(async () => {
  daemon?.kill('SIGKILL');
  for (const { Id } of await containers())
    await engineJson(socketPath, 'DELETE', `/containers/${Id}?force=1&v=1`);
  await repo[Symbol.asyncDispose]();
  await rm(stateDir, { recursive: true, force: true });
});

describe('kill -9 in the middle of an apply', () => {
  let window = 0;

  it('finds how long an apply takes', async () => {
    let commit = await push(0);
    daemon = await startDaemon();
    await inSync(daemon, commit);
    const started = Date.now();
    commit = await push(1);
    await inSync(daemon, commit);
    // Also a little after the end of an apply, where it is recorded and tagged.
    window = (Date.now() - started) * 1.1;
  });

  const random = createRandom(SEED);
  const sets = Array.from({ length: Math.ceil(ROUNDS / SET) }, (_, set) => ({
    from: 2 + set * SET,
    count: Math.min(SET, ROUNDS - set * SET),
  }));
  it.each(sets)(
    'at $count random moments from round $from on: every restart converges, nothing is doubled and nothing left over',
    async ({ from, count }) => {
      for (let round = from; round < from + count; round += 1) await killOnce(round, random() * window);
    },
  );
});

async function killOnce(round: number, moment: number): Promise<void> {
  const when = `seed ${SEED}, round ${round}, killed after ${Math.round(moment)} ms`;
  if (daemon === null) throw new Error('no daemon was started');
  const commit = await push(round);
  await sleep(moment);
  await kill(daemon);
  daemon = await startDaemon();
  await inSync(daemon, commit).catch((error: unknown) => {
    throw new Error(`${when}: ${String(error)}`, { cause: error });
  });
  await expectExactly(round, when);
}

/** Every round replaces two containers, adds or drops a third one with its network, and keeps the database as it is. */
function kombination(round: number): string {
  const probe = `healthcheck: { test: [CMD-SHELL, "${quietProbe('true')}"], interval: 300ms, retries: 50 }`;
  const common = `image: "${IMAGE}", init: true, command: ["sleep", "1000"]`;
  const extra =
    round % 2 === 1 ? `  extra: { ${common}, env: { ROUND: "${round}" }, networks: [side] }\n` : '';
  return `version: "1.0"
meta: { name: ${STACK} }
volumes: { data: {} }
networks: { side: {} }
services:
  db: { ${common}, ${probe}, volumes: ["data:/data"] }
  app: { ${common}, ${probe}, env: { ROUND: "${round}" }, depends_on: { db: { condition: service_healthy } } }
  web: { ${common}, env: { ROUND: "${round}" }, depends_on: [db] }
${extra}`;
}

async function push(round: number): Promise<string> {
  return commitFiles(repo, { 'kombinations/killed/kombination.yaml': kombination(round) }, `round ${round}`);
}

async function startDaemon(): Promise<ChildProcess> {
  const script = new URL('../support/daemon-process.ts', import.meta.url);
  return fork(script, [repo.path, stateDir, STACK], {
    env: { ...process.env, DOCKER_HOST: host },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function kill(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  await promise;
}

function inSync(child: ChildProcess, commit: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let last = 'nothing heard';
  const timer = setTimeout(() => reject(new Error(`not in sync in time; last: ${last}`)), CONVERGE_MS);
  const onMessage = (message: DaemonMessage) => {
    last = JSON.stringify(message);
    if (message.type === 'state' && message.state === 'in_sync' && message.revision === commit) resolve();
  };
  child.on('message', onMessage);
  child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}; last: ${last}`)));
  return promise.finally(() => {
    clearTimeout(timer);
    child.off('message', onMessage);
    child.removeAllListeners('exit');
  });
}

async function expectExactly(round: number, when: string): Promise<void> {
  const odd = round % 2 === 1;
  const names = ['killed-app-1', 'killed-db-1', ...(odd ? ['killed-extra-1'] : []), 'killed-web-1'];
  const list = await containers();
  expect(list.map(({ Names, State }) => `${Names[0]?.slice(1)} ${State}`).sort(), when).toEqual(
    names.map((name) => `${name} running`),
  );
  for (const { Id, Names } of list) {
    const { Config } = await engineJson<{ Config: { Env: string[] } }>(
      socketPath,
      'GET',
      `/containers/${Id}/json`,
    );
    if (!Names.includes('/killed-db-1'))
      expect(Config.Env, `${when}, ${Names[0]}`).toContain(`ROUND=${round}`);
  }
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.kombinator.stack=${STACK}`] }));
  const networks = await engineJson<{ Name: string }[]>(socketPath, 'GET', `/networks?filters=${filters}`);
  expect(networks.map(({ Name }) => Name).sort(), when).toEqual([
    'killed_default',
    ...(odd ? ['killed_side'] : []),
  ]);
  const volumes = await engineJson<{ Volumes: { Name: string }[] | null }>(socketPath, 'GET', '/volumes');
  expect(
    (volumes.Volumes ?? []).map(({ Name }) => Name).filter((name) => name.startsWith('killed_')),
    when,
  ).toEqual(['killed_data']);
}

async function containers(): Promise<{ Id: string; Names: string[]; State: string }[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.kombinator.stack=${STACK}`] }));
  return engineJson(socketPath, 'GET', `/containers/json?all=1&filters=${filters}`);
}
