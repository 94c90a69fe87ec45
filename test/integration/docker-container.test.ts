import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { freePort } from '../support/free-port.ts';
import { changeOf, contextFor, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { eventually } from '../support/eventually.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const run = promisify(execFile);
const IMAGE = 'kombinator-container:1';
const host = workerEngine();
const path = host.replace('unix://', '');

interface Inspect {
  readonly Id: string;
  readonly State: { readonly Status: string };
  readonly Config: {
    readonly Labels: Record<string, string>;
    readonly Env: string[];
    readonly Healthcheck?: unknown;
    readonly [key: string]: unknown;
  };
  readonly HostConfig: {
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly [key: string]: unknown;
  };
  readonly Mounts: { readonly Type: string; readonly Destination: string; readonly RW: boolean }[];
}

describe('containers on a Docker Engine', () => {
  const target = createDockerTarget({
    name: TARGET,
    connection: { type: 'unix', path },
    clock: realClock,
    logger: silentLogger,
    portWaitMs: 0,
  });
  beforeAll(() => buildTestImage(host, IMAGE));
  afterAll(() => target[Symbol.asyncDispose]());

  const fresh = () => freshStack(target, IMAGE);
  const inspect = (name: string) => engineJson<Inspect>(path, 'GET', `/containers/${name}/json`);
  const docker = async (...args: string[]) =>
    (await run('docker', args, { env: { ...process.env, DOCKER_HOST: host } })).stdout.trim();

  it('gives a container everything its spec says', async () => {
    const { stack, service, apply } = fresh();
    const secret = new Secret('s3cr3t-value', 'secret://file/db');
    await apply(
      'create',
      service('web', {
        env: { TOKEN: secret, MODE: 'fast' },
        user: 'web',
        workingDir: '/tmp',
        hostname: 'box',
        init: true,
        readOnly: true,
        stopSignal: 'SIGINT',
        healthcheck: { test: ['CMD', 'true'], intervalMs: 1_500, retries: 4 },
        mounts: [{ type: 'tmpfs', target: '/scratch', sizeBytes: 65_536 }],
        labels: { team: 'blue', 'io.kombinator.stack': 'stolen' },
      }),
    );
    const { Config, HostConfig, Mounts } = await inspect(`${stack}-web-1`);
    expect(Config).toMatchObject({
      User: 'web',
      WorkingDir: '/tmp',
      Hostname: 'box',
      StopSignal: 'SIGINT',
      StopTimeout: 1,
    });
    expect(Config.Env).toEqual(expect.arrayContaining(['TOKEN=s3cr3t-value', 'MODE=fast']));
    expect(Config.Healthcheck).toMatchObject({ Test: ['CMD', 'true'], Interval: 1_500_000_000, Retries: 4 });
    expect(HostConfig).toMatchObject({ Init: true, ReadonlyRootfs: true });
    expect(Mounts).toMatchObject([{ Type: 'tmpfs', Destination: '/scratch' }]);
    expect(Config.Labels).toMatchObject({ team: 'blue', 'io.kombinator.stack': stack });
    expect(JSON.stringify(Config.Labels)).not.toContain('s3cr3t');
  });

  it('lists the stack to Compose by its labels', async () => {
    const { stack, service, apply, make } = fresh();
    await apply('create', make.network('front'));
    await apply('create', service('web', { networks: { [`${stack}_front`]: { aliases: [] } } }));
    const filter = [`label=com.docker.compose.project=${stack}`, 'label=com.docker.compose.oneoff=False'];
    const format = '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.container-number"}}';
    const args = filter.flatMap((one) => ['--filter', one]);
    expect(
      await docker('ps', ...args, '--filter', 'label=com.docker.compose.config-hash', '--format', format),
    ).toBe('web 1');
    expect(
      await docker(
        'network',
        'ls',
        '--filter',
        'label=com.docker.compose.network=front',
        '--format',
        '{{.Name}}',
      ),
    ).toContain(`${stack}_front`);
    const { Config } = await inspect(`${stack}-web-1`);
    expect(Config.Labels['com.docker.compose.project.config_files']).toBe(
      `kombinations/${stack}/kombination.yaml`,
    );
  });

  it('publishes ports and finds services by their aliases', async () => {
    const { stack, make, service, apply, settled } = fresh();
    const port = await freePort();
    for (const name of ['front', 'back']) await apply('create', make.network(name));
    const networks = { [`${stack}_back`]: { aliases: [] }, [`${stack}_front`]: { aliases: ['www'] } };
    const web = service('web', {
      command: ['httpd', '-f', '-p', '80', '-h', '/etc'],
      ports: [{ containerPort: 80, protocol: 'tcp', hostPort: port, hostIp: '127.0.0.1' }],
      networks,
    });
    const probe = ['sh', '-c', 'wget -qO- http://www/group && wget -qO- http://web/group'];
    const once = { restart: { policy: 'no' }, networks: { [`${stack}_front`]: { aliases: [] } } } as const;
    const client = service('client', { command: probe, ...once });
    await apply('create', web);
    await settled(web);
    expect(await (await fetch(`http://127.0.0.1:${port}/group`)).text()).toContain('web:x:1000');
    await apply('create', client);
    expect(
      (
        await eventually(
          () => settled(client),
          ({ status }) => status !== 'healthy',
        )
      ).status,
    ).toBe('completed');
  });

  it('raises, lowers and lifts limits without a new container', async () => {
    const { stack, service, apply, observe } = fresh();
    const limited = {
      memoryBytes: 64 * 2 ** 20,
      memoryReservationBytes: 16 * 2 ** 20,
      nanoCpus: 5e8,
      pidsLimit: 50,
    };
    await apply('create', service('web', { resources: limited }));
    const { Id } = await inspect(`${stack}-web-1`);
    const steps = [
      { ...limited, memoryBytes: 256 * 2 ** 20 },
      { ...limited, memoryBytes: 32 * 2 ** 20 },
      {},
      limited,
    ];
    for (const resources of steps) {
      const wanted = service('web', { resources });
      expect(diffResource(wanted, await observe(wanted)).action).toBe('update');
      await apply('update', wanted);
      expect(diffResource(wanted, await observe(wanted)).action).toBe('no-op');
      const now = await inspect(`${stack}-web-1`);
      expect(now.Id).toBe(Id);
      const { memoryBytes } = resources as { memoryBytes?: number };
      if (memoryBytes)
        expect(now.HostConfig).toMatchObject({ Memory: memoryBytes, MemorySwap: memoryBytes * 2 });
    }
  });

  it('says who holds a port, and tries again', async () => {
    const first = fresh();
    const second = fresh();
    const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostPort: await freePort() }];
    await first.apply('create', first.service('web', { ports }));
    const clash = second.apply('create', second.service('web', { ports }));
    await expect(clash).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      retryable: true,
      message: expect.stringContaining(
        `port ${ports[0]?.hostPort} is already taken by container ${first.stack}-web-1`,
      ) as string,
    });
    await expect(inspect(`${second.stack}-web-1`)).rejects.toThrow('No such container');
    await first.apply('delete', first.service('web', { ports }));
    await second.apply('create', second.service('web', { ports }));
  });

  it('keeps the old container running when the new one finds its port taken', async () => {
    const { stack, service, apply, settled, observe } = fresh();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const address = server.address();
    const hostPort = typeof address === 'object' && address ? address.port : 0;
    await apply('create', service('web'));
    const wanted = service('web', { ports: [{ containerPort: 80, protocol: 'tcp', hostPort }] });
    await expect(apply('replace', wanted)).rejects.toMatchObject({ code: 'PORT_TAKEN' });
    server.close();
    expect((await settled(service('web'))).status).toBe('healthy');
    expect(await observe(service('web'))).toMatchObject({ hash: service('web').hash, interrupted: false });
    await expect(inspect(`${stack}-web-1.next`)).rejects.toThrow('No such container');
  });

  it('explains a command that does not exist and leaves nothing', async () => {
    const { stack, service, apply } = fresh();
    await expect(apply('create', service('web', { command: ['no-such-command'] }))).rejects.toMatchObject({
      code: 'TARGET_ERROR',
      message: expect.stringContaining('no-such-command') as string,
    });
    await expect(inspect(`${stack}-web-1`)).rejects.toThrow('No such container');
  });

  it('gives the last output of a failed container as the reason, without its secrets', async () => {
    const { service, apply, settled } = fresh();
    const command = ['sh', '-c', 'echo "cannot log in with $PASSWORD"; exit 4'];
    const env = { PASSWORD: new Secret('open-sesame', 'secret://file/p') };
    const web = service('web', { command, env, restart: { policy: 'no' } });
    await apply('create', web);
    const health = await eventually(
      () => settled(web),
      ({ status }) => status === 'failed',
    );
    expect(health.reason).toBe('exited with 4; last output: cannot log in with ***');
  });

  it('sees that an image name points to something else, and replaces', async () => {
    const { make, service, apply, observe, stack } = fresh();
    const tag = `kombinator-moving:${stack}`;
    const old = await buildTestImage(host, tag);
    const web = service('web', { image: tag });
    await apply('create', web);
    await buildTestImage(host, tag, { files: { '/etc/version': '2' } });
    const { resources } = await target.observe(
      { stack, desired: [make.image(tag), web] },
      new AbortController().signal,
    );
    const observed = resources.find(({ id }) => id === web.id);
    expect(observed?.detail?.['imageMoved']).toBe(true);
    expect(diffResource(web, observed)).toMatchObject({
      action: 'replace',
      fields: [{ path: 'image', before: `${tag}@${old.slice(0, 19)}`, after: tag }],
    });
    await apply('replace', web);
    await target.settle(changeOf('replace', web), 'keep', contextFor(stack));
    expect((await observe(web))?.spec['image']).toBe(tag);
  });

  it('makes a container anew while somebody else is still removing the old one', async () => {
    const { stack, service, apply, settled } = fresh();
    const web = service('web', {
      command: ['sh', '-c', 'i=0; while [ $i -lt 30000 ]; do : > /tmp/$i; i=$((i+1)); done; exec sleep 1000'],
    });
    await apply('create', web);
    const { Id } = await inspect(`${stack}-web-1`);
    await docker('exec', Id, 'sh', '-c', 'until [ -e /tmp/29999 ]; do sleep 0.1; done');
    // So many files take the engine a moment, in which the container has its name but cannot be started.
    const removal = docker('rm', '--force', Id);
    const state = await eventually(
      async () => (await inspect(Id).catch(() => null))?.State.Status ?? 'gone',
      (status) => status !== 'running',
    );
    expect(state).toBe('removing');

    await apply('create', web);

    await removal;
    expect((await inspect(`${stack}-web-1`)).Id).not.toBe(Id);
    expect((await settled(web)).status).toBe('healthy');
  });

  it('has the old one run again when a replace is given up while it stops', async () => {
    const { stack, service, apply, observe } = fresh();
    const deaf = {
      command: ['sh', '-c', 'trap "" TERM; : > /tmp/deaf; sleep 1000'],
      stopGracePeriodMs: 3_000,
    };
    const old = service('web', deaf);
    await apply('create', old);
    await docker('exec', `${stack}-web-1`, 'sh', '-c', 'until [ -e /tmp/deaf ]; do sleep 0.02; done');
    const { Id } = await inspect(`${stack}-web-1`);

    const next = service('web', { ...deaf, env: { VERSION: '2' } });
    const caller = new AbortController();
    const ended = apply('replace', next, contextFor(stack, { signal: caller.signal }));
    setTimeout(() => caller.abort(new Error('shutting down')), 700);
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await inspect(`${stack}-web-1`)).toMatchObject({ Id, State: { Status: 'running' } });
    expect((await observe(old))?.hash).toBe(old.hash);
    // Nothing that was begun before stops it later.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(await inspect(`${stack}-web-1`)).toMatchObject({ Id, State: { Status: 'running' } });
    await apply('delete', old);
  });

  it('connects to a network that was removed and made again', async () => {
    const { stack, make, service, apply, observe, settled } = fresh();
    const front = make.network('front');
    const web = service('web', { networks: { [`${stack}_front`]: { aliases: ['www'] } } });
    await apply('create', front);
    await apply('create', web);
    await engineJson(path, 'POST', `/containers/${stack}-web-1/stop?t=0`);
    await engineJson(path, 'DELETE', `/networks/${stack}_front`);
    await apply('create', front);
    expect(diffResource(web, await observe(web)).action).toBe('update');
    await apply('update', web);
    expect((await settled(web)).status).toBe('healthy');
    expect(diffResource(web, await observe(web)).action).toBe('no-op');
  });

  // An engine that is ended while it starts a container leaves this directory, and says the same at each start from then on.
  it('makes a container anew that its engine cannot start any more', async () => {
    const { stack, service, apply, observe, settled } = fresh();
    const web = service('web');
    await apply('create', web);
    await engineJson(path, 'POST', `/containers/${stack}-web-1/stop?t=0`);
    const { Id } = await inspect(`${stack}-web-1`);
    const left = join(dirname(path), 'exec/containerd/daemon/io.containerd.runtime.v2.task/moby', Id);
    await mkdir(left, { recursive: true });
    try {
      expect(diffResource(web, await observe(web)).action).toBe('update');
      await apply('update', web);
    } finally {
      await rm(left, { recursive: true, force: true });
    }
    expect((await settled(web)).status).toBe('healthy');
    expect((await inspect(`${stack}-web-1`)).Id).not.toBe(Id);
    expect(diffResource(web, await observe(web)).action).toBe('no-op');
  });

  it('replaces a network under running containers', async () => {
    const { stack, make, service, apply, observe, settled } = fresh();
    const web = service('web', { networks: { [`${stack}_front`]: { aliases: ['www'] } } });
    await apply('create', make.network('front'));
    await apply('create', web);
    const internal = make.network('front', { internal: true });
    expect(diffResource(internal, await observe(internal)).action).toBe('replace');
    await apply('replace', internal);
    expect(diffResource(internal, await observe(internal)).action).toBe('no-op');
    expect(diffResource(web, await observe(web)).action).toBe('no-op');
    expect((await settled(web)).status).toBe('healthy');
  });

  it('does not remove a network or volume that others use', async () => {
    const { stack, make, apply, service } = fresh();
    await apply('create', make.network('front'));
    await apply('create', make.volume('data'));
    const mounts = [{ type: 'volume' as const, source: `${stack}_data`, target: '/data' }];
    await apply('create', service('web', { mounts, networks: { [`${stack}_front`]: { aliases: [] } } }));
    await expect(apply('delete', make.network('front'))).rejects.toThrow(
      `network ${stack}_front is in use by ${stack}-web-1`,
    );
    await expect(apply('delete', make.volume('data'))).rejects.toThrow(`volume ${stack}_data is in use`);
  });

  it('follows logs until it is told to stop', async () => {
    const { stack, service, apply } = fresh();
    const web = service('web', {
      command: ['sh', '-c', 'while true; do echo tick; echo tock >&2; sleep 0.05; done'],
    });
    await apply('create', web);
    const controller = new AbortController();
    const streams = new Set<string>();
    for await (const line of target.logs(stack, web.id, { follow: true, signal: controller.signal })) {
      streams.add(`${line.stream}:${line.text}`);
      expect(Date.parse(line.time)).toBeGreaterThan(0);
      if (streams.size === 2) controller.abort();
    }
    expect([...streams].sort()).toEqual(['stderr:tock', 'stdout:tick']);
    await apply('delete', web);
  });
});
