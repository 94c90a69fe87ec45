import { execFile } from 'node:child_process';
import { rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import type { SecretFileSpec } from '../../reconciler/model/docker/docker-spec.ts';
import { sealResource } from '../../reconciler/model/resource.ts';
import { Seal } from '../../reconciler/model/seal.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import type { DockerTarget } from '../../reconciler/adapters/docker/target.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import { changeOf, contextFor, converge, observeOne, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack, SLEEP } from '../support/docker/docker-stack.ts';
import { eventually } from '../support/eventually.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';

const run = promisify(execFile);
const IMAGE = 'kombinator-secrets:1';
const HOST = '/run/kombinator';
const START = 120_000;

interface Inspect {
  readonly Id: string;
  readonly State: { readonly Running: boolean };
  readonly Config: { readonly Labels: Record<string, string> };
}

const file = (target: string, value: string, more: Partial<SecretFileSpec> = {}): SecretFileSpec => ({
  target,
  mode: 0o444,
  content: new Secret(value, 'secret://file/db'),
  ...more,
});

describe('secret files on a Docker Engine', () => {
  let engine: DockerEngine;
  let target: DockerTarget;
  beforeAll(async () => {
    engine = await startDockerEngine();
    await buildTestImage(engine.host, IMAGE);
    target = createDockerTarget({
      name: TARGET,
      connection: { type: 'unix', path: engine.socketPath },
      clock: realClock,
      logger: silentLogger,
    });
  }, START);
  afterAll(async () => {
    await target?.[Symbol.asyncDispose]();
    await engine?.stop();
    for (const stack of stacks) await rm(`${HOST}/secrets/${stack}`, { recursive: true, force: true });
  }, START);

  const stacks: string[] = [];
  const fresh = () => {
    const made = freshStack(target, IMAGE);
    stacks.push(made.stack);
    return made;
  };
  const docker = async (...args: string[]) =>
    (await run('docker', args, { env: { ...process.env, DOCKER_HOST: engine.host } })).stdout.trim();
  const inspect = (name: string) => engineJson<Inspect>(engine.socketPath, 'GET', `/containers/${name}/json`);
  const placeOf = async (name: string) =>
    `${HOST}/${(await inspect(name)).Config.Labels['io.kombinator.secrets']}`;
  const isRunning = (name: string) =>
    eventually(
      async () => (await inspect(name)).State.Running,
      (running) => running,
    );

  it('puts them into memory, read-only, with owner and mode, closed to others on the machine', async () => {
    const { stack, service, apply } = fresh();
    const secrets = [
      file('/run/secrets/db', 'first-value'),
      file('/run/secrets/deep/key', 'second-value', { mode: 0o400, uid: 7, gid: 8 }),
      file('/etc/token', 'third-value'),
    ];
    await apply('create', service('web', { secrets, readOnly: true }));
    const name = `${stack}-web-1`;
    expect(await docker('exec', name, 'cat', '/run/secrets/db', '/run/secrets/deep/key', '/etc/token')).toBe(
      'first-valuesecond-valuethird-value',
    );
    expect(await docker('exec', name, 'stat', '-c', '%a %u %g', '/run/secrets/deep/key')).toBe('400 7 8');
    await expect(docker('exec', name, 'sh', '-c', 'echo x > /run/secrets/db')).rejects.toThrow();
    expect((await stat(`${HOST}/secrets`)).mode & 0o777).toBe(0o700);
    expect(await docker('ps', '-a', '--format', '{{.Names}}', '--filter', 'label=io.kombinator.helper')).toBe(
      '',
    );
    const everything = await docker('inspect', name);
    for (const value of ['first-value', 'second-value', 'third-value'])
      expect(everything).not.toContain(value);
    expect(await docker('diff', name)).not.toContain('/etc/token-');
    await apply('delete', service('web', { secrets }));
  });

  it(
    'keeps them over a restart of the container and of the engine, without anybody',
    async () => {
      const { stack, service, apply } = fresh();
      const name = `${stack}-web-1`;
      const restart = { policy: 'always' } as const;
      await apply('create', service('web', { secrets: [file('/run/secrets/db', 'kept-value')], restart }));
      await docker('restart', '-t', '1', name);
      expect(await docker('exec', name, 'cat', '/run/secrets/db')).toBe('kept-value');
      await engine.restart();
      expect(await isRunning(name)).toBe(true);
      expect(await docker('exec', name, 'cat', '/run/secrets/db')).toBe('kept-value');
    },
    START,
  );

  it('does not start without them after the machine was, and is repaired by the next look', async () => {
    const { stack, service } = fresh();
    const name = `${stack}-web-1`;
    const wanted = service('web', { secrets: [file('/run/secrets/db', 'lost-value')] });
    await converge(target, stack, wanted);
    const { Id } = await inspect(name);
    await docker('stop', '-t', '1', name);
    await rm(await placeOf(name), { recursive: true });
    await expect(docker('start', name)).rejects.toThrow('does not exist');
    expect(await converge(target, stack, wanted)).toBe('update');
    expect(await docker('exec', name, 'cat', '/run/secrets/db')).toBe('lost-value');
    expect((await inspect(name)).Id).toBe(Id);
  });

  it('replaces a container whose secret changed, and takes the old value out of memory', async () => {
    const { stack, service } = fresh();
    const name = `${stack}-web-1`;
    const other = service('other', { secrets: [file('/run/secrets/db', 'other-value')] });
    await converge(target, stack, other);
    await converge(target, stack, service('web', { secrets: [file('/run/secrets/db', 'old-value')] }));
    const before = await placeOf(name);
    const next = service('web', { secrets: [file('/run/secrets/db', 'new-value')] });
    expect(await converge(target, stack, next)).toBe('replace');
    expect(await docker('exec', name, 'cat', '/run/secrets/db')).toBe('new-value');
    expect((await stat(before)).size).toBe(0);
    expect((await stat(before)).isFile()).toBe(true);
    expect(await converge(target, stack, next)).toBe('no-op');
    expect(await converge(target, stack, other)).toBe('no-op');
    const last = await placeOf(name);
    await target.apply(changeOf('delete', next), contextFor(stack));
    expect((await stat(last)).isFile()).toBe(true);
  });

  it('hides their values in what a container says as it fails', async () => {
    const { service, apply, observe, stack } = fresh();
    const failing = service('web', {
      command: ['sh', '-c', 'cat /run/secrets/db; exit 1'],
      restart: { policy: 'no' },
      secrets: [file('/run/secrets/db', 'spoken-value\n')],
    });
    await observe(failing);
    await apply('create', failing);
    const health = () => target.health(stack, failing.id, new AbortController().signal);
    const { status, reason } = await eventually(health, (found) => found.status === 'failed');
    expect(status).toBe('failed');
    expect(reason).toContain('last output: ***');
    await target.apply(changeOf('delete', failing), contextFor(stack));
  });

  it('leaves nothing behind when the container cannot be made', async () => {
    const { service, apply, stack } = fresh();
    const bad = service('web', {
      command: SLEEP,
      secrets: [file('/run/secrets/db', 'orphan-value')],
      networks: { [`${stack}_missing`]: { aliases: [] } },
    });
    await expect(apply('create', bad)).rejects.toThrow();
    const { stdout } = await run('grep', ['-rl', 'orphan-value', `${HOST}/secrets/${stack}`]).catch(() => ({
      stdout: '',
    }));
    expect(stdout).toBe('');
  });

  describe('that were given', () => {
    const [ours, theirs] = [1, 2].map((byte) => new Seal(() => new Uint8Array(32).fill(byte)));
    const template = (value: string) => file('/etc/app.conf', `key = ${value}\n`);
    const described = (password: string, secret: string, key: string) => ({
      env: { PASSWORD: new Secret(password, 'secret://env/PASSWORD'), LEVEL: 'info' },
      secrets: [file('/run/secrets/db', secret), file('/etc/token', 'token-value')],
      files: [template(key)],
    });
    const another = () =>
      createDockerTarget({
        name: TARGET,
        connection: { type: 'unix', path: engine.socketPath },
        clock: realClock,
        logger: silentLogger,
      });

    it('are compared where the hash is of another key, and only what differs is replaced', async () => {
      const { stack, service } = fresh();
      const name = `${stack}-web-1`;
      const sealed = (seal: Seal | undefined, ...values: [string, string, string]) =>
        sealResource(service('web', described(...values)), seal!);
      await converge(target, stack, sealed(theirs, 'hunter2', 'db-value', 'key-value'));
      const { Id } = await inspect(name);
      const same = sealed(ours, 'hunter2', 'db-value', 'key-value');

      expect(await converge(target, stack, same)).toBe('no-op');
      const limited = { ...same, spec: { ...same.spec, restart: { policy: 'always' } } };
      expect(await converge(target, stack, limited)).toBe('update');
      expect((await inspect(name)).Id).toBe(Id);
      const differing = async (...values: [string, string, string]) =>
        (await observeOne(target, stack, sealed(ours, ...values)))?.differing;
      expect(await differing('hunter3', 'db-value', 'key-value')).toEqual(['env.PASSWORD']);
      expect(await differing('hunter2', 'db-other', 'key-value')).toEqual(['secrets[0].content']);
      expect(await differing('hunter2', 'db-value', 'key-other')).toEqual(['files[0].content']);
      await docker('exec', name, 'sh', '-c', 'echo mine > /etc/app.conf');
      expect(await differing('hunter2', 'db-value', 'key-own')).toBeUndefined();

      expect(await converge(target, stack, sealed(ours, 'hunter3', 'db-value', 'key-value'))).toBe('replace');
      expect((await inspect(name)).Id).not.toBe(Id);
      await target.apply(changeOf('delete', same), contextFor(stack));
    });

    it('leave a container alone whose hash was not sealed yet', async () => {
      const { stack, service } = fresh();
      const plain = service('web', described('hunter2', 'db-value', 'key-value'));
      await converge(target, stack, plain);
      expect(await converge(target, stack, sealResource(plain, ours!))).toBe('no-op');
      await target.apply(changeOf('delete', plain), contextFor(stack));
    });

    it('are masked in its log for as long as it lives, whatever is described by now', async () => {
      const { stack, service } = fresh();
      const speaks = 'echo $PASSWORD; cat /run/secrets/db; echo; echo $PASSWORD | base64; echo $LEVEL';
      const command = ['sh', '-c', `${speaks}; sleep 1000`];
      const web = service('web', { ...described('hunter2', 'db-value', 'key-value'), command });
      await converge(target, stack, web);
      // The reference is taken out, and nobody applies; and the daemon is another process since.
      await using restarted = another();
      await observeOne(restarted, stack, service('web', { command }));
      const read = async () => {
        const lines: string[] = [];
        const { signal } = new AbortController();
        for await (const { text } of restarted.logs(stack, web.id, { signal })) lines.push(text);
        return lines;
      };
      const lines = await eventually(read, (found) => found.length >= 4);
      expect(lines).toEqual(['***', '***', '***', 'info']);
      await target.apply(changeOf('delete', web), contextFor(stack));
    });
  });
});
