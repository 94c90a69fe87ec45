import { beforeAll, describe, expect, it } from 'vitest';
import { createDockerTarget } from '../../reconciler/adapters/docker/index.ts';
import { Secret } from '../../reconciler/model/secret.ts';
import type { OneOff } from '../../reconciler/ports/target-capabilities.ts';
import { engineJson } from '../support/docker/docker-engine.ts';
import { contextFor, TARGET } from '../support/docker/docker-resources.ts';
import { freshStack } from '../support/docker/docker-stack.ts';
import { eventually } from '../support/eventually.ts';
import { realClock, silentLogger } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { workerEngine } from '../support/docker/worker-engine.ts';

const IMAGE = 'kombinator-hooks:1';
const quiet = () => new AbortController().signal;

describe('a one-off container', () => {
  const path = workerEngine().replace('unix://', '');
  beforeAll(() => buildTestImage(workerEngine(), IMAGE));

  const connect = () =>
    createDockerTarget({
      name: TARGET,
      connection: { type: 'unix', path },
      clock: realClock,
      logger: silentLogger,
    });

  function prepare(target: ReturnType<typeof connect>) {
    const fresh = freshStack(target, IMAGE);
    const lines: string[] = [];
    const oneOff = (script: string, more: Parameters<typeof fresh.service>[1] = {}): OneOff => ({
      resource: fresh.service('hook', {
        name: `${fresh.stack}-hook-1`,
        command: ['sh', '-c', script],
        restart: { policy: 'no' },
        healthcheck: { disabled: true },
        ...more,
      }),
      image: fresh.make.image(IMAGE),
      timeoutMs: 20_000,
      onLine: (text, stream) => void lines.push(`${stream}: ${text}`),
    });
    const left = async () =>
      (await connect().leftovers(quiet())).filter(({ stack }) => stack === fresh.stack);
    return { ...fresh, oneOff, lines, left, context: contextFor(fresh.stack) };
  }

  it('runs to its end, tells what it says without its secrets, and is gone', async () => {
    await using target = connect();
    const { oneOff, lines, left, context } = prepare(target);
    const env = { TOKEN: new Secret('very-hidden-value', 'secret://env/TOKEN') };
    const secrets = [
      { target: '/run/secrets/key', mode: 0o444, content: new Secret('file-hidden-value', 'x') },
    ];
    const script = 'echo "token $TOKEN"; cat /run/secrets/key >&2; exit 7';
    expect(await target.runOneOff(oneOff(script, { env, secrets }), context)).toBe(7);
    expect(lines.toSorted()).toEqual(['stderr: ***', 'stdout: token ***']);
    expect(await left()).toEqual([]);
  });

  it('has a volume and a network of the stack where they are, and leaves none where they are not', async () => {
    await using target = connect();
    const { stack, apply, make, oneOff, lines, left, context } = prepare(target);
    const mounts = [{ type: 'volume' as const, source: `${stack}_data`, target: '/data' }];
    const networks = { [`${stack}_default`]: { aliases: ['hook'] } };
    const script = 'echo kept >>/data/file; wc -l </data/file';
    expect(await target.runOneOff(oneOff(script, { mounts, networks }), context)).toBe(0);
    const volumes = await engineJson<{ Volumes: { Name: string }[] | null }>(path, 'GET', '/volumes');
    expect((volumes.Volumes ?? []).map(({ Name }) => Name)).not.toContain(`${stack}_data`);
    await apply('create', make.volume('data', { name: `${stack}_data` }));
    for (let count = 0; count < 2; count++)
      expect(await target.runOneOff(oneOff(script, { mounts, networks }), context)).toBe(0);
    expect(lines).toEqual(['stdout: 1', 'stdout: 1', 'stdout: 2']);
    expect(await left()).toEqual([]);
  });

  it('is no resource of the stack', async () => {
    await using target = connect();
    const { stack, oneOff, context } = prepare(target);
    const running = target.runOneOff(oneOff('sleep 2'), context);
    const seen = await eventually(
      () => connect().leftovers(quiet()),
      (list) => list.some((one) => one.stack === stack),
    );
    expect(seen.map((one) => one.stack)).toContain(stack);
    expect((await target.observe({ stack, desired: [] }, quiet())).resources).toEqual([]);
    expect((await target.owned(quiet())).map((owned) => owned.stack)).not.toContain(stack);
    expect((await target.leftovers(quiet())).map((one) => one.stack)).not.toContain(stack);
    expect(await running).toBe(0);
  });

  it('is ended and removed when it takes too long, and when nobody waits any more', async () => {
    await using target = connect();
    const { oneOff, left, context } = prepare(target);
    const slow = { ...oneOff('sleep 600'), timeoutMs: 1_000 };
    await expect(target.runOneOff(slow, context)).rejects.toMatchObject({ code: 'HOOK_FAILED' });
    expect(await left()).toEqual([]);
    const controller = new AbortController();
    const cancelled = target.runOneOff(oneOff('echo up; sleep 600'), {
      ...context,
      signal: controller.signal,
    });
    await eventually(left, (list) => list.length === 1);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await left()).toEqual([]);
  });

  it('that was left by a process that died makes room for the next one, or is removed', async () => {
    await using dead = connect();
    const { stack, oneOff, left, context, lines } = prepare(dead);
    const lost = dead.runOneOff({ ...oneOff('sleep 600'), timeoutMs: 5_000 }, context).catch(() => undefined);
    await eventually(left, (list) => list.length === 1);
    await using target = connect();
    expect(await target.runOneOff(oneOff('echo next'), context)).toBe(0);
    expect(lines).toEqual(['stdout: next']);
    await lost;
    const again = dead
      .runOneOff({ ...oneOff('sleep 600'), timeoutMs: 5_000 }, context)
      .catch(() => undefined);
    const [leftover] = await eventually(left, (list) => list.length === 1);
    expect(leftover?.stack).toBe(stack);
    await target.removeLeftover(leftover?.id ?? '', quiet());
    await again;
    expect(await left()).toEqual([]);
  });
});
