import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ResourceId } from '../../../reconciler/model/resource.ts';
import type { ExecSession, LogOptions } from '../../../reconciler/ports/target-capabilities.ts';
import type { ClusterTarget } from '../../../reconciler/adapters/kubernetes/target.ts';
import { openRealCluster, startClusterDouble } from '../../support/kubernetes/cluster-double.ts';
import { createClusterStack, createHand } from '../../support/kubernetes/cluster-stack.ts';
import { eventually } from '../../support/eventually.ts';

const quiet = () => new AbortController().signal;
const SCRIPT = 'echo begun; while true; do date; sleep 1; done';
const WEB = `{ id: web, type: deployment, data: { name: web, replicas: 2, image: "local/busybox:1", command: [sh, -c, "${SCRIPT}"] } }`;

/** Needs nodes with the image local/busybox:1. */
const real = inject('kubernetes');

if (real?.shared)
  describe(`programs and logs of pods: ${real?.title ?? 'no cluster'}`, () => {
    if (real === null) return;
    const cluster = openRealCluster(real);
    const target: ClusterTarget = cluster.createTarget();
    const own = createClusterStack(target);
    const id: ResourceId = own.id('Deployment', 'web');
    beforeAll(async () => {
      await own.apply(own.describe([WEB]));
      const health = await eventually(
        () => target.health(own.stack, id, quiet()),
        ({ status }) => status === 'healthy',
      );
      expect(health).toMatchObject({ status: 'healthy' });
    });
    afterAll(async () => {
      await createHand(cluster.client).remove(`/api/v1/namespaces/${own.namespace}`);
      await target[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    });

    it('runs a program to its end, with its output and its exit code', async () => {
      const argv = ['sh', '-c', 'echo one; echo wrong >&2; echo two; exit 3'];
      expect(await target.exec(own.stack, id, argv, quiet())).toEqual({
        exitCode: 3,
        stdout: 'one\ntwo\n',
        stderr: 'wrong\n',
      });
      const nowhere = own.id('Deployment', 'nowhere');
      await expect(target.exec(own.stack, nowhere, argv, quiet())).rejects.toMatchObject({
        code: 'TARGET_ERROR',
      });
      await expect(target.exec(own.stack, id, ['no-such-program'], quiet())).rejects.toMatchObject({
        code: 'TARGET_ERROR',
      });
    });

    it('gives a program input and takes its output, until it ends', async () => {
      const argv = ['sh', '-c', 'cat; exit 4'];
      await using session = await target.openSession(own.stack, id, { argv, signal: quiet() });
      session.write(Buffer.from('one\n'));
      session.end();
      expect(await textOf(session)).toBe('one\n');
      expect(await session.exitCode).toBe(4);
    });

    it('gives it a terminal of the size that was said, and ends when told to', async () => {
      const ending = new AbortController();
      const options = { argv: ['sh'], tty: true, signal: ending.signal };
      await using session = await target.openSession(own.stack, id, options);
      await session.resize({ columns: 100, rows: 30 });
      session.write(Buffer.from('stty size; exit 5\n'));
      expect(await textOf(session)).toContain('30 100\r\n');
      expect(await session.exitCode).toBe(5);
      await using other = await target.openSession(own.stack, id, { ...options, tty: false });
      ending.abort(new Error('enough'));
      await expect(other.exitCode).rejects.toThrow('enough');
    });

    it('follows the logs of all pods, and of one that takes the place of another', async () => {
      const ending = new AbortController();
      const pods = new Set<string>();
      const hand = createHand(cluster.client);
      for await (const { text } of target.logs(own.stack, id, {
        follow: true,
        tail: 1,
        signal: ending.signal,
      })) {
        const name = /^\[([^\]]+)\] /.exec(text)?.[1] ?? text;
        if (!pods.has(name) && pods.size === 1) {
          await hand.remove(`/api/v1/namespaces/${own.namespace}/pods/${name}`);
        }
        pods.add(name);
        if (pods.size === 3) ending.abort();
      }
      expect(pods.size).toBe(3);
    });

    it('reads what was written since a time, in order', async () => {
      const since = new Date(Date.now() - 3_000);
      const lines = await linesOf(target, { since, signal: quiet() });
      const times = lines.map(({ time }) => time);
      expect(times.length).toBeGreaterThan(0);
      expect(times.toSorted()).toEqual(times);
      expect(times.every((time) => Date.parse(time) >= since.getTime() - 1_000)).toBe(true);
    });

    async function linesOf(from: ClusterTarget, options: LogOptions) {
      const lines: { readonly time: string; readonly text: string }[] = [];
      for await (const line of from.logs(own.stack, id, options)) lines.push(line);
      return lines;
    }
  });

it('says of which of several pods a line is', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  const own = createClusterStack(target);
  await own.apply(own.describe([WEB]));
  const hand = createHand(double.client);
  const path = `/api/v1/namespaces/${own.namespace}/pods`;
  for (const name of ['web-1', 'web-2']) {
    await hand.create(path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'i' }] },
    });
    double.api.logs.set(`${own.namespace}/${name}/web`, [`hello from ${name}`]);
  }
  const lines: string[] = [];
  const id = own.id('Deployment', 'web');
  for await (const { text } of target.logs(own.stack, id, { signal: quiet() })) lines.push(text);
  expect(lines.toSorted()).toEqual(['[web-1] hello from web-1', '[web-2] hello from web-2']);
});

it('follows the log of a pod from when it has begun, and of a container that is started again', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  const own = createClusterStack(target);
  await own.apply(own.describe([WEB]));
  const hand = createHand(double.client);
  const path = `/api/v1/namespaces/${own.namespace}/pods`;
  const key = `${own.namespace}/web-1/web`;
  await hand.create(path, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-1', labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'i' }] },
    status: { phase: 'Pending' },
  });
  const runs = async (restartCount: number, phase = 'Running') => {
    const state = phase === 'Running' ? { running: {} } : { terminated: {} };
    const containerStatuses = [{ name: 'web', restartCount, state }];
    await hand.edit(`${path}/web-1/status`, { status: { phase, containerStatuses } });
  };
  const lines: string[] = [];
  const id = own.id('Deployment', 'web');
  setTimeout(() => {
    // A log ends here as soon as it is read: one that goes on is read again, from its last line on.
    double.api.logs.set(key, ['first run']);
    void runs(0);
  }, 100);
  for await (const { text } of target.logs(own.stack, id, { follow: true, signal: quiet() })) {
    lines.push(text);
    if (text === 'first run') {
      double.api.logs.set(key, ['second run']);
      void runs(1);
    } else void runs(1, 'Succeeded');
  }
  expect(lines).toEqual(['first run', 'second run']);
});

it('leaves out of the logs a pod that has not begun', async () => {
  await using double = await startClusterDouble();
  await using target = double.createTarget();
  const own = createClusterStack(target);
  await own.apply(own.describe([WEB]));
  const hand = createHand(double.client);
  for (const [name, status] of Object.entries({ old: { phase: 'Running' }, next: { phase: 'Pending' } })) {
    await hand.create(`/api/v1/namespaces/${own.namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'i' }] },
      status,
    });
    double.api.logs.set(`${own.namespace}/${name}/web`, [`hello from ${name}`]);
  }
  const lines: string[] = [];
  for await (const { text } of target.logs(own.stack, own.id('Deployment', 'web'), { signal: quiet() }))
    lines.push(text);
  expect(lines).toEqual(['hello from old']);
});

/** Two pods of one workload, each with the containers web and side, of which side does not run in the first. */
async function withPods() {
  const double = await startClusterDouble();
  const target = double.createTarget();
  const own = createClusterStack(target);
  await own.apply(own.describe([WEB]));
  const hand = createHand(double.client);
  const path = `/api/v1/namespaces/${own.namespace}/pods`;
  for (const name of ['web-1', 'web-2']) {
    const containers = [{ name: 'web' }, { name: 'side' }].map((one) => ({ ...one, image: 'i' }));
    const running = (container: string) => name === 'web-2' || container === 'web';
    const containerStatuses = containers.map((one) => ({
      name: one.name,
      restartCount: 0,
      state: running(one.name) ? { running: {} } : { waiting: {} },
    }));
    await hand.create(path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'web' } },
      spec: { containers },
    });
    await hand.edit(`${path}/${name}/status`, { status: { phase: 'Running', containerStatuses } });
  }
  return {
    double,
    target,
    own,
    hand,
    path,
    at: (name: string) => ({ namespace: own.namespace, name, stack: own.stack }),
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      await double[Symbol.asyncDispose]();
    },
  };
}

it('runs programs in the pod and the container that are named, and says which there are', async () => {
  await using rig = await withPods();
  const { target, own, double, at } = rig;
  const id = own.id('Deployment', 'web');
  const open = (more: object) =>
    target.openSession(own.stack, id, { argv: ['fail', '3'], signal: quiet(), ...more });
  for (const more of [{ pod: 'web-1' }, { pod: 'web-2', container: 'side' }, { container: 'side' }]) {
    await using session = await open(more);
    expect([await textOf(session), await session.exitCode]).toEqual(['wrong\n', 3]);
  }
  await using named = await target.openSessionAt(at('web-2'), { argv: ['cat'], tty: true, signal: quiet() });
  await named.resize({ columns: 100, rows: 30 });
  named.write(Buffer.from('typed'));
  await named.drained();
  named.end();
  expect([await textOf(named), await named.exitCode]).toEqual(['typed', 0]);
  expect(double.api.programs.map(({ place, tty }) => [place.replace(/^[^/]+/, 'ns'), tty])).toEqual([
    ['ns/web-1/web', false],
    ['ns/web-2/side', false],
    ['ns/web-2/side', false],
    ['ns/web-2/web', true],
  ]);
  expect(double.api.programs.at(-1)?.sizes).toEqual([{ Width: 100, Height: 30 }]);
  const refused = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;
  for (const [more, code, message] of [
    [{ pod: 'web-3' }, 'BAD_OPTIONS', /has no pod web-3; it has: web-[12], web-[12]$/],
    [{ pod: '../../secrets' }, 'BAD_OPTIONS', /has no pod/],
    [{ container: 'db' }, 'BAD_OPTIONS', /has no container db; it has: web, side$/],
    [{ pod: 'web-1', container: 'side' }, 'TARGET_ERROR', /the container side of web-1 does not run/],
  ] as const)
    await expect(open(more)).rejects.toEqual(refused(code, message));
  const nowhere = target.openSessionAt(at('web-9'), { argv: ['sh'], signal: quiet() });
  await expect(nowhere).rejects.toEqual(refused('TARGET_ERROR', /there is no pod .*\/web-9/));
});

it('holds a program back that prints faster than anybody reads', async () => {
  await using rig = await withPods();
  const { target, double, at } = rig;
  const argv = ['flood', '1000'];
  await using session = await target.openSessionAt(at('web-1'), { argv, signal: quiet() });
  const output = session.output[Symbol.asyncIterator]();
  await output.next();
  const [program] = double.api.programs;
  // Until it stands still: the network itself holds some megabytes.
  let before = -1;
  const sent = await eventually(
    () => program?.sent ?? 0,
    (now) => {
      const isStill = now === before && now > 0;
      before = now;
      return isStill;
    },
  );
  expect(sent).toBeLessThan(40_000_000);
  let read = 65_536;
  for (let next = await output.next(); next.done !== true; next = await output.next())
    read += next.value.bytes.byteLength;
  expect(read).toBeGreaterThanOrEqual(65_536_000);
  expect(await session.exitCode).toBe(0);
});

it('follows one container of one pod, until the pod ends', async () => {
  await using rig = await withPods();
  const { target, double, own, hand, path, at } = rig;
  double.api.logs.set(`${own.namespace}/web-1/web`, ['of web', 'of a password hushhush']);
  double.api.logs.set(`${own.namespace}/web-1/side`, ['of side']);
  const read = async (more: object) => {
    const lines: string[] = [];
    for await (const { text } of target.logsAt(at('web-1'), { signal: quiet(), ...more })) {
      lines.push(text);
      if ('follow' in more) await hand.edit(`${path}/web-1/status`, { status: { phase: 'Succeeded' } });
    }
    return lines;
  };
  expect(await read({ tail: 1 })).toEqual(['of a password hushhush']);
  expect(await read({ container: 'web', follow: true })).toEqual(['of web', 'of a password hushhush']);
  await expect(read({ container: 'db' })).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
});

async function textOf(session: ExecSession): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const { bytes } of session.output) parts.push(bytes);
  return Buffer.concat(parts).toString();
}
