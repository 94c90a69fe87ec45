import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';

const run = promisify(execFile);

/** A registry of this machine that one account may use. */
export interface RegistryServer extends AsyncDisposable {
  /** `localhost:<port>`: engines take such a one without TLS. */
  readonly host: string;
  readonly username: string;
  readonly password: string;
  /** Directory of its own, for files of the test as well. */
  readonly root: string;
}

export async function startRegistry(): Promise<RegistryServer> {
  const [username, password] = ['ci', 'pass-word-1'];
  const root = await mkdtemp(join(tmpdir(), 'kombinator-registry-'));
  const port = await freePort();
  const { stdout } = await run('htpasswd', ['-nbB', username, password]);
  await writeFile(join(root, 'htpasswd'), stdout.trim());
  const config = `version: 0.1
storage: { filesystem: { rootdirectory: ${join(root, 'data')} } }
http: { addr: 127.0.0.1:${port} }
auth: { htpasswd: { realm: test, path: ${join(root, 'htpasswd')} } }
`;
  await writeFile(join(root, 'config.yml'), config);
  const server = spawn('docker-registry', ['serve', join(root, 'config.yml')], { stdio: 'ignore' });
  const close = async () => {
    server.kill();
    await rm(root, { recursive: true, force: true });
  };
  const host = `localhost:${port}`;
  const answers = () =>
    fetch(`http://${host}/v2/`).then(
      ({ status }) => status === 401,
      () => false,
    );
  if (!(await eventually(answers, Boolean))) {
    await close();
    throw new Error(`docker-registry does not answer at ${host}`);
  }
  return { host, username, password, root, [Symbol.asyncDispose]: close };
}
