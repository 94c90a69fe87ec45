import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.ts';

const ENTRY = fileURLToPath(new URL('../../../api/cli/kombinator.mjs', import.meta.url));
/** Shared by all starts: compiling the sources anew would be most of what a start takes. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache', import.meta.url));
const READY_MS = 60_000;
const ANSWER_MS = 15_000;

export interface DaemonShape {
  /** The repository that it follows: a path or a URL. */
  readonly repository: string;
  readonly stateDir: string;
  readonly dockerHost: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Answer {
  readonly status: number;
  readonly body: Json;
}

/** An answer that is looked at without proving its type first; a wrong guess fails the round that makes it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * `kombinator serve` in a process of its own, which ends with this one. Started, killed and started again; its log is one file. It can be
 * looked into by the inspector, on a port of its own.
 */
export class Daemon implements AsyncDisposable {
  readonly logFile: string;
  /** Starts so far. */
  starts = 0;
  /** Endings that nobody asked for, since they were looked at last. */
  readonly deaths: Ending[] = [];
  #shape: DaemonShape;
  #child: ChildProcess | null = null;
  #ended: Promise<Ending> = Promise.resolve({ code: null, signal: null });
  #isEnding = false;
  #port: number | null = null;
  #logStart = 0;

  constructor(shape: DaemonShape, logFile: string) {
    this.#shape = shape;
    this.logFile = logFile;
  }

  get shape(): DaemonShape {
    return this.#shape;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Changes its shape from the next start on. */
  reshape(shape: Partial<DaemonShape>): void {
    this.#shape = { ...this.#shape, ...shape };
  }

  /** Resolves when it listens, or has ended before. */
  async start(): Promise<boolean> {
    await this.launch();
    return this.awaitReady();
  }

  /** Starts the process and does not wait for it. */
  async launch(): Promise<void> {
    await appendFile(this.logFile, `--- start ${this.starts + 1}\n`);
    this.#logStart = readFileSync(this.logFile).length;
    const { repository, stateDir, dockerHost, environment } = this.#shape;
    const log = openSync(this.logFile, 'a');
    const args = ['--pdeathsig', 'KILL', process.execPath, ENTRY, 'serve', '--repo', repository];
    const more = [
      '--state-dir',
      stateDir,
      '--listen',
      '127.0.0.1:0',
      '--no-auth',
      '--log-format',
      'json',
      '--poll',
      '2s',
    ];
    const child = spawn('setpriv', [...args, ...more], {
      stdio: ['ignore', log, log],
      // A terminal's Ctrl-C is for the run, which ends the daemon in order.
      detached: true,
      cwd: join(this.logFile, '..'),
      env: {
        ...cleanEnvironment(),
        DOCKER_HOST: dockerHost,
        NODE_OPTIONS: '--inspect=127.0.0.1:0',
        ...environment,
      },
    });
    closeSync(log);
    this.#child = child;
    this.#port = null;
    this.#isEnding = false;
    this.starts += 1;
    this.#ended = once(child, 'exit').then(([code, signal]) => {
      const ending = { code: code as number | null, signal: signal as NodeJS.Signals | null };
      if (this.#child === child && !this.#isEnding) this.deaths.push(ending);
      return ending;
    });
  }

  async awaitReady(): Promise<boolean> {
    await eventually(
      () => this.#readPort(),
      (port) => port !== null || !this.isAlive,
      READY_MS,
    );
    return this.#port !== null && this.isAlive;
  }

  /** Sends the signal and waits for the end; one that does not end within `patienceMs` is killed, and the answer is `null`. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL', patienceMs = 60_000): Promise<Ending | null> {
    const child = this.#child;
    if (child === null || !this.isAlive) return this.#ended;
    this.#isEnding = true;
    child.kill(signal);
    const ended = await eventually(() => !this.isAlive, Boolean, patienceMs);
    if (ended) return this.#ended;
    child.kill('SIGKILL');
    await this.#ended;
    return null;
  }

  /** One request below `/api/v1`. Throws when it is not answered in time. */
  async api(method: string, path: string, body?: unknown, patienceMs = ANSWER_MS): Promise<Answer> {
    const response = await this.fetch(`/api/v1${path}`, {
      method,
      signal: AbortSignal.timeout(patienceMs),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, {
      ...init,
      headers: { ...Object.fromEntries(new Headers(init.headers)), Connection: 'close' },
    });
  }

  /** @throws when it does not listen */
  get port(): number {
    const port = this.#readPort();
    if (port === null) throw new Error('the daemon does not listen');
    return port;
  }

  /** Everything it has written since it was started last. */
  log(): string {
    return readFileSync(this.logFile).subarray(this.#logStart).toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }

  #readPort(): number | null {
    const found =
      this.#port === null ? /"api":"http:\/\/127\.0\.0\.1:(\d+)\/api\/v1"/.exec(this.log())?.[1] : undefined;
    if (found !== undefined) this.#port = Number(found);
    return this.#port;
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(KOMBINATOR_|GIT_|NO_COLOR|FORCE_COLOR|NODE_OPTIONS|npm_)/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    XDG_CACHE_HOME: CACHE,
  };
}
