import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { eventually } from '../eventually.ts';

const run = promisify(execFile);

/** A private sshd on a loopback port whose sessions speak to one engine. Needs root. */
export interface EngineSsh extends AsyncDisposable {
  readonly port: number;
  /** Directory of its own. */
  readonly root: string;
  /** Private key that is let in. */
  readonly keyPath: string;
  readonly knownHosts: string;
  /** Writes the public key of this name (`host` is the right one) into the known hosts. */
  trust(name: 'host' | 'other'): Promise<void>;
}

export async function startEngineSsh(dockerHost: string): Promise<EngineSsh> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-ssh-'));
  const port = await freePort();
  for (const name of ['client', 'host', 'other']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, name)]);
  }
  await chmod(root, 0o700);
  await mkdir('/run/sshd', { recursive: true });
  // The shell of a session reads what a user of the machine has put into its home, which takes longer than what a test asks for.
  const environment = `environment="DOCKER_HOST=${dockerHost}",environment="HOME=${root}"`;
  await writeFile(
    join(root, 'authorized_keys'),
    `${environment} ${await readFile(join(root, 'client.pub'), 'utf8')}`,
  );
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(root, 'host')}`,
    `AuthorizedKeysFile ${join(root, 'authorized_keys')}`,
    'PermitUserEnvironment yes',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
  ];
  await writeFile(join(root, 'sshd_config'), `${config.join('\n')}\n`);
  const server = spawn('/usr/sbin/sshd', ['-D', '-f', join(root, 'sshd_config')], { stdio: 'ignore' });
  const knownHosts = join(root, 'known_hosts');
  const trust = async (name: string) => {
    const [type, key] = (await readFile(join(root, `${name}.pub`), 'utf8')).split(' ');
    await writeFile(knownHosts, `[127.0.0.1]:${port} ${type} ${key}\n`);
  };
  await trust('host');
  await eventually(
    () =>
      run('ssh-keyscan', ['-p', String(port), '127.0.0.1']).then(
        ({ stdout }) => stdout !== '',
        () => false,
      ),
    Boolean,
  );
  return {
    port,
    root,
    keyPath: join(root, 'client'),
    knownHosts,
    trust,
    async [Symbol.asyncDispose]() {
      server.kill();
      await rm(root, { recursive: true, force: true });
    },
  };
}
