import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerInstances } from '../../reconciler/adapters/docker/index.ts';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { Instances } from '../../reconciler/public/instances.ts';
import { createInstances } from '../../reconciler/run/instances/create-instances.ts';
import type { Clock } from '../../reconciler/ports/clock.ts';
import type { InstanceSettings } from '../../reconciler/run/instances/context.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import { eventually } from '../support/eventually.ts';
import { createRigClock } from '../support/instances-rig.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import { realClock } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { readNumber } from '../support/numbers/read-number.ts';

/* Instances on a real engine. */

const IMAGE = 'kombinator-test/web:1';
const WEB = `
    - name: web
      image: ${IMAGE}
      command: [httpd, -f, -p, "80", -h, /seed]
      ports: [{ containerPort: 80 }]
      resources: { limits: { cpu: 50m, memory: 16Mi } }
      volumeMounts: [{ name: seed, mountPath: /seed }]`;
const POD = `kind: Pod
spec:
  initContainers:
    - name: seed
      image: ${IMAGE}
      command: [sh, -c, "echo $(GREETING) > /seed/index.html"]
      env: [{ name: GREETING, value: hello }]
      volumeMounts: [{ name: seed, mountPath: /seed }]
  containers:${WEB}
    - name: side
      image: ${IMAGE}
      command: [sleep, "1000"]
      resources: { limits: { cpu: 50m, memory: 16Mi } }
  volumes: [{ name: seed, emptyDir: {} }]
`;
const SMALL = `kind: Pod
spec:
  containers:
    - name: app
      image: ${IMAGE}
      command: [sleep, "1000"]
      ports: [{ containerPort: 80 }]
      resources: { limits: { cpu: 100m, memory: 6Mi } }
`;
const PORTS = [{ containerPort: 80, protocol: 'TCP' }];
/** `npm run test:bounds` asks for 100. */
const MANY = readNumber('MANY_INSTANCES', 20);
const run = promisify(execFile);

describe('instances on a Docker Engine', () => {
  let engine: DockerEngine;
  const list = () =>
    engineJson<{ Id: string; Names: string[]; State: string }[]>(
      engine.socketPath,
      'GET',
      '/containers/json?all=1',
    );
  const inspect = (name: string) =>
    engineJson<{
      State: { Pid: number };
      HostConfig: Record<string, unknown>;
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
    }>(engine.socketPath, 'GET', `/containers/${name}/json`);

  beforeAll(async () => {
    engine = await startDockerEngine();
    await buildTestImage(engine.host, IMAGE);
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  function open(
    settings: Partial<InstanceSettings> = {},
    owner = 'test',
    clock: Clock = realClock,
  ): Instances {
    const logger = createQuietLogger();
    const namespace = 'stacks';
    const backend = createDockerInstances({
      connection: { type: 'unix', path: engine.socketPath },
      environment: {},
      owner: () => owner,
      namespace,
      publishAddress: '127.0.0.1',
      clock,
      logger,
    });
    const records = createSqliteStore({ path: ':memory:', clock });
    const instances = createInstances({
      backend,
      records,
      clock,
      logger,
      settings: { passMs: 500, ...settings },
    });
    instances.start();
    return instances;
  }

  async function reaches(instances: Instances, id: string, status: string): Promise<void> {
    const found = await eventually(
      () => instances.get(id),
      (one) => one.status === status,
      300_000,
    );
    expect(found.status, found.message ?? '').toBe(status);
  }

  it('answer at their node port, share network and volumes, keep to their limits, and leave nothing behind', async () => {
    await using instances = open();
    const { id, ports } = await instances.create({ podSpec: POD, targetPorts: PORTS });
    await reaches(instances, id, 'running');
    const answer = () =>
      fetch(`http://127.0.0.1:${ports[0]?.nodePort}/`).then(
        (one) => one.text(),
        () => '',
      );
    expect(await eventually(answer, (text) => text !== '')).toBe('hello\n');
    const web = await inspect(`${id}-web`);
    const side = await inspect(`${id}-side`);
    const networkOf = async (pid: number) => (await run('readlink', [`/proc/${pid}/ns/net`])).stdout;
    expect(await networkOf(side.State.Pid)).toBe(await networkOf(web.State.Pid));
    expect(await networkOf(web.State.Pid)).not.toBe(await networkOf(process.pid));
    expect(web.HostConfig).toMatchObject({
      Memory: 16 * 2 ** 20,
      NanoCpus: 50_000_000,
      Privileged: false,
      CapAdd: null,
    });
    expect((await run('grep', ['NoNewPrivs', `/proc/${web.State.Pid}/status`])).stdout).toContain('1');
    await instances.delete(id);
    expect(await list()).toEqual([]);
    const { Volumes } = await engineJson<{ Volumes: unknown[] | null }>(engine.socketPath, 'GET', '/volumes');
    expect(Volumes ?? []).toEqual([]);
  });

  it('see what happens to their containers, and collect what belongs to nobody', async () => {
    await using instances = open({ orphanGraceMs: 100 });
    const request = { podSpec: SMALL, targetPorts: PORTS };
    const [killed, removed] = [await instances.create(request), await instances.create(request)];
    await reaches(instances, killed.id, 'running');
    await reaches(instances, removed.id, 'running');
    await engineJson(engine.socketPath, 'POST', `/containers/${killed.id}-app/kill`);
    await reaches(instances, killed.id, 'failed');
    await engineJson(engine.socketPath, 'DELETE', `/containers/${removed.id}-app?force=1`);
    const isThere = () => instances.list().some(({ id }) => id === removed.id);
    expect(await eventually(isThere, (there) => !there)).toBe(false);
    // Another process that has lost its database finds what it made, and nothing of others.
    await using others = open({}, 'somebody-else');
    const foreign = await others.create(request);
    await reaches(others, foreign.id, 'running');
    await instances[Symbol.asyncDispose]();
    await using later = open({ orphanGraceMs: 100 });
    const fresh = await later.create(request);
    await reaches(later, fresh.id, 'running');
    const names = async () => (await list()).flatMap(({ Names }) => Names).sort();
    const wanted = [`/${foreign.id}-app`, `/${fresh.id}-app`].sort();
    expect(await eventually(names, (all) => all.length === 2)).toEqual(wanted);
    await later.delete(fresh.id);
    await others.delete(foreign.id);
  });

  it('take another port when theirs turns out to be taken', async () => {
    await using instances = open({ nodePorts: { min: 31_001, max: 31_002 } });
    const request = { podSpec: SMALL, targetPorts: PORTS };
    const first = await instances.create(request);
    await reaches(instances, first.id, 'running');
    // Others publish on the same machine: the check before the start sees that.
    await using others = open({ nodePorts: { min: 31_001, max: 31_002 } }, 'somebody-else');
    const second = await others.create(request);
    await reaches(others, second.id, 'running');
    expect(second.ports[0]?.nodePort).not.toBe(first.ports[0]?.nodePort);
    await expect(others.create(request)).rejects.toMatchObject({ code: 'NO_NODE_PORT' });
    await instances.delete(first.id);
    await others.delete(second.id);
  });

  it(`hold when there are ${MANY}: create, list, status, expiry, batch delete`, async () => {
    const clock = createRigClock(realClock);
    await using instances = open({ ttlMs: 3_600_000 }, 'test', clock);
    const request = { podSpec: SMALL, targetPorts: PORTS };
    const made = await Promise.all(Array.from({ length: MANY }, () => instances.create(request)));
    for (const { id } of made) await reaches(instances, id, 'running');
    expect((await list()).filter(({ State }) => State === 'running')).toHaveLength(MANY);
    expect(instances.stats()).toMatchObject({
      total: MANY,
      active: MANY,
      nodePorts: MANY,
      cpuMilli: MANY * 100,
    });
    const half = made.slice(0, MANY / 2).map(({ id }) => id);
    const job = instances.deleteBatch([...half, 'stack-none']);
    const ended = await eventually(
      () => instances.getBatchDelete(job.id),
      ({ status }) => status === 'completed',
      300_000,
    );
    expect(ended).toMatchObject({ total: half.length + 1, deleted: half.length, notFound: 1, failed: 0 });
    expect(await list()).toHaveLength(MANY / 2);
    // The others expire, all at the same moment.
    clock.skip(3_600_000);
    const left = async () => (await list()).length + instances.list().length;
    expect(await eventually(left, (count) => count === 0, 300_000)).toBe(0);
    expect(instances.stats()).toMatchObject({ total: 0, nodePorts: 0 });
  }, 600_000);

  it('expire on the engine, too', async () => {
    await using instances = open({ ttlMs: 8_000, passMs: 200 });
    const { id } = await instances.create({ podSpec: SMALL, targetPorts: PORTS });
    const names = async () => (await list()).flatMap(({ Names }) => Names);
    expect(await eventually(names, (all) => all.length > 0)).toEqual([`/${id}-app`]);
    expect(
      await eventually(
        () => instances.list().length,
        (count) => count === 0,
      ),
    ).toBe(0);
    expect(await names()).toEqual([]);
  });
});
