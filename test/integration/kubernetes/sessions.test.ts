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

async function textOf(session: ExecSession): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const { bytes } of session.output) parts.push(bytes);
  return Buffer.concat(parts).toString();
}
