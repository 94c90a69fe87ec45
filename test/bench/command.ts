import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { run } from '../../deploy/demo/processes.ts';
import { startDockerEngine } from '../support/docker/docker-engine.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { git } from '../support/git/git-repo.ts';
import { benchIdleDaemon } from './command-daemon.ts';
import { IMAGE } from './engine-stack.ts';
import { prepareCompose, prepareEngine } from './prepare.ts';
import type { Report } from './report.ts';
import { formatTimes, median } from './report.ts';

const ROUNDS = 11;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND = join(ROOT, 'api/cli/kombinator.sh');
/** Writes the seconds of user and system time of a program and all that it waited for, in thousandths. */
const MEASURE = 'TIMEFORMAT="%3U %3S"; { time "$@" >/dev/null 2>&1 </dev/null; } 2>&1';

interface Contestant {
  readonly name: string;
  readonly line: readonly string[];
  /** Most processor time, as a multiple of the empty Node's. Default: told, without a bound. */
  readonly wanted?: number;
}

/** Processor time of commands, beside that of an empty program of the same Node and of Compose. */
export async function benchCommand(report: Report): Promise<void> {
  await prepareEngine();
  const compose = await prepareCompose((line) => report.note(line));
  await run(process.execPath, [join(ROOT, 'deploy/build/build.ts')]);
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-bench-'));
  await using engine = await startDockerEngine();
  try {
    await buildTestImage(engine.host, IMAGE);
    const env = environment(directory, engine.host);
    const { repository, file } = await writeSmall(directory);
    const place = ['--repo', repository];
    await run(COMMAND, ['apply', '--yes', ...place], { env });
    const peer = [compose.program, ...compose.args];
    await run(compose.program, [...compose.args, '--file', file, 'up', '--detach'], { env });
    report.note(`Compose ${compose.version}; processor time of user and system, medians of ${ROUNDS} turns`);
    const contestants: readonly Contestant[] = [
      { name: '--version', line: [COMMAND, '--version'], wanted: 2 },
      { name: 'validate', line: [COMMAND, 'validate', ...place], wanted: 7 },
      { name: 'plan, nothing to do', line: [COMMAND, 'plan', ...place], wanted: 10 },
      { name: 'apply, nothing to do', line: [COMMAND, 'apply', '--yes', ...place], wanted: 10 },
      { name: 'docker-compose --version', line: [...peer, 'version'] },
      { name: 'docker-compose config', line: [...peer, '--file', file, 'config'] },
      { name: 'docker-compose up', line: [...peer, '--file', file, 'up', '--detach'] },
    ];
    await compare(contestants, env, report);
    await benchIdleDaemon({ command: COMMAND, directory, env }, report);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Environment of somebody with a home of their own, in which nothing was ever run. */
function environment(home: string, host: string): NodeJS.ProcessEnv {
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(?:KOMBINATOR_|GIT_|NODE_|XDG_)/.test(name),
  );
  return { ...Object.fromEntries(clean), HOME: home, DOCKER_HOST: host, KOMBINATOR_STABLE: '0s' };
}

async function compare(
  contestants: readonly Contestant[],
  env: NodeJS.ProcessEnv,
  report: Report,
): Promise<void> {
  const floor = [process.execPath, '-e', '0'];
  for (const { name, line, wanted } of contestants) {
    // The first one fills caches of compiled code, which is what the first use of a version does.
    await cpuTime(line, env);
    const [ours, empty]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      empty.push(await cpuTime(floor, env));
      ours.push(await cpuTime(line, env));
    }
    const ratio = median(ours) / median(empty);
    if (wanted === undefined) report.note(`${name}: ${ratio.toFixed(2)} × node -e 0`);
    else report.check(`${name} ÷ node -e 0`, ratio, { wanted, unit: '' });
    report.progress(`${name}: ${formatTimes(ours)}; node -e 0: ${formatTimes(empty)}`);
  }
}

/** Milliseconds of processor time, of its children too. Rejects when the command fails. */
async function cpuTime(line: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { stdout } = await promisify(execFile)('bash', ['-c', MEASURE, 'bash', ...line], { env });
  const [user = Number.NaN, system = Number.NaN] = stdout.trim().split(' ').map(Number);
  return (user + system) * 1_000;
}

/** A repository of two stacks with three services, and the same as a Compose file. */
async function writeSmall(directory: string) {
  const repository = join(directory, 'repository');
  const service = { image: IMAGE, pull_policy: 'never', command: ['sleep', '86400'], init: true };
  const shop = {
    web: { ...service, environment: { ROLE: 'web' }, depends_on: ['cache'], volumes: ['data:/data'] },
    cache: service,
  };
  const files = {
    'kombinations/shop/kombination.yaml': {
      version: '1.0',
      meta: { name: 'shop' },
      services: shop,
      volumes: { data: {} },
    },
    'kombinations/blog/kombination.yaml': {
      version: '1.0',
      meta: { name: 'blog' },
      services: { blog: service },
    },
  };
  for (const [path, document] of Object.entries(files))
    await write(join(repository, path), stringify(document));
  await git(repository, 'init', '--quiet', '--initial-branch=main');
  await git(repository, 'add', '--all');
  await git(repository, 'commit', '--quiet', '--message=Begin');
  const file = join(directory, 'compose.yaml');
  const volumes = { data: {} };
  await write(file, stringify({ name: 'peer', services: { ...shop, blog: service }, volumes }));
  return { repository, file };
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
