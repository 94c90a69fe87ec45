import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** A private sshd on a loopback port with its own host key, accounts and files; it touches nothing of the machine's. */
export interface SshServer extends AsyncDisposable {
  /** `ssh://user@127.0.0.1:<port>` */
  readonly url: string;
  /** A key it lets in. */
  readonly identityFile: string;
  /** A key it does not know. */
  readonly strangerFile: string;
  readonly knownHostsFile: string;
  /** An `ssh` that goes through one connection opened beforehand: many tests need not all shake hands. */
  shareConnection(): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @param options `protocol`: newest version of Git's protocol that it speaks. Default 2 */
export async function startSshServer({
  protocol = 2,
}: { readonly protocol?: 0 | 2 } = {}): Promise<SshServer> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-sshd-'));
  const port = await freePort();
  const file = (name: string): string => join(directory, name);
  for (const name of ['host', 'client', 'stranger']) {
    await execFileAsync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file(name)]);
  }
  const hostKey = (await readFile(file('host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
  await writeFile(file('known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
  // The shell of a session reads what a user of the machine has put into its home, which takes longer than what a test asks for.
  const environment = `environment="HOME=${directory}"`;
  await writeFile(file('authorized_keys'), `${environment} ${await readFile(file('client.pub'), 'utf8')}`);
  await chmod(file('authorized_keys'), 0o600);
  await writeFile(file('config'), buildConfig(directory, port, protocol));
  // sshd run by root wants its privilege separation directory, which only an installed service makes.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });

  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('config')], { stdio: 'ignore' });
    await reachable(port);
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  };
  await start();
  let shared: ChildProcess | undefined;
  const shareConnection = async (): Promise<string> => {
    const socket = file('shared');
    const access = `-i ${file('client')} -o UserKnownHostsFile=${file('known_hosts')} -p ${port}`;
    const target = `${userInfo().username}@127.0.0.1`;
    shared = spawn('ssh', ['-F', 'none', '-M', '-N', '-S', socket, ...access.split(' '), target], {
      stdio: 'ignore',
    });
    const deadline = Date.now() + 10_000;
    while (!existsSync(socket)) {
      if (Date.now() > deadline) throw new Error('the shared SSH connection does not come up');
      await delay(20);
    }
    return `ssh -F none -S ${socket} -o ControlMaster=no`;
  };
  return {
    shareConnection,
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    identityFile: file('client'),
    strangerFile: file('stranger'),
    knownHostsFile: file('known_hosts'),
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      shared?.kill();
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function buildConfig(directory: string, port: number, protocol: 0 | 2): string {
  return [
    ...(protocol === 2 ? ['AcceptEnv GIT_PROTOCOL'] : []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'host')}`,
    `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
    `PidFile ${join(directory, 'pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PermitUserEnvironment HOME',
    '',
  ].join('\n');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function reachable(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    if (Date.now() > deadline) throw new Error(`sshd does not answer on port ${port}`);
    await delay(20);
  }
}
