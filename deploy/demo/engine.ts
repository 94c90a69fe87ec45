import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { pingEngine } from './ping-engine.ts';
import { findProgram, isAlive, run, systemPath, waitUntil } from './processes.ts';

/** A Docker Engine the demo works with; disposing ends it when the demo started it. */
export interface DemoEngine extends AsyncDisposable {
  readonly docker: Docker;
  /** Address for DOCKER_HOST. */
  readonly host: string;
  readonly own: boolean;
  /** Description for people: version, and whose it is. */
  readonly description: string;
}

/** The engine that DOCKER_HOST or the default socket leads to; `undefined` when none answers. */
export async function findEngine(env: NodeJS.ProcessEnv): Promise<DemoEngine | undefined> {
  const docker = new Docker({ timeout: 5_000 });
  try {
    const { Version: version } = await docker.version();
    const host = env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
    return {
      docker: new Docker(),
      host,
      own: false,
      description: `Docker Engine ${version} at ${host}`,
      async [Symbol.asyncDispose]() {},
    };
  } catch (error) {
    // A named engine that does not answer is a mistake to show, not one to work around.
    if (env['DOCKER_HOST']) {
      throw new Error(`the engine named by DOCKER_HOST=${env['DOCKER_HOST']} does not answer`, {
        cause: error,
      });
    }
    return undefined;
  }
}

/**
 * Starts a dockerd with data, socket and containerd of its own below `root`. No default bridge and no firewall rules, so that
 * nothing of the machine changes; published ports go through Docker's own proxy. Needs root.
 */
export async function startEngine(root: string, signal: AbortSignal): Promise<DemoEngine> {
  const socketPath = join(root, 'docker.sock');
  await mkdir(join(root, 'exec'), { recursive: true });
  await writeFile(join(root, 'dockerd.json'), '{}');
  let output = '';
  for (const driver of ['overlay2', 'vfs']) {
    output = await launch(root, socketPath, driver, signal);
    if (output !== '') {
      await endEngine(root);
      continue;
    }
    const docker = new Docker({ socketPath });
    const { Version: version } = await docker.version();
    return {
      docker,
      host: `unix://${socketPath}`,
      own: true,
      description: `Docker Engine ${version}, started for this demo (${driver})`,
      [Symbol.asyncDispose]: () => endEngine(root),
    };
  }
  throw new Error(
    `dockerd does not start here (a container without privileges cannot run one). Its last words:\n${output}`,
  );
}

/** Resolves to `''` once the engine answers, else to the end of its log. */
async function launch(
  root: string,
  socketPath: string,
  driver: string,
  signal: AbortSignal,
): Promise<string> {
  const logFile = join(root, 'dockerd.log');
  await using log = await open(logFile, 'w');
  const args = [
    `--config-file=${join(root, 'dockerd.json')}`,
    `--data-root=${join(root, 'data')}`,
    `--exec-root=${join(root, 'exec')}`,
    `--pidfile=${join(root, 'dockerd.pid')}`,
    `--host=unix://${socketPath}`,
    `--storage-driver=${driver}`,
    '--bridge=none',
    '--default-address-pool=base=10.231.0.0/16,size=24',
    '--iptables=false',
    '--ip-masq=false',
    '--shutdown-timeout=3',
  ];
  const child = spawn(findProgram('dockerd') ?? 'dockerd', args, {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, PATH: systemPath() },
    // Ctrl-C is for the demo, which then ends the engine in its own order.
    detached: true,
  });
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  child.once('error', () => ended.abort());
  child.unref();
  const deadline = Date.now() + 45_000;
  while (!ended.signal.aborted && Date.now() < deadline) {
    if (await pingEngine(socketPath)) return '';
    await sleep(50, undefined, { signal });
  }
  return (await readText(logFile)).trim().split('\n').slice(-6).join('\n') || 'no output';
}

/** Ends whatever runs below `root`: containers, dockerd, containerd, shims, mounts, bridges. May be called for a crashed demo's. */
export async function endEngine(root: string): Promise<void> {
  const bridges = await removeContainers(join(root, 'docker.sock')).catch(() => []);
  const pid = Number(await readText(join(root, 'dockerd.pid')));
  if (pid > 0 && (await processesOf(root)).includes(pid)) {
    process.kill(pid, 'SIGTERM');
    await waitUntil('dockerd ends', () => !isAlive(pid), { timeoutMs: 15_000 }).catch(() => undefined);
  }
  await waitUntil(
    'the processes of the engine end',
    async () => {
      const left = await processesOf(root);
      for (const id of left) killHard(id);
      return left.length === 0;
    },
    { timeoutMs: 10_000 },
  );
  const mounts = (await readText('/proc/mounts')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${root}/`)).reverse()) {
    await run('umount', ['-l', mount]).catch(() => undefined);
  }
  for (const bridge of bridges) await run('ip', ['link', 'delete', bridge]).catch(() => undefined);
  await rm(join(root, 'dockerd.pid'), { force: true });
}

/** Removes containers: their shims and bridges would outlive the engine. Resolves to the bridges that networks had. */
async function removeContainers(socketPath: string): Promise<readonly string[]> {
  const docker = new Docker({ socketPath, timeout: 20_000 });
  const containers = await docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const networks = (await docker.listNetworks()).filter(({ Driver }) => Driver === 'bridge');
  await Promise.all(
    networks.map(({ Id }) =>
      docker
        .getNetwork(Id)
        .remove()
        .catch(() => undefined),
    ),
  );
  return networks.map(({ Id }) => `br-${Id.slice(0, 12)}`);
}

/** Processes started with the root directory in their command line. */
async function processesOf(root: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    if (!(pid > 1) || pid === process.pid) continue;
    const command = await readText(`/proc/${pid}/cmdline`);
    if (/^\S*(dockerd|containerd|docker-proxy)/.test(command) && command.includes(`${root}/`))
      found.push(pid);
  }
  return found.filter(isAlive);
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended in between.
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
