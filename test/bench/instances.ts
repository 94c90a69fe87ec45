import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../api/index.ts';
import { createDockerInstances } from '../../reconciler/adapters/docker/index.ts';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { BatchDelete, Instances } from '../../reconciler/index.ts';
import { createInstances } from '../../reconciler/run/instances/create-instances.ts';
import type { DockerEngine } from '../support/docker/docker-engine.ts';
import { engineJson, startDockerEngine } from '../support/docker/docker-engine.ts';
import { createFakeReconciler } from '../support/fakes/fake-reconciler.ts';
import type { InstancesRig } from '../support/instances-rig.ts';
import { createInstancesRig, podOf } from '../support/instances-rig.ts';
import { createQuietLogger } from '../support/fakes/quiet-logger.ts';
import { realClock } from '../support/docker/target-options.ts';
import { buildTestImage } from '../support/docker/test-image.ts';
import { IMAGE } from './engine-stack.ts';
import { prepareEngine } from './prepare.ts';
import type { Report } from './report.ts';
import { formatTimes, median, time } from './report.ts';

const MANY = 1_000;
const ON_ENGINE = 100;
const LOOKS = 25;
const HOUR = 3_600_000;
const WAIT_MS = 300_000;
const PORTS = [{ containerPort: 80, protocol: 'TCP' }];
const SMALL = podOf('      command: [sleep, "1000"]\n', IMAGE)
  .replaceAll('100m', '10m')
  .replaceAll('128Mi', '6Mi');

/** Instances: 1,000 on a pretended engine with the API before them, 100 on a real one. */
export async function benchInstances(report: Report): Promise<void> {
  await onPretendedEngine(report);
  await prepareEngine();
  await onRealEngine(report);
}

async function onPretendedEngine(report: Report): Promise<void> {
  await using rig = createInstancesRig({ settings: { ttlMs: 2 * HOUR, passMs: 1_000 * HOUR } });
  const ids: string[] = [];
  const created = await time(async () => {
    for (let count = 0; count < MANY; count += 1) ids.push((await rig.create()).id);
    await until(() => running(rig.instances) === MANY, 'all run');
  });
  report.note(`${MANY} created and running: ${(created / MANY).toFixed(2)} ms each`);
  await benchReading(rig, report, ids);
  await benchPass(rig, report);
  const half = ids.slice(0, MANY / 2);
  const batch = await time(() => deleted(rig.instances, half));
  report.note(`${half.length} deleted in a batch: ${(batch / half.length).toFixed(2)} ms each`);
  rig.clock.skip(3 * HOUR);
  const expiry = await time(() => rig.instances.pass());
  if (rig.instances.list().length > 0 || rig.engine.containers.size > 0) throw new Error('something is left');
  report.note(`${MANY - half.length} expired in one pass: ${(expiry / half.length).toFixed(2)} ms each`);
}

/** Measures reading through the API, as a client waits for it. */
async function benchReading(rig: InstancesRig, report: Report, ids: readonly string[]): Promise<void> {
  const app = createApp({
    reconciler: createFakeReconciler(),
    instances: rig.instances,
    auth: { mode: 'off', listenHost: '127.0.0.1' },
    logger: createQuietLogger(),
    version: '0',
    startedAt: performance.now(),
  });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const calls = total(rig);
  const lists: number[] = [];
  const floors: number[] = [];
  const statuses: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    let text = '';
    lists.push(await time(async () => (text = await (await fetch(`${url}/stacks`)).text())));
    const { stacks } = JSON.parse(text) as { stacks: unknown[] };
    if (stacks.length !== MANY) throw new Error(`${stacks.length} instances are listed`);
    floors.push(await time(async () => JSON.stringify(stacks)));
    const id = ids[(look * 37) % MANY];
    statuses.push(await time(async () => (await fetch(`${url}/stacks/${id}/status`)).text()));
  }
  server.close();
  server.closeAllConnections();
  if (total(rig) !== calls) throw new Error('reading has asked the engine');
  report.note(`list of ${MANY} over the API: ${formatTimes(lists)}`);
  report.note(`JSON.stringify of the same: ${formatTimes(floors)}`);
  report.note(`status of one over the API: ${formatTimes(statuses)}`);
  report.check(`list of ${MANY}`, median(lists), { wanted: 50, unit: 'ms' });
  report.check(`list of ${MANY} ÷ JSON.stringify of the same`, median(lists) / median(floors), {
    wanted: 8,
    unit: '',
  });
  report.check(`status of one ÷ list of ${MANY}`, median(statuses) / median(lists), { wanted: 1, unit: '' });
}

async function benchPass(rig: InstancesRig, report: Report): Promise<void> {
  const passes: number[] = [];
  const calls = total(rig);
  for (let pass = 0; pass < LOOKS; pass += 1) passes.push(await time(() => rig.instances.pass()));
  if (total(rig) !== calls) throw new Error('a pass without anything to do has asked the engine');
  report.note(`pass over ${MANY} live instances: ${formatTimes(passes)}`);
  report.check(`pass over ${MANY} live instances`, median(passes), { wanted: 20, unit: 'ms', kind: 'below' });
}

function total({ engine }: InstancesRig): number {
  return [...engine.calls.values()].reduce((sum, count) => sum + count, 0);
}

function running(instances: Instances): number {
  return instances.countByStatus().get('running') ?? 0;
}

function hasFailed(instances: Instances): boolean {
  return (instances.countByStatus().get('failed') ?? 0) > 0;
}

async function deleted(instances: Instances, ids: readonly string[]): Promise<void> {
  const { id } = instances.deleteBatch(ids);
  let job: BatchDelete = instances.getBatchDelete(id);
  await until(() => (job = instances.getBatchDelete(id)).status === 'completed', 'the batch delete ends');
  if (job.deleted !== ids.length) throw new Error(`${job.deleted} of ${ids.length} were deleted`);
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await realClock.sleep(5);
  }
}

async function onRealEngine(report: Report): Promise<void> {
  await using engine = await startDockerEngine();
  await buildTestImage(engine.host, IMAGE);
  const floor = await time(() => runFloor(engine));
  await clear(engine);
  const backend = createDockerInstances({
    connection: { type: 'unix', path: engine.socketPath },
    environment: {},
    owner: () => 'bench',
    namespace: 'bench',
    publishAddress: '127.0.0.1',
    clock: realClock,
    logger: createQuietLogger(),
  });
  const records = createSqliteStore({ path: ':memory:', clock: realClock });
  const logger = createQuietLogger();
  await using instances = createInstances({ backend, records, clock: realClock, logger });
  instances.start();
  const ids: string[] = [];
  const up = await time(async () => {
    const made = Array.from({ length: ON_ENGINE }, () =>
      instances.create({ podSpec: SMALL, targetPorts: PORTS }),
    );
    for (const { id } of await Promise.all(made)) ids.push(id);
    await until(() => running(instances) === ON_ENGINE || hasFailed(instances), 'all run');
    const failed = instances.list().find(({ status }) => status === 'failed');
    if (failed !== undefined) throw new Error(`an instance has failed: ${failed.message}`);
  });
  report.note(`${ON_ENGINE} instances up on a Docker Engine: ${(up / 1_000).toFixed(2)} s`);
  report.note(`${ON_ENGINE} containers with a port by the engine alone: ${(floor / 1_000).toFixed(2)} s`);
  report.check(`${ON_ENGINE} up ÷ the engine alone`, up / floor, { wanted: 1.5, unit: '' });
  const batch = await time(() => deleted(instances, ids));
  const left = await engineJson<unknown[]>(engine.socketPath, 'GET', '/containers/json?all=1');
  if (left.length > 0) throw new Error(`${left.length} containers are left`);
  report.note(`${ON_ENGINE} deleted in a batch: ${(batch / 1_000).toFixed(2)} s`);
}

/** The same containers, four at a time, made and started with nothing around; then removed. */
async function runFloor({ socketPath }: DockerEngine): Promise<void> {
  const Options = { 'com.docker.network.bridge.enable_icc': 'false' };
  await engineJson(socketPath, 'POST', '/networks/create', { Name: 'floor', Driver: 'bridge', Options });
  const numbers = Array.from({ length: ON_ENGINE }, (_, index) => index);
  const worker = async () => {
    for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
      const body = {
        Image: IMAGE,
        Cmd: ['sleep', '1000'],
        ExposedPorts: { '80/tcp': {} },
        HostConfig: {
          NetworkMode: 'floor',
          Memory: 6 * 2 ** 20,
          MemorySwap: 6 * 2 ** 20,
          NanoCpus: 10_000_000,
          PidsLimit: 512,
          SecurityOpt: ['no-new-privileges'],
          PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(31_001 + number) }] },
        },
      };
      const { Id } = await engineJson<{ Id: string }>(socketPath, 'POST', '/containers/create', body);
      await engineJson(socketPath, 'POST', `/containers/${Id}/start`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

async function clear({ socketPath }: DockerEngine): Promise<void> {
  const all = await engineJson<{ Id: string }[]>(socketPath, 'GET', '/containers/json?all=1');
  for (const { Id } of all) await engineJson(socketPath, 'DELETE', `/containers/${Id}?force=1&v=1`);
}
