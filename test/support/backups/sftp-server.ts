import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';

const run = promisify(execFile);

/** Debian's sshd on a loopback port, for SFTP alone. Needs root. */
export interface SftpServer extends AsyncDisposable {
  readonly port: number;
  /** Directory that is written to. */
  readonly directory: string;
  readonly keyPath: string;
  /** File of rclone's configuration with the remote `nas`. */
  readonly rcloneConfig: string;
  /** Command that restic reaches it with. */
  readonly sshCommand: string;
}

export async function startSftpServer(): Promise<SftpServer> {
  const root = await mkdtemp(join(tmpdir(), 'kombinator-sftp-'));
  const port = await freePort();
  for (const name of ['client', 'host'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, name)]);
  await chmod(root, 0o700);
  await mkdir('/run/sshd', { recursive: true });
  const directory = join(root, 'storage');
  await mkdir(directory);
  await writeFile(join(root, 'authorized_keys'), await readFile(join(root, 'client.pub'), 'utf8'));
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(root, 'host')}`,
    `AuthorizedKeysFile ${join(root, 'authorized_keys')}`,
    'Subsystem sftp internal-sftp',
    'ForceCommand internal-sftp',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
  ];
  await writeFile(join(root, 'sshd_config'), `${config.join('\n')}\n`);
  const server = spawn('/usr/sbin/sshd', ['-D', '-f', join(root, 'sshd_config')], { stdio: 'ignore' });
  const keyPath = join(root, 'client');
  const rcloneConfig = join(root, 'rclone.conf');
  const knownHosts = join(root, 'known_hosts');
  const remote = ['[nas]', 'type = sftp', 'host = 127.0.0.1', `port = ${port}`, 'user = root'];
  await writeFile(
    rcloneConfig,
    `${[...remote, `key_file = ${keyPath}`, `known_hosts_file = ${knownHosts}`, 'shell_type = none'].join('\n')}\n`,
  );
  const keys = await eventually(
    () =>
      run('ssh-keyscan', ['-p', String(port), '127.0.0.1']).then(
        ({ stdout }) => stdout,
        () => '',
      ),
    (text) => text !== '',
  );
  await writeFile(knownHosts, keys);
  return {
    port,
    directory,
    keyPath,
    rcloneConfig,
    sshCommand: `ssh -p ${port} -i ${keyPath} -o UserKnownHostsFile=${knownHosts} -o BatchMode=yes root@127.0.0.1 -s sftp`,
    async [Symbol.asyncDispose]() {
      server.kill('SIGKILL');
      await rm(root, { recursive: true, force: true });
    },
  };
}
