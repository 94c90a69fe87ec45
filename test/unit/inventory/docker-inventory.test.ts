import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { appliedKey, createAdapter } from '../../../reconciler/adapters/docker/adapter.ts';
import type { Engine } from '../../../reconciler/adapters/docker/engine/engine.ts';
import { createInventory } from '../../../reconciler/adapters/docker/inventory.ts';
import { LABEL } from '../../../reconciler/adapters/docker/labels.ts';
import type { ResourceId } from '../../../reconciler/model/resource.ts';
import type { SeenObject } from '../../../reconciler/ports/inventory/inventory.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const owned = (kind: string, name: string, more: object = {}) => ({
  [LABEL.stack]: 'shop',
  [LABEL.resource]: `local/${kind}/${name}`,
  [LABEL.spec]: '{"env":{"A":"hunter2"}}',
  ...more,
});

function container(State: string, Status: string, name = 'web', labels: object = {}) {
  return {
    Id: `id-${name}`,
    Names: [`/${name}`],
    Image: 'nginx:1.29',
    State,
    Status,
    Created: 1_700_000_000,
    Labels: owned('container', name, labels),
    Ports: [{ PrivatePort: 80, PublicPort: 8_080, Type: 'tcp', IP: '0.0.0.0' }],
    NetworkSettings: { Networks: { shop: {} } },
  };
}

/** An engine with these containers; `event` says that something has happened. */
function createEngine(containers: object[]) {
  const streams: PassThrough[] = [];
  let failure: Error | null = null;
  const engine = {
    listContainers: () => (failure === null ? Promise.resolve([...containers]) : Promise.reject(failure)),
    listNetworks: () =>
      Promise.resolve([
        {
          Id: 'n1',
          Name: 'shop',
          Driver: 'bridge',
          Created: '2026-01-01T00:00:00Z',
          Labels: owned('network', 'shop'),
        },
      ]),
    listVolumes: () => Promise.resolve([{ Name: 'data', Driver: 'local', Labels: owned('volume', 'data') }]),
    events: (_filters: object, signal: AbortSignal) => {
      const stream = new PassThrough();
      signal.addEventListener('abort', () => stream.destroy());
      streams.push(stream);
      return Promise.resolve(stream);
    },
  } as unknown as Engine;
  const happened = {
    Type: 'container',
    Action: 'die',
    Actor: { ID: 'id-web', Attributes: owned('container', 'web') },
  };
  return {
    engine,
    fail: (error: Error | null) => void (failure = error),
    event: () => streams.at(-1)?.write(`${JSON.stringify(happened)}\n`),
  };
}

it('lists containers, networks and volumes of stacks, and again after events', async () => {
  const containers = [
    container('running', 'Up 3 minutes (healthy)', 'web', { note: 'my hunter3', 'api-token': 'x' }),
  ];
  const { engine, event, fail } = createEngine(containers);
  const adapter = createAdapter(engine, {
    name: 'local',
    clock: createFastClock(),
    logger: createQuietLogger(),
  });
  adapter.secretTexts.set(appliedKey('shop', 'local/container/web' as ResourceId), {
    values: ['hunter3'],
    words: [],
  });
  const ending = new AbortController();
  const lists: (readonly SeenObject[])[] = [];
  const failures: unknown[] = [];
  const sink = {
    told: (objects: readonly SeenObject[]) => void lists.push(objects),
    failed: (error: unknown) => void failures.push(error),
  };
  const keeping = createInventory(adapter).inventory(sink, ending.signal);
  await eventually(
    () => lists.length,
    (count) => count > 0,
  );
  const [web, network, volume] = lists.at(-1) ?? [];
  expect(web).toMatchObject({
    kind: 'container',
    name: 'web',
    stack: 'shop',
    status: 'running',
    createdAt: '2023-11-14T22:13:20.000Z',
    labels: { note: 'my ***', [LABEL.stack]: 'shop' },
    facts: {
      containers: [
        {
          name: 'web',
          image: 'nginx:1.29',
          ports: [{ containerPort: 80, protocol: 'TCP', hostPort: 8_080 }],
        },
      ],
      networks: ['shop'],
    },
  });
  expect([network, volume]).toMatchObject([
    { kind: 'network', name: 'shop', facts: { driver: 'bridge' } },
    { kind: 'volume', name: 'data', createdAt: null },
  ]);
  expect(JSON.stringify(lists)).not.toContain('hunter');

  const was = lists.length;
  containers[0] = container('exited', 'Exited (3) 1 second ago');
  event();
  const next = await eventually(
    () => lists.at(-1) ?? [],
    ([one]) => lists.length > was && one?.status === 'failed',
  );
  expect(next[0]).toMatchObject({ status: 'failed', message: 'it exited with 3' });
  // The same value as long as it is the same.
  expect(next[1]).toBe(network);

  fail(new Error('the engine is away'));
  event();
  await eventually(
    () => failures.length,
    (count) => count > 0,
  );
  fail(null);
  const after = lists.length;
  await eventually(
    () => lists.length,
    (count) => count > after,
  );
  ending.abort();
  await keeping;
});

it.each([
  ['running', 'Up 1 second (health: starting)', 'pending'],
  ['running', 'Up 1 hour (unhealthy)', 'warning'],
  ['created', 'Created', 'pending'],
  ['exited', 'Exited (0) 1 hour ago', 'completed'],
  ['exited', 'nonsense', 'failed'],
  ['restarting', 'Restarting (1)', 'warning'],
  ['paused', 'Up 1 hour (Paused)', 'warning'],
  ['removing', 'Removal In Progress', 'deleted'],
  ['dead', 'Dead', 'failed'],
  ['constructor', '', 'unknown'],
])('a container that is %s (%s) is %s', async (state, text, status) => {
  const { engine } = createEngine([container(state, text)]);
  const adapter = createAdapter(engine, {
    name: 'local',
    clock: createFastClock(),
    logger: createQuietLogger(),
  });
  const ending = new AbortController();
  const told = Promise.withResolvers<readonly SeenObject[]>();
  const sink = { told: told.resolve, failed: told.reject };
  const keeping = createInventory(adapter).inventory(sink, ending.signal);
  expect((await told.promise)[0]?.status).toBe(status);
  ending.abort();
  await keeping;
});
