import { afterEach, describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { byteQuantity } from '../../../reconciler/pods/quantity.ts';
import { eventually } from '../../support/eventually.ts';
import type { InstancesRig, InstancesRigOptions } from '../../support/instances-rig.ts';
import { createInstancesRig, podOf } from '../../support/instances-rig.ts';
import { createMemoryInstanceEngine } from '../../support/memory/memory-instance-engine.ts';

const TWO = podOf(`    - name: side
      image: nginx:stable
      resources: { limits: { cpu: 50m, memory: 64Mi } }
      volumeMounts: [{ name: shared, mountPath: /shared }]
  volumes: [{ name: shared, emptyDir: {} }]
`);
const HOUR = 3_600_000;

describe('instances', () => {
  const rigs: InstancesRig[] = [];
  function rigOf(options: InstancesRigOptions = {}): InstancesRig {
    const rig = createInstancesRig(options);
    rigs.push(rig);
    return rig;
  }
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig[Symbol.asyncDispose]();
  });
  const names = ({ engine }: InstancesRig) => [...engine.containers.values()].map(({ name }) => name).sort();
  const gone = (rig: InstancesRig, id: string) =>
    eventually(
      () => rig.instances.list().some((instance) => instance.id === id),
      (isThere) => !isThere,
      4_000,
    );

  it('are made of containers that share a network and publish the node ports', async () => {
    const rig = rigOf();
    const { id, ports } = await rig.create(TWO);
    await rig.reaches(id, 'running');
    expect(names(rig)).toEqual([`${id}-app`, `${id}-side`]);
    const [app, side] = rig.engine.bodies;
    const [holder] = [...rig.engine.containers.values()].filter(({ name }) => name === `${id}-app`);
    expect(app?.HostConfig).toMatchObject({
      NetworkMode: 'kombinator-stacks-0',
      PortBindings: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: String(ports[0]?.nodePort) }] },
      Memory: 134_217_728,
      MemorySwap: 134_217_728,
      NanoCpus: 100_000_000,
      PidsLimit: 512,
      Privileged: false,
      SecurityOpt: ['no-new-privileges'],
      RestartPolicy: { Name: 'no' },
    });
    expect(side?.HostConfig).toMatchObject({ NetworkMode: `container:${holder?.id}`, Memory: 67_108_864 });
    expect(side?.HostConfig.PortBindings).toBeUndefined();
    expect(side?.HostConfig.Mounts).toMatchObject([{ Type: 'volume', Source: `${id}-shared` }]);
    await rig.instances.delete(id);
    expect([rig.engine.containers.size, rig.engine.volumes.size, rig.instances.stats()]).toEqual([
      0,
      0,
      { total: 0, active: 0, nodes: {}, nodePorts: 0, cpuMilli: 0, memoryBytes: 0 },
    ]);
  });

  it('that are the first ones, several at once, share one network', async () => {
    const rig = rigOf();
    rig.engine.latencyMs = 5;
    const made = await Promise.all(Array.from({ length: 8 }, () => rig.create()));
    for (const { id } of made) await rig.reaches(id, 'running');
    expect([...rig.engine.networks.values()]).toEqual(['kombinator-stacks']);
  });

  it.each([
    { exit: 0, status: 'stopped' },
    { exit: 3, status: 'failed' },
  ] as const)(
    'that end with $exit are $status, without anybody asking the engine',
    async ({ exit, status }) => {
      const rig = rigOf();
      const { id, updatedAt } = await rig.create();
      await rig.reaches(id, 'running');
      const before = new Map(rig.engine.calls);
      rig.engine.exit(id, exit);
      expect((await rig.reaches(id, status)).updatedAt).toBeGreaterThanOrEqual(updatedAt);
      for (let look = 0; look < 100; look += 1) rig.instances.list();
      expect(rig.engine.calls).toEqual(before);
    },
  );

  it('run as long as one of their containers runs', async () => {
    const rig = rigOf();
    const { id } = await rig.create(
      TWO.replace(
        'image: nginx:stable\n      resources',
        'image: nginx:stable\n      args: ["exit 0"]\n      resources',
      ),
    );
    expect((await rig.reaches(id, 'running')).status).toBe('running');
    rig.engine.exit(id, 1);
    await rig.reaches(id, 'failed');
  });

  it('are prepared by their init containers, one after the other', async () => {
    const rig = rigOf();
    const seeded = (command: string) =>
      podOf(`  initContainers:\n    - { name: seed, image: "nginx:stable", command: ["${command}"] }\n`);
    const { id } = await rig.create(seeded('exit 0'));
    await rig.reaches(id, 'running');
    const broken = await rig.create(seeded('exit 4'));
    const failed = await rig.reaches(broken.id, 'failed');
    expect(failed.message).toBe(`init container ${broken.id}-seed exited with 4`);
    expect(names(rig)).not.toContain(`${broken.id}-app`);
  });

  it('go within one pass when their time is over, and only those', async () => {
    const rig = rigOf({ settings: { ttlMs: 2 * HOUR, passMs: 100 * HOUR } });
    const old = await rig.create();
    await rig.reaches(old.id, 'running');
    rig.clock.skip(HOUR);
    const young = await rig.create();
    await rig.reaches(young.id, 'running');
    expect(young.expiresAt - young.createdAt).toBe(2 * HOUR);
    rig.clock.skip(HOUR);
    await rig.instances.pass();
    expect(rig.instances.list().map(({ id }) => id)).toEqual([young.id]);
    expect(names(rig)).toEqual([`${young.id}-app`]);
    const before = new Map(rig.engine.calls);
    await rig.instances.pass();
    expect(rig.engine.calls).toEqual(before);
  });

  it('whose containers somebody removed are gone', async () => {
    const rig = rigOf();
    const { id } = await rig.create();
    await rig.reaches(id, 'running');
    rig.engine.vanish(id);
    expect(await gone(rig, id)).toBe(false);
    expect(rig.instances.stats().nodePorts).toBe(0);
  });

  it('leave nothing behind: containers of nobody go after a grace', async () => {
    const rig = rigOf({ settings: { passMs: 100 * HOUR, orphanGraceMs: HOUR } });
    const { id } = await rig.create();
    await rig.reaches(id, 'running');
    rig.engine.faults.set(
      'listInstances',
      () => new ReconcilerError('TARGET_UNREACHABLE', 'gone', { retryable: true }),
    );
    await rig.instances.delete(id);
    expect(() => rig.instances.get(id)).toThrow('stack not found');
    rig.engine.faults.clear();
    rig.engine.cut();
    await eventually(
      () => rig.engine.calls.get('events') ?? 0,
      (count) => count > 1,
      4_000,
    );
    await rig.instances.pass();
    expect(names(rig)).toEqual([`${id}-app`]);
    rig.clock.skip(2 * HOUR);
    await rig.instances.pass();
    expect(names(rig)).toEqual([]);
  });

  it('are the same after a restart, and what happened meanwhile is seen', async () => {
    const rig = rigOf();
    const [runs, ended, removed] = [await rig.create(), await rig.create(), await rig.create()];
    for (const { id } of [runs, ended, removed]) await rig.reaches(id, 'running');
    const { podSpec, ports } = rig.instances.get(runs.id);
    await rig.instances[Symbol.asyncDispose]();
    rig.engine.exit(ended.id, 0);
    rig.engine.vanish(removed.id);
    const next = await rig.restart();
    rigs.push(next);
    await next.reaches(ended.id, 'stopped');
    expect(await gone(next, removed.id)).toBe(false);
    expect(next.instances.get(runs.id)).toMatchObject({ status: 'running', podSpec, ports });
    expect(next.instances.stats().nodePorts).toBe(2);
  });

  it('that were not brought up when the process ended are brought up by the next', async () => {
    const rig = rigOf();
    rig.engine.faults.set(
      'startContainer',
      () => new ReconcilerError('TARGET_UNREACHABLE', 'away', { retryable: true }),
    );
    const { id } = await rig.create(TWO);
    await eventually(
      () => names(rig).length,
      (count) => count === 1,
      4_000,
    );
    expect(rig.instances.get(id).status).toBe('creating');
    rig.engine.faults.clear();
    const next = await rig.restart();
    rigs.push(next);
    await next.reaches(id, 'running');
    expect(names(next)).toEqual([`${id}-app`, `${id}-side`]);
  });

  it('that cannot be brought up have failed, and say why', async () => {
    const rig = rigOf();
    rig.engine.faults.set('startContainer', () => new ReconcilerError('TARGET_ERROR', 'no such program'));
    const { id } = await rig.create();
    expect((await rig.reaches(id, 'failed')).message).toBe('no such program');
  });

  it('take other ports, once, when the engine finds theirs taken', async () => {
    const rig = rigOf({ settings: { nodePorts: { min: 31_001, max: 31_002 } } });
    rig.engine.foreignPorts.add('31001');
    const found: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { id } = await rig.create();
      const instance = await rig.reaches(id, 'running').catch(() => rig.instances.get(id));
      if (instance.status === 'running') found.push(instance.ports[0]?.nodePort ?? 0);
      if (instance.podId !== id) expect(instance.podId).toBe(`${id}-retry-1`);
      await rig.instances.delete(id);
    }
    expect(new Set(found)).toEqual(new Set([31_002]));
  });

  it('never share a port, and are refused when none is left', async () => {
    const rig = rigOf({ settings: { nodePorts: { min: 31_001, max: 31_020 } } });
    const all = await Promise.allSettled(Array.from({ length: 30 }, () => rig.create()));
    const made = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(new Set(made.flatMap(({ ports }) => ports.map(({ nodePort }) => nodePort))).size).toBe(20);
    expect(new Set(refused)).toEqual(new Set(['ReconcilerError: no available nodeport']));
    const [first] = made;
    await rig.instances.delete(first?.id ?? '');
    expect((await rig.create()).ports[0]?.nodePort).toBe(first?.ports[0]?.nodePort);
  });

  it('reclaim a lock that nobody made good of', async () => {
    const rig = rigOf({ settings: { nodePorts: { min: 31_001, max: 31_001 }, passMs: 100 * HOUR } });
    rig.store.lockNodePorts([31_001], 'stack-0', { now: rig.clock.now(), until: rig.clock.now() + 30_000 });
    const next = await rig.restart();
    rigs.push(next);
    expect(next.instances.stats().nodePorts).toBe(1);
    await expect(next.create()).rejects.toThrow('no available nodeport');
    next.clock.skip(HOUR);
    await next.instances.pass();
    expect(next.instances.stats().nodePorts).toBe(0);
    await next.create();
  });

  it('are refused beyond the limits and the quota, also when many come at once', async () => {
    const rig = rigOf({
      settings: { quota: { cpuMilli: 250 }, limitRange: { max: { memory: byteQuantity(128 * 2 ** 20) } } },
    });
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => rig.create()));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    await expect(rig.create()).rejects.toMatchObject({ code: 'CLUSTER_SATURATED' });
    await expect(rig.create(podOf().replaceAll('128Mi', '129Mi'))).rejects.toMatchObject({
      code: 'INVALID_POD_SPEC',
      message: expect.stringContaining('maximum memory usage per Container is 128Mi, but limit is 129Mi'),
    });
  });

  it('are refused when no node takes them, or none answers in time', async () => {
    const rig = rigOf({ engine: createMemoryInstanceEngine({ cpus: 1 }) });
    await expect(rig.create(podOf().replaceAll('100m', '1100m'))).rejects.toThrow(/^cluster saturated$/);
    const away = createMemoryInstanceEngine();
    away.faults.set('*', () => new ReconcilerError('TARGET_UNREACHABLE', 'away', { retryable: true }));
    const other = rigOf({ engine: away, settings: { schedulingTimeoutMs: 100 } });
    await expect(other.create()).rejects.toThrow(/^cluster saturated$/);
    expect(other.instances.stats().nodePorts).toBe(0);
  });

  it('of a node that is not there any more are shown as such until their time is over', async () => {
    const rig = rigOf({ settings: { passMs: 100 * HOUR } });
    const { id } = await rig.create();
    await rig.reaches(id, 'running');
    await rig.instances[Symbol.asyncDispose]();
    rig.engine.vanish(id);
    rig.engine.name = 'another-node';
    const next = await rig.restart();
    rigs.push(next);
    await next.reaches(id, 'node_deleted');
    expect(next.instances.stats()).toMatchObject({ total: 1, active: 0 });
    next.clock.skip(3 * HOUR);
    await next.instances.pass();
    expect(next.instances.list()).toEqual([]);
  });

  it('are deleted at once while they are being brought up', async () => {
    const rig = rigOf();
    rig.engine.latencyMs = 20;
    const { id } = await rig.create(TWO);
    await eventually(
      () => rig.engine.containers.size,
      (size) => size > 0,
      4_000,
    );
    await rig.instances.delete(id);
    expect(rig.engine.containers.size).toBe(0);
    await rig.instances.pass();
    expect(names(rig)).toEqual([]);
    await expect(rig.instances.delete(id)).rejects.toMatchObject({ code: 'UNKNOWN_INSTANCE' });
  });

  describe('deleted in a batch', () => {
    const ended = (rig: InstancesRig, id: string) =>
      eventually(
        () => rig.instances.getBatchDelete(id),
        ({ status }) => status === 'completed' || status === 'failed',
        4_000,
      );

    it('are counted, and so is what was not there', async () => {
      const rig = rigOf();
      const ids = (await Promise.all(Array.from({ length: 20 }, () => rig.create()))).map(({ id }) => id);
      const job = rig.instances.deleteBatch([...ids, 'stack-none']);
      expect(job).toMatchObject({ status: 'queued', total: 21, deleted: 0 });
      expect(await ended(rig, job.id)).toMatchObject({
        status: 'completed',
        deleted: 20,
        notFound: 1,
        failed: 0,
        errors: [],
      });
      expect([rig.engine.containers.size, rig.instances.list().length]).toEqual([0, 0]);
    });

    it('stay when they cannot be removed; the job tells the first hundred reasons', async () => {
      const rig = rigOf();
      const ids = (await Promise.all(Array.from({ length: 101 }, () => rig.create()))).map(({ id }) => id);
      for (const id of ids) await rig.reaches(id, 'running');
      rig.engine.faults.set('removeContainer', () => new ReconcilerError('TARGET_ERROR', 'x'.repeat(600)));
      const { errors, ...job } = await ended(rig, rig.instances.deleteBatch(ids).id);
      expect(job).toMatchObject({ status: 'failed', failed: 101 });
      expect(errors).toHaveLength(100);
      expect(errors[0]?.error).toMatch(/^delete pod\/service failed: x{485}\.\.\.$/);
      expect(rig.instances.list()).toHaveLength(101);
      rig.engine.faults.clear();
      expect(await ended(rig, rig.instances.deleteBatch(ids).id)).toMatchObject({ deleted: 101 });
    });

    it('never more at a time than is set', async () => {
      const rig = rigOf({ settings: { deleteConcurrency: 3 } });
      const ids = (await Promise.all(Array.from({ length: 12 }, () => rig.create()))).map(({ id }) => id);
      for (const id of ids) await rig.reaches(id, 'running');
      let [running, most] = [0, 0];
      const { removeContainer } = rig.engine;
      rig.engine.removeContainer = async (id, signal) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        await removeContainer(id, signal);
        running -= 1;
      };
      await ended(rig, rig.instances.deleteBatch(ids).id);
      expect(most).toBe(3);
    });

    it('go on after a restart, and their job is forgotten in the end', async () => {
      const rig = rigOf({ settings: { deleteConcurrency: 1, keepJobsMs: HOUR, passMs: 100 * HOUR } });
      const ids = (await Promise.all(Array.from({ length: 10 }, () => rig.create()))).map(({ id }) => id);
      for (const id of ids) await rig.reaches(id, 'running');
      const { removeContainer } = rig.engine;
      let left = 4;
      rig.engine.removeContainer = async (id, signal) => {
        if (left-- <= 0)
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          );
        await removeContainer(id, signal);
      };
      const { id } = rig.instances.deleteBatch(ids);
      await eventually(
        () => rig.instances.getBatchDelete(id).deleted,
        (deleted) => deleted === 4,
        4_000,
      );
      await rig.instances[Symbol.asyncDispose]();
      rig.engine.removeContainer = removeContainer;
      const next = createInstancesRig({
        engine: rig.engine,
        store: rig.store,
        clock: rig.clock,
        settings: { keepJobsMs: HOUR, passMs: 100 * HOUR },
      });
      rigs.push(next);
      expect(await ended(next, id)).toMatchObject({
        status: 'completed',
        total: 10,
        deleted: 10,
        notFound: 0,
      });
      next.clock.skip(2 * HOUR);
      await next.instances.pass();
      expect(() => next.instances.getBatchDelete(id)).toThrow('there is no job');
    });
  });
});
