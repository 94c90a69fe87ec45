import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { openKeys, openSession } from '../../../api/cli/context.ts';
import { runCli } from '../../../api/cli/main.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { COMPILED } from '../compiled-sources.ts';
import { manualInterrupt, recordTerminal } from './cli-harness.ts';

const ENTRY = fileURLToPath(new URL('../../../api/cli/kombinator.mjs', import.meta.url));

/** Tests of the stable time itself say how long it is. */
const STABLE = '0s';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli extends AsyncDisposable {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<CliResult>;
}

/** The real command, with a home and state directory of its own. */
export interface CliProcess extends AsyncDisposable {
  readonly stateDir: string;
  /** Runs to the end in this process, with the same home: everything but the start of a process, which takes ten times as long as the rest. */
  run(...args: readonly string[]): Promise<CliResult>;
  /** Runs to the end in a process of its own. */
  spawn(...args: readonly string[]): Promise<CliResult>;
  start(...args: readonly string[]): RunningCli;
}

export async function createCliProcess(env: NodeJS.ProcessEnv): Promise<CliProcess> {
  const home = await mkdtemp(join(tmpdir(), 'kombinator-home-'));
  const clean = Object.entries(process.env).filter(
    ([name]) => !/^(KOMBINATOR_|GIT_|NO_COLOR|FORCE_COLOR)/.test(name),
  );
  const environment = {
    ...Object.fromEntries(clean),
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    NODE_COMPILE_CACHE: COMPILED,
    KOMBINATOR_STABLE: STABLE,
    ...env,
  };
  const start = (...args: readonly string[]) => startProcess(args, { cwd: home, env: environment });
  return {
    stateDir: join(home, 'state'),
    start,
    run: (...args) => runHere(args, environment),
    spawn: (...args) => start(...args).ended,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

async function runHere(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CliResult> {
  const terminal = recordTerminal({ env });
  const code = await runCli(['--stable', STABLE, ...args], {
    terminal,
    interrupt: manualInterrupt(),
    version: packageJson.version,
    now: Date.now,
    openSession: (options, purpose, command) => openSession(options, { purpose, command, terminal }),
    openKeys: (options) => openKeys(options, terminal),
    serve: () => Promise.reject(new Error('a daemon is a process of its own: use spawn or start')),
  });
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

function startProcess(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): RunningCli {
  const child = spawn(process.execPath, [ENTRY, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
