import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { git } from '../support/git/git-repo.ts';
import { IMAGE } from './engine-stack.ts';
import type { Report } from './report.ts';
import { freePort } from '../support/free-port.ts';

const STACKS = 100;
const START_TIMEOUT_MS = 300_000;
/** Time after the last deployment in which what was put off is done. */
const CALM_MS = 30_000;
/** Longer than the interval in which everything is looked at again. */
const WATCHED_MS = 330_000;
const TICKS_A_SECOND = 100;

interface Place {
  readonly command: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Memory and processor time of a daemon whose hundred stacks are as they should be, and of every process beside it. */
export async function benchIdleDaemon({ command, directory, env }: Place, report: Report): Promise<void> {
  const repository = join(directory, 'many');
  await writeMany(repository);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const place = ['--repo', repository, '--state-dir', join(directory, 'many-state')];
  const daemon = spawn(command, ['serve', ...place, '--listen', `127.0.0.1:${port}`, '--no-auth'], {
    env,
    stdio: 'ignore',
  });
  const ended = once(daemon, 'exit');
  try {
    await untilInSync(url, report);
    await sleep(CALM_MS);
    const pid = daemon.pid ?? 0;
    const before = ticksOf(pid);
    await sleep(WATCHED_MS);
    const share = (ticksOf(pid) - before) / TICKS_A_SECOND / (WATCHED_MS / 1_000);
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const memory = Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]) / 1_024;
    report.check(`daemon of ${STACKS} stacks: resident memory`, memory, { wanted: 120, unit: 'MiB' });
    report.check(`daemon of ${STACKS} stacks: % of a core at rest`, share * 100, { wanted: 0.5, unit: '' });
  } finally {
    daemon.kill('SIGTERM');
    await ended;
  }
}

/** Ticks of processor time that a process has used. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function writeMany(repository: string): Promise<void> {
  const job = {
    image: IMAGE,
    pull_policy: 'never',
    command: ['sleep', '86400'],
    init: true,
    network_mode: 'none',
  };
  for (let index = 1; index <= STACKS; index++) {
    const name = `stack-${String(index).padStart(3, '0')}`;
    await mkdir(join(repository, 'kombinations', name), { recursive: true });
    await writeFile(
      join(repository, 'kombinations', name, 'kombination.yaml'),
      stringify({ version: '1.0', meta: { name }, services: { job } }),
    );
  }
  await git(repository, 'init', '--quiet', '--initial-branch=main');
  await git(repository, 'add', '--all');
  await git(repository, 'commit', '--quiet', '--message=Begin');
}

async function untilInSync(url: string, report: Report): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const done = await countInSync(url);
    if (done === STACKS) return;
    if (performance.now() > deadline) throw new Error(`${done} of ${STACKS} stacks are in sync`);
    report.progress(`${done} of ${STACKS} stacks are in sync`);
    await sleep(2_000);
  }
}

/** A daemon that does not listen yet has none. */
async function countInSync(url: string): Promise<number> {
  try {
    const answer = await fetch(`${url}/api/v1/stacks?limit=${STACKS}`);
    return (await answer.text()).match(/"state":"in_sync"/g)?.length ?? 0;
  } catch {
    return 0;
  }
}
