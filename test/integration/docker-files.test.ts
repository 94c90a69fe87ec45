import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { changeOf, contextFor, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const run = promisify(execFile);
const IMAGE = 'kombinator-container:1';
const host = workerEngine();
const path = host.replace('unix://', '');

describe('files and volumes of containers on a Docker Engine', () => {
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
  const docker = async (...args: string[]) =>
    (await run('docker', args, { env: { ...process.env, DOCKER_HOST: host } })).stdout.trim();

  it('copies files with mode and owner, and follows links inside the container', async () => {
    const { stack, service, apply, settled } = fresh();
    const files = [
      { target: '/etc/app/conf.d/a.conf', blob: 'a', mode: 0o640, uid: 1000, gid: 1000 },
      { target: '/etc/app/run.sh', blob: 'b', mode: 0o755 },
      { target: '/link/c.txt', blob: 'c', mode: 0o644 },
    ];
    const tag = 'kombinator-links:1';
    await buildTestImage(host, tag, { links: { link: 'www' } });
    const web = service('web', { image: tag, files });
    await apply('create', web, contextFor(stack, { blobs: { a: 'alpha', b: 'beta', c: 'gamma' } }));
    await settled(web);
    const name = `${stack}-web-1`;
    expect(await docker('exec', name, 'cat', '/etc/app/conf.d/a.conf', '/etc/app/run.sh', '/www/c.txt')).toBe(
      'alphabetagamma',
    );
    const stat = ['exec', name, 'stat', '-c', '%a %u:%g'];
    expect(await docker(...stat, '/etc/app/conf.d/a.conf', '/etc/app/run.sh', '/etc/app')).toBe(
      '640 1000:1000\n755 0:0\n755 0:0',
    );
    expect(await docker(...stat, '/etc')).toBe('755 0:0');
    expect(await docker('exec', name, 'ls', '-d', '/link/')).toBe('/link/');
  });

  it.each(['1000:1000', 'web'])('gives the volumes that ask for it to the user %s', async (user) => {
    const { stack, make, service, apply, settled } = fresh();
    const mount = { type: 'volume', source: `${stack}_data`, target: '/data', nocopy: true } as const;
    const context = contextFor(stack, { blobs: { a: 'alpha' } });
    await apply('create', make.volume('data'));
    const owned = service('web', {
      user,
      mounts: [
        { ...mount, chown: true },
        { ...mount, target: '/other', nocopy: false, source: `${stack}_other` },
      ],
      files: [{ target: '/data/sub/a', blob: 'a', mode: 0o644 }],
    });
    await apply('create', make.volume('other'));
    await apply('create', owned, context);
    await settled(owned);
    const stat = (...paths: string[]) => docker('exec', `${stack}-web-1`, 'stat', '-c', '%a %u:%g', ...paths);
    expect(await stat('/data', '/data/sub', '/data/sub/a', '/other')).toBe(
      '755 1000:1000\n755 1000:1000\n644 1000:1000\n755 0:0',
    );
    // Rights that the user has set stay when the container is made anew.
    await docker('exec', `${stack}-web-1`, 'sh', '-c', 'busybox chmod 700 /data && touch /data/own');
    const again = service('web', { ...(owned.spec as object), env: { A: '1' } });
    await apply('replace', again, context);
    await settled(again);
    await target.settle(changeOf('replace', again), 'keep', context);
    expect(await stat('/data', '/data/own')).toBe('700 1000:1000\n644 1000:1000');
  });

  it.each(['/../../etc/owned', 'relative', '/etc/../x', '/dir/', '/a\0b'])(
    'refuses the file target %j',
    async (target) => {
      const { stack, service, apply } = fresh();
      const files = [{ target, blob: 'a', mode: 0o644 }];
      await expect(apply('create', service('web', { files }))).rejects.toMatchObject({
        code: 'INVALID_CONFIGURATION',
      });
      const made = engineJson(path, 'GET', `/containers/${stack}-web-1/json`);
      await expect(made).rejects.toThrow('No such container');
    },
  );
});
