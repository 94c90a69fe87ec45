import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pingEngine } from '../../../deploy/demo/ping-engine.ts';
import { enginePath } from './engine-programs.ts';
import type { TlsListener } from './engine-tls.ts';
import { createTlsListener, tlsArguments } from './engine-tls.ts';

const run = promisify(execFile);
const PREFIX = 'kombinator-engine-';
/** Nothing is pulled from elsewhere, whatever the machine is connected to: a proxy that nobody is. Loopback needs none. */
const NO_INTERNET = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' };
/**
 * dockerd starts itself anew three times for each container, for as long as it takes to collect the garbage of its start-up: there is memory
 * enough not to.
 */
export const SHORT_LIVED = { GOGC: 'off', GOMEMLIMIT: '400MiB' };

export interface DockerEngine extends AsyncDisposable {
  /** `unix:///…/docker.sock` */
  readonly host: string;
  readonly socketPath: string;
  /** Directory that holds everything of this engine; gone after `stop`. */
  readonly root: string;
  readonly tls: TlsListener | null;
  /** Ends the engine and removes its containers, shims, mounts, bridges and files. May be called twice. */
  stop(): Promise<void>;
  /** Kills the engine and its containers as a crash of the machine would; `restart` brings it back. */
  crash(): Promise<void>;
  /** Ends the engine in good order, as when its machine is shut down: it stops its containers. `start` brings it back. */
  shutDown(): Promise<void>;
  /** Kills the engine as a crash would and starts it again on the same data. */
  restart(): Promise<void>;
  /** Starts an engine whose process has ended on the same data; what has outlived it is taken over. */
  start(): Promise<void>;
}

export interface DockerEngineOptions {
  /** Also listen on 127.0.0.1 with certificates made for the occasion. */
  readonly tls?: boolean;
}

/**
 * Starts a dockerd of its own: own data, socket, containerd, bridge and address pool, no iptables rules, so that it
 * meets no other engine of the machine. Needs root. Published ports work through the userland proxy.
 */
export async function startDockerEngine(options: DockerEngineOptions = {}): Promise<DockerEngine> {
  await sweep();
  const root = await mkdtemp(join(tmpdir(), PREFIX));
  await writeFile(join(root, 'owner.pid'), String(process.pid));
  const socketPath = join(root, 'docker.sock');
  const tls = options.tls ? await createTlsListener(root) : null;
  const launch = () => launchEngine(root, socketPath, tls);
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= destroyEngine(root, socketPath));
  async function crash() {
    await killEngine(root);
    // A dead containerd that nobody has waited for still counts as alive to dockerd.
    await rm(join(root, 'exec', 'containerd', 'containerd.pid'), { force: true });
  }
  async function start() {
    await rm(socketPath, { force: true });
    await launch();
  }
  try {
    await createBridge(root);
    await launch();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: `unix://${socketPath}`,
    socketPath,
    root,
    tls,
    stop,
    crash,
    shutDown: () => killEngine(root, 'SIGTERM'),
    async restart() {
      await crash();
      await start();
    },
    start,
    [Symbol.asyncDispose]: stop,
  };
}

/** Drops what a killed test run has left behind: engines whose owner is gone. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const root = join(tmpdir(), name);
    const owner = Number(await readText(join(root, 'owner.pid')));
    if (owner > 0 && !isAlive(owner)) await destroyEngine(root, join(root, 'docker.sock'));
  }
}

/** Bridge `kb<n>` with a subnet of its own; the number is remembered in the root for the clean-up. */
async function createBridge(root: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const number = randomInt(1, 120);
    try {
      await run('ip', ['link', 'add', 'name', `kb${number}`, 'type', 'bridge']);
      await writeFile(join(root, 'bridge'), String(number));
      await run('ip', ['addr', 'add', `10.${100 + number}.0.1/24`, 'dev', `kb${number}`]);
      await run('ip', ['link', 'set', `kb${number}`, 'up']);
      await run('iptables', ['-I', ...forwardRule(number)]).catch(() => undefined);
      return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

/** Another engine of the machine may have made DROP the policy; our containers must still reach each other. */
function forwardRule(number: number): string[] {
  const subnet = `10.${100 + number}.0.0/16`;
  return ['FORWARD', '-s', subnet, '-d', subnet, '-j', 'ACCEPT'];
}

async function launchEngine(root: string, socketPath: string, tls: TlsListener | null): Promise<void> {
  let output = '';
  const known = await readText(join(root, 'driver'));
  for (const driver of known ? [known] : ['overlay2', 'vfs']) {
    if (await launchWithDriver(root, socketPath, { driver, tls }))
      return writeFile(join(root, 'driver'), driver);
    output = (await readText(join(root, 'dockerd.log'))).slice(-2_000);
    await killEngine(root);
  }
  throw new Error(`dockerd did not start:\n${output}`);
}

async function launchWithDriver(
  root: string,
  socketPath: string,
  { driver, tls }: { driver: string; tls: TlsListener | null },
): Promise<boolean> {
  const number = 100 + Number(await readText(join(root, 'bridge')));
  const args = [
    `--data-root=${join(root, 'data')}`,
    `--exec-root=${join(root, 'exec')}`,
    `--pidfile=${join(root, 'dockerd.pid')}`,
    `--host=unix://${socketPath}`,
    `--storage-driver=${driver}`,
    `--bridge=kb${number - 100}`,
    `--default-address-pool=base=10.${number}.128.0/17,size=25`,
    '--iptables=false',
    '--ip-masq=false',
    '--shutdown-timeout=2',
    `--seccomp-profile=${await writeSyscallFilter(root)}`,
  ];
  if (tls) args.push(...tlsArguments(root, tls));
  await mkdir(join(root, 'exec'), { recursive: true });
  await appendFile(join(root, 'dockerd.log'), `starting with ${driver}\n`);
  await using log = await open(join(root, 'dockerd.log'), 'a');
  // The kernel ends dockerd with us, even when we are killed.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'dockerd', ...args], {
    stdio: ['ignore', log.fd, log.fd],
    // A terminal's Ctrl-C is for the run, which still has to ask the engine what there is to remove.
    detached: true,
    env: {
      ...process.env,
      ...NO_INTERNET,
      ...SHORT_LIVED,
      PATH: enginePath(),
    },
  });
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  child.once('error', () => ended.abort());
  child.unref();
  const deadline = Date.now() + 60_000;
  while (!ended.signal.aborted && Date.now() < deadline) {
    if (await pingEngine(socketPath)) return true;
    await sleep(20);
  }
  return false;
}

/** A filter that lets everything through: making Docker's own takes 10 ms of each start and each probe. Resolves to its path. */
async function writeSyscallFilter(root: string): Promise<string> {
  const path = join(root, 'seccomp.json');
  await writeFile(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] }));
  return path;
}

async function destroyEngine(root: string, socketPath: string): Promise<void> {
  const bridges: string[] = [];
  // One that has lost track of a container never answers; it is killed below all the same.
  const patience = sleep(20_000, undefined, { ref: false });
  await Promise.race([removeEverything(socketPath, bridges).catch(() => undefined), patience]);
  await killEngine(root, 'SIGTERM');
  const number = await readText(join(root, 'bridge'));
  if (number) {
    bridges.push(`kb${number}`);
    await run('iptables', ['-D', ...forwardRule(Number(number))]).catch(() => undefined);
  }
  for (const bridge of bridges) await run('ip', ['link', 'delete', bridge]).catch(() => undefined);
  await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

/** Removes all containers; adds the names of the bridges of all networks. */
async function removeEverything(socketPath: string, bridges: string[]): Promise<void> {
  const networks = await engineJson<{ Id: string; Driver: string }[]>(socketPath, 'GET', '/networks');
  const own = networks.filter(({ Driver }) => Driver === 'bridge');
  bridges.push(...own.map(({ Id }) => `br-${Id.slice(0, 12)}`));
  const containers = await engineJson<{ Id: string }[]>(socketPath, 'GET', '/containers/json?all=1');
  await Promise.all(
    containers.map(({ Id }) => engineJson(socketPath, 'DELETE', `/containers/${Id}?force=1&v=1`)),
  );
}

/** Ends dockerd, its containerd and every shim below the root, and lets go of their mounts. */
async function killEngine(root: string, gently?: 'SIGTERM'): Promise<void> {
  const daemon = Number(await readText(join(root, 'dockerd.pid')));
  if (gently && daemon > 0) {
    kill(daemon, gently);
    await waitUntil(() => !isAlive(daemon), 15_000);
  }
  await waitUntil(async () => {
    const pids = await processesOf(root);
    for (const pid of pids) kill(pid, 'SIGKILL');
    return pids.length === 0;
  }, 10_000);
  const mounts = (await readText('/proc/mounts')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${root}/`)).reverse()) {
    await run('umount', ['-l', mount]).catch(() => undefined);
  }
  await rm(join(root, 'dockerd.pid'), { force: true });
}

/** Processes started with the root directory in their command line, and the containers' own processes below the shims. */
async function processesOf(root: string): Promise<number[]> {
  const all = (await readdir('/proc')).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  const found = new Set<number>();
  const parents = new Map<number, number>();
  for (const pid of all) {
    if ((await readText(`/proc/${pid}/cmdline`)).includes(`${root}/`)) found.add(pid);
    const stat = await readText(`/proc/${pid}/stat`);
    const state = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state[0] === 'Z') found.delete(pid);
    else parents.set(pid, Number(state[1]));
  }
  const shims = new Set([...found].filter((pid) => parents.get(pid) !== process.pid));
  for (const [pid, parent] of parents) if (shims.has(parent)) found.add(pid);
  return [...found];
}

async function waitUntil(done: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await done())) {
    if (Date.now() > deadline) return;
    await sleep(20);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** One request to an engine, for tests that look behind the adapter's back. Throws on any status from 400. */
export function engineJson<T = unknown>(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const data = body === undefined ? undefined : body instanceof Buffer ? body : JSON.stringify(body);
  const type = body instanceof Buffer ? 'application/x-tar' : 'application/json';
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, method, path: `/v1.41${path}`, headers: data ? { 'content-type': type } : {} },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if ((response.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${text}`));
          else resolve(parseLoosely(text) as T);
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(data);
  });
}

function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
