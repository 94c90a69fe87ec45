import { expect, it } from 'vitest';
import { startApiServer } from '../../../support/api/api-server.ts';
import { createRig, container, file, stack } from '../../../support/reconciler-rig.ts';

interface Resource {
  readonly id: string;
  readonly status: string;
  readonly message: string | null;
  readonly change?: string;
  readonly places: readonly {
    readonly kind: string;
    readonly name: string;
    readonly status: string;
    readonly image: string | null;
  }[];
}

interface Tree {
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string | null;
    readonly addresses: readonly string[];
    readonly resources: readonly Resource[];
  }[];
  readonly others: readonly Resource[];
  readonly silent: readonly object[];
}

const WEB = 'image: "nginx:1.29", ports: ["8080:80"], volumes: ["data:/data"]';

async function start(text: string) {
  const rig = createRig();
  rig.source.push({ [file('shop')]: text, [file('other')]: stack('other', { app: 'image: "nginx:1.29"' }) });
  await rig.reconciler.start();
  const server = await startApiServer({ reconciler: rig.reconciler });
  return {
    rig,
    server,
    async tree(): Promise<Tree> {
      const response = await server.request('/api/v1/stacks/shop/resources', { role: 'viewer' });
      return (await response.json()) as Tree;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

it('shows each service with what it runs in, and apart from them what is of the stack', async () => {
  await using world = await start(
    stack('shop', { web: WEB, db: 'image: "nginx:1.28"' }, 'volumes: { data: {} }\n'),
  );
  await world.rig.reaches('shop', 'in_sync');

  const { services, others, silent } = await world.tree();

  const ids = (resources: readonly Resource[]) => resources.map(({ id }) => id);
  expect(
    services.map(({ name, status, addresses, resources }) => [name, status, addresses, ids(resources)]),
  ).toEqual([
    ['web', 'healthy', ['http://localhost:8080'], ['local/container/web', 'local/image/nginx:1.29']],
    ['db', 'healthy', [], ['local/container/db', 'local/image/nginx:1.28']],
  ]);
  expect(ids(others)).toEqual(['local/network/default', 'local/volume/data']);
  expect(others.every(({ places }) => places.length === 0)).toBe(true);
  expect(silent).toEqual([]);
  expect(services[0]?.resources[0]?.places).toMatchObject([
    { kind: 'container', name: 'web', status: 'running', image: 'nginx:1.29', started_at: null },
  ]);
  expect(services[0]?.resources[1]).toMatchObject({ status: 'healthy', message: null, places: [] });
});

it('says in words what is the matter, and what is to be done about it', async () => {
  await using world = await start(
    stack('shop', { web: WEB }, 'volumes: { data: {} }\npolicy: { drift: alert }\n'),
  );
  await world.rig.reaches('shop', 'in_sync');
  const unhealthy = { status: 'unhealthy', reason: 'health check: connection refused' } as const;
  world.rig.engine().control.setHealth('shop', container('web'), unhealthy);
  await world.rig.reconciler.observe('shop', AbortSignal.timeout(5_000));
  expect((await world.tree()).services[0]).toMatchObject({
    status: 'unhealthy',
    message: 'health check: connection refused',
  });

  world.rig.source.push({
    [file('shop')]: stack(
      'shop',
      { web: WEB, db: 'image: "nginx:1.28"' },
      'volumes: { data: {} }\npolicy: { sync: manual }\n',
    ),
  });
  await world.rig.reconciler.refresh(AbortSignal.timeout(5_000));
  await expect
    .poll(async () => (await world.tree()).services.find(({ name }) => name === 'db'))
    .toMatchObject({
      status: 'missing',
      message: 'it is not there',
      resources: [
        { id: 'local/container/db', change: 'create', places: [] },
        { id: 'local/image/nginx:1.28' },
      ],
    });
});

it('knows replicas apart', async () => {
  await using world = await start(stack('shop', { web: 'image: "nginx:1.29", deploy: { replicas: 2 }' }));
  await world.rig.reaches('shop', 'in_sync');
  const [web] = (await world.tree()).services;
  const containers = web?.resources.filter(({ id }) => id.includes('/container/')) ?? [];
  expect(containers.map(({ id, places }) => [id, places.length])).toEqual([
    ['local/container/web', 1],
    ['local/container/web#2', 1],
  ]);
});

it('shows what is left of a stack that nothing describes any more', async () => {
  await using world = await start(stack('shop', { web: WEB }, 'volumes: { data: {} }\n'));
  await world.rig.reaches('shop', 'in_sync');
  world.rig.source.push({ [file('shop')]: null });
  await world.rig.reaches('shop', 'removed');
  const { services, others } = await world.tree();
  expect(services).toEqual([]);
  expect(others.map(({ id, status }) => [id, status])).toEqual([['local/volume/data', 'healthy']]);
});

it('is not there for stacks that nobody knows', async () => {
  await using world = await start(stack('shop', { web: WEB }, 'volumes: { data: {} }\n'));
  expect((await world.server.request('/api/v1/stacks/nobody/resources')).status).toBe(404);
});
