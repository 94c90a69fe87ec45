import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { freePort } from './repository.ts';
import { waitUntil } from './processes.ts';

/** A `kombinator serve` of its own process; disposing stops it and waits for its end. */
export interface DemoDaemon extends AsyncDisposable {
  readonly url: string;
  readonly keyFile: string;
  readonly stateDir: string;
  readonly logFile: string;
  readonly pid: number;
}

export interface DaemonOptions {
  readonly root: string;
  readonly repo: string;
  readonly dockerHost: string;
  readonly signal: AbortSignal;
}

/** Resolves once the API answers. Rejects with the end of the daemon's log when it does not. */
export async function startDaemon(options: DaemonOptions): Promise<DemoDaemon> {
  const { root, repo, dockerHost, signal } = options;
  const listen = `127.0.0.1:${await freePort()}`;
  const stateDir = join(root, 'state');
  const logFile = join(root, 'daemon.log');
  await using log = await open(logFile, 'w');
  const entry = fileURLToPath(new URL('../../api/cli/kombinator.mjs', import.meta.url));
  const args = [entry, 'serve', '--repo', repo, '--state-dir', stateDir, '--listen', listen];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...demoEnvironment(process.env), DOCKER_HOST: dockerHost },
    // Ctrl-C is for the demo, which stops the daemon in its own order.
    detached: true,
  });
  let ended = false;
  const exited = once(child, 'exit').then(() => (ended = true));
  const url = `http://${listen}`;
  const stop = async () => {
    if (!ended) child.kill('SIGTERM');
    const hard = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(hard);
  };
  try {
    const ready = async () => ended || (await answers(`${url}/api/v1/health`));
    await waitUntil('the daemon answers', ready, { timeoutMs: 30_000, signal });
    if (ended) throw new Error('the daemon ended at once');
  } catch (error) {
    await stop();
    const words = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-8).join('\n');
    throw new Error(`the daemon did not start:\n${words}`, { cause: error });
  }
  const keyFile = join(stateDir, 'admin.key');
  return { url, keyFile, stateDir, logFile, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

/** The user's own KOMBINATOR_* settings are for their daemon, not for this one. */
function demoEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('KOMBINATOR_')));
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}
