import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { diffResource } from '../../reconciler/plan/diff-resource.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { contextFor, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import type { RegistryServer } from '../support/docker/registry-server.ts';
import { startRegistry } from '../support/docker/registry-server.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const run = promisify(execFile);
const host = workerEngine();
const socketPath = host.replace('unix://', '');

describe('a private registry', () => {
  let root: string;
  let registry: string;
  let server: RegistryServer;

  beforeAll(async () => {
    server = await startRegistry();
    ({ root, host: registry } = server);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Builds and pushes; resolves to the image id. The local tag stays only when asked for. */
  async function push(reference: string, version: string): Promise<string> {
    const scratch = `${reference}-pushed`;
    const id = await buildTestImage(host, reference, { files: { '/etc/version': version } });
    const config = join(root, `docker-${version}`);
    const env = { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: config };
    await run('docker', ['login', registry, '-u', 'ci', '-p', 'pass-word-1'], { env });
    await run('docker', ['push', reference], { env });
    await run('docker', ['rmi', reference, scratch], { env }).catch(() => undefined);
    return id;
  }

  function connect(password: string | null) {
    const credentials = (value: string) => ({
      host: registry,
      username: 'ci',
      password: new Secret(value, 'secret://file/ci'),
    });
    return createDockerTarget({
      name: TARGET,
      connection: { type: 'unix', path: socketPath },
      registries: () => (password === null ? [] : [credentials(password)]),
      registryCacheMs: 0,
      clock: realClock,
      logger: silentLogger,
    });
  }

  it('is pulled from with credentials, and refused without or with wrong ones', async () => {
    const reference = `${registry}/team/app:1`;
    const id = await push(reference, '1');
    for (const password of [null, 'pass-word-2']) {
      await using target = connect(password);
      const { make, apply } = freshStack(target, reference);
      const refused = apply('create', make.image(reference));
      await expect(refused).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', retryable: false });
      await expect(refused).rejects.not.toThrow('pass-word-2');
    }
    await using target = connect('pass-word-1');
    const { stack, make, service, apply, observe, settled } = freshStack(target, reference);
    const image = make.image(reference);
    expect(diffResource(image, await observe(image)).action).toBe('create');
    const context = contextFor(stack);
    await apply('create', image, context);
    expect(context.messages).toContain(`pulling ${reference}`);
    expect(diffResource(image, await observe(image)).action).toBe('no-op');
    expect((await engineJson<{ Id: string }>(socketPath, 'GET', `/images/${reference}/json`)).Id).toBe(id);
    await apply('create', service('web'));
    expect((await settled(service('web'))).status).toBe('healthy');
  });

  it('is what images are built from, with its credentials and not without', async () => {
    const base = `${registry}/team/base:1`;
    await push(base, 'base');
    const dockerfile = `FROM ${base}\n`;
    await using stranger = connect(null);
    const refused = freshStack(stranger, base);
    const { image: never, blobs } = refused.make.built(dockerfile);
    await expect(refused.apply('create', never, contextFor(refused.stack, { blobs }))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      retryable: true,
    });
    await using target = connect('pass-word-1');
    const { stack, make, apply, observe } = freshStack(target, base);
    const { image } = make.built(dockerfile);
    await apply('create', image, contextFor(stack, { blobs }));
    expect(diffResource(image, await observe(image)).action).toBe('no-op');
    expect(await target.owned(new AbortController().signal)).toContainEqual(
      expect.objectContaining({ stack, resources: 1 }),
    );
  });

  it('tells a missing image and a registry that is away', async () => {
    await using target = connect('pass-word-1');
    const { make, apply } = freshStack(target, 'unused:1');
    await expect(apply('create', make.image(`${registry}/team/absent:1`))).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      retryable: true,
    });
    await expect(apply('create', make.image('localhost:1/team/app:1'))).rejects.toMatchObject({
      code: 'IMAGE_PULL_FAILED',
      retryable: true,
    });
  });

  it('shows with pull policy always that a tag has moved, and containers follow', async () => {
    const reference = `${registry}/team/moving:stable`;
    await push(reference, 'a');
    await using target = connect('pass-word-1');
    const { stack, make, service, apply } = freshStack(target, reference);
    const image = make.image(reference, 'always');
    const web = service('web');
    const observed = async () => {
      const { resources } = await target.observe(
        { stack, desired: [image, web] },
        new AbortController().signal,
      );
      return [image, web].map(
        (one) =>
          diffResource(
            one,
            resources.find(({ id }) => id === one.id),
          ).action,
      );
    };
    await apply('create', image);
    await apply('create', web);
    expect(await observed()).toEqual(['no-op', 'no-op']);
    const before = await engineJson<{ Id: string }>(socketPath, 'GET', `/images/${reference}/json`);
    await push(reference, 'b');
    // The pushed image came from this engine too: bring back the state of one that has not pulled yet.
    await engineJson(socketPath, 'POST', `/images/${before.Id}/tag?repo=${registry}/team/moving&tag=stable`);
    const [imageAction, webAction] = await observed();
    expect(imageAction).not.toBe('no-op');
    expect(webAction).toBe('no-op');
    await apply('update', image);
    expect(await observed()).toEqual(['no-op', 'replace']);
  });

  it('goes on with what is here when the registry cannot be asked', async () => {
    const reference = 'localhost:1/team/local:1';
    await buildTestImage(host, reference);
    await using target = connect(null);
    const { stack, make } = freshStack(target, reference);
    const image = make.image(reference, 'always');
    const { resources, warnings } = await target.observe(
      { stack, desired: [image] },
      new AbortController().signal,
    );
    expect(diffResource(image, resources[0]).action).toBe('no-op');
    expect(warnings).toEqual([expect.stringContaining(`cannot tell whether ${reference} has moved`)]);
  });
});
