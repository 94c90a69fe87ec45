import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import type { DockerConnection } from '../../reconciler/model/target.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import { contextFor, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import type { EngineSsh } from '../support/docker/engine-ssh.ts';
import { startEngineSsh } from '../support/docker/engine-ssh.ts';
import { eventually } from '../support/eventually.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const run = promisify(execFile);
const IMAGE = 'kombinator-connection:1';
const quiet = () => new AbortController().signal;

function connect(connection: DockerConnection, environment: Record<string, string> = {}) {
  const common = { name: TARGET, clock: realClock, logger: silentLogger };
  return createDockerTarget({
    ...common,
    connection,
    environment: { PATH: process.env['PATH'], ...environment },
  });
}

async function runThrough(
  connection: DockerConnection,
  environment: Record<string, string> = {},
): Promise<void> {
  await using target = connect(connection, environment);
  const { stack, make, service, apply, settled, observe } = freshStack(target, IMAGE);
  const web = service('web');
  await apply('create', web);
  expect((await settled(web)).status).toBe('healthy');
  expect((await observe(web))?.hash).toBe(web.hash);
  await apply('delete', web);
  // A build asks back over a connection of its own.
  const dockerfile = `FROM ${IMAGE}\nRUN --mount=type=secret,id=word read a < /run/secrets/word && test "$a" = hush\n`;
  const { image, blobs } = make.built(dockerfile, [{ id: 'word', content: new Secret('hush\n', 'word') }]);
  await apply('create', image, contextFor(stack, { blobs }));
  await apply('delete', image);
}

describe('reaching a Docker Engine', () => {
  const path = workerEngine().replace('unix://', '');
  beforeAll(() => buildTestImage(workerEngine(), IMAGE));

  it('takes DOCKER_HOST for the local engine, and nothing of it for others', async () => {
    await runThrough({ type: 'local' }, { DOCKER_HOST: `unix://${path}` });
    await runThrough({ type: 'unix', path }, { DOCKER_HOST: 'tcp://127.0.0.1:1' });
    expect(() => connect({ type: 'local' }, { DOCKER_HOST: 'ftp://example' })).toThrow('DOCKER_HOST');
  });

  it.each([
    {
      when: 'nobody listens',
      connection: { type: 'tcp', host: '127.0.0.1', port: 1 },
      text: 'tcp://127.0.0.1:1',
    },
    {
      when: 'the socket is not there',
      connection: { type: 'unix', path: '/nowhere/docker.sock' },
      text: 'is the engine running?',
    },
    {
      when: 'the name is unknown',
      connection: { type: 'tcp', host: 'no-such-host.invalid', port: 2375 },
      text: 'no-such-host.invalid',
    },
  ] satisfies { when: string; connection: DockerConnection; text: string }[])(
    'says so when $when',
    async ({ connection, text }) => {
      await using target = connect(connection);
      const observing = target.observe({ stack: 'x', desired: [] }, quiet());
      await expect(observing).rejects.toMatchObject({
        code: 'TARGET_UNREACHABLE',
        retryable: true,
        message: expect.stringContaining(text) as string,
      });
    },
  );

  it('gives up on an engine that accepts and stays silent when it is told to', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await using target = connect({
      type: 'tcp',
      host: '127.0.0.1',
      port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    });
    const observing = target.observe({ stack: 'x', desired: [] }, AbortSignal.timeout(200));
    await expect(observing).rejects.toMatchObject({ code: 'CANCELLED' });
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('lets the process end once it is closed', async () => {
    const module = new URL('../../reconciler/adapters/docker/index.ts', import.meta.url).href;
    const script = `
      const { createDockerTarget } = await import(${JSON.stringify(module)});
      const log = () => {};
      const target = createDockerTarget({ name: 'edge', connection: { type: 'unix', path: ${JSON.stringify(path)} },
        clock: { now: Date.now, elapsed: () => performance.now(), sleep: () => Promise.resolve(), random: () => 0 }, logger: { debug: log, info: log, warn: log, error: log } });
      const watching = target.watch(() => {}, new AbortController().signal);
      await target.facts(new AbortController().signal);
      await target[Symbol.asyncDispose]();
      await watching;
      console.log('done');`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    });
    expect(stdout).toBe('done\n');
  });
});

describe('an engine behind TLS', () => {
  let engine: DockerEngine;
  beforeAll(async () => {
    engine = await startDockerEngine({ tls: true });
    await buildTestImage(engine.host, IMAGE);
  });
  afterAll(() => engine.stop());

  it('is spoken to with client certificates, by configuration and by DOCKER_HOST', async () => {
    const { host, port, ca, cert, key } = engine.tls!;
    await runThrough({ type: 'tcp', host, port, tls: { ca, cert, key } });
    const certs = join(engine.root, 'client');
    await mkdir(certs);
    for (const [name, from] of Object.entries({ ca, cert, key }))
      await writeFile(join(certs, `${name}.pem`), await readFile(from));
    const environment = {
      DOCKER_HOST: `tcp://${host}:${port}`,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: certs,
    };
    await runThrough({ type: 'local' }, environment);
  });

  it('is refused when its certificate is not from the expected authority', async () => {
    const { host, port, cert, key } = engine.tls!;
    await using target = connect({ type: 'tcp', host, port, tls: { ca: cert, cert, key } });
    await expect(target.facts(quiet())).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });

  it('is found again after it was killed, and events go on', async () => {
    await using target = connect({ type: 'unix', path: engine.socketPath });
    const { stack, service, apply, observe } = freshStack(target, IMAGE);
    const web = service('web', { restart: { policy: 'no' } });
    await apply('create', web);
    const events: (string | null)[] = [];
    const controller = new AbortController();
    const watching = target.watch((event) => void events.push(event), controller.signal);
    const hearsOfKill = () =>
      eventually(async () => {
        await apply('update', web);
        await engineJson(engine.socketPath, 'POST', `/containers/${stack}-web-1/kill`).catch(() => undefined);
        return events.includes(stack);
      }, Boolean);
    expect(await hearsOfKill()).toBe(true);
    expect(events).not.toContain(null);
    await engine.crash();
    // It is told before anything answers again.
    expect(await eventually(() => events.includes(null), Boolean)).toBe(true);
    events.length = 0;
    await engine.start();
    await eventually(
      () => observe(web).catch(() => undefined),
      (observed) => observed !== undefined,
    );
    expect(await eventually(() => events.includes(null), Boolean)).toBe(true);
    events.length = 0;
    expect(await hearsOfKill()).toBe(true);
    controller.abort();
    await watching;
  });
});

describe('an engine behind SSH', () => {
  let ssh: EngineSsh;
  const environment = () => ({ KOMBINATOR_KNOWN_HOSTS: ssh.knownHosts });
  const connection = (): Extract<DockerConnection, { type: 'ssh' }> => ({
    type: 'ssh',
    host: '127.0.0.1',
    port: ssh.port,
    user: 'root',
    keyPath: ssh.keyPath,
  });

  beforeAll(async () => {
    ssh = await startEngineSsh(workerEngine());
  });
  afterAll(() => ssh[Symbol.asyncDispose]());

  it('is spoken to over few connections', async () => {
    await runThrough(connection(), environment());
    await using target = connect(connection(), environment());
    const many = Array.from({ length: 10 }, () => target.owned(quiet()));
    expect(await Promise.all(many)).toHaveLength(10);
  });

  it('is refused when its host key is not known', async () => {
    await using target = connect(connection(), { KOMBINATOR_KNOWN_HOSTS: join(ssh.root, 'empty') });
    await expect(target.facts(quiet())).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining(`ssh-keyscan -p ${ssh.port} 127.0.0.1`) as string,
    });
  });

  it('is refused when its host key has changed', async () => {
    await ssh.trust('other');
    await using target = connect(connection(), environment());
    await expect(target.facts(quiet())).rejects.toThrow('differs from the one in');
    await ssh.trust('host');
  });

  it('needs a key or an agent', async () => {
    const { keyPath: _, ...without } = connection();
    await using target = connect(without, environment());
    await expect(target.facts(quiet())).rejects.toThrow('no SSH agent');
  });
});
