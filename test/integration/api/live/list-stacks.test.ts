import { describe, expect, it } from 'vitest';
import { startApiServer } from '../../../support/api/api-server.ts';
import { createMemorySource } from '../../../support/memory/memory-source.ts';
import { createRig, file, stack } from '../../../support/reconciler-rig.ts';
import type { Rig, RigOptions } from '../../../support/reconciler-rig.ts';

interface Listed {
  readonly stacks: readonly {
    readonly name: string;
    readonly state: string;
    readonly waits: { readonly reason: string; readonly message: string; readonly until?: string } | null;
    readonly deployment: { readonly subject: string | null } | null;
  }[];
  readonly pagination: { readonly total: number };
  readonly counts: Readonly<Record<string, number>>;
}

const FILES = {
  [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }),
  [file('blog')]: stack('blog', { page: 'image: "nginx:1.28"' }),
  [file('broken')]: stack('broken', { app: 'image: "nginx:1.29", storage: 1' }),
  [file('manual')]: stack('manual', { app: 'image: "nginx:1.29"' }, 'policy: { sync: manual }\n'),
};

async function start(options: RigOptions = {}) {
  const rig = createRig(options);
  rig.source.push(FILES, 'Open the shop\n\nAnd the rest.');
  await rig.reconciler.start();
  const server = await startApiServer({ reconciler: rig.reconciler });
  return {
    rig,
    server,
    async list(query: string): Promise<Listed> {
      const response = await server.request(`/api/v1/stacks${query}`, { role: 'viewer' });
      return (await response.json()) as Listed;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

async function settled(rig: Rig): Promise<void> {
  await rig.reaches('shop', 'in_sync');
  await rig.reaches('blog', 'in_sync');
  await rig.reaches('broken', 'invalid');
  await rig.reaches('manual', 'pending');
}

const names = ({ stacks }: Listed) => stacks.map(({ name }) => name);

describe('the list of stacks', () => {
  it('is found by words in names, services, images, nodes and files', async () => {
    await using world = await start();
    await settled(world.rig);
    const found = async (q: string) => names(await world.list(`?q=${encodeURIComponent(q)}`));
    expect(await found('')).toEqual(['blog', 'broken', 'manual', 'shop']);
    expect(await found('SHOP')).toEqual(['shop']);
    expect(await found('page')).toEqual(['blog']);
    expect(await found('nginx:1.28')).toEqual(['blog']);
    expect(await found('1.29 web')).toEqual(['shop']);
    expect(await found('local')).toEqual(['blog', 'broken', 'manual', 'shop']);
    expect(await found('kombinations/manual/')).toEqual(['manual']);
    expect(await found('nothing')).toEqual([]);
  });

  it('is narrowed by state, kind and node, and counts what the others let through', async () => {
    await using world = await start();
    await settled(world.rig);
    const listed = await world.list('?state=in_sync,invalid&node=local&kind=kombination&per_page=2');
    expect(names(listed)).toEqual(['blog', 'broken']);
    expect(listed.pagination.total).toBe(3);
    expect(listed.counts).toMatchObject({ in_sync: 2, invalid: 1, pending: 1, failed: 0 });
    expect((await world.list('?q=shop')).counts).toMatchObject({ in_sync: 1, invalid: 0, pending: 0 });
    expect(names(await world.list('?kind=workflow'))).toEqual([]);
    expect(names(await world.list('?node=attic'))).toEqual([]);
  });

  it('begins with what needs somebody, or with what was deployed last', async () => {
    let later = 0;
    await using world = await start({ source: createMemorySource({ now: () => Date.now() + later }) });
    await settled(world.rig);
    expect(names(await world.list('?sort=attention'))).toEqual(['broken', 'manual', 'blog', 'shop']);
    expect(names(await world.list('?sort=attention&page=2&per_page=3'))).toEqual(['shop']);
    // Times of tags are whole seconds.
    later = 2_000;
    await world.rig.apply('manual', { confirm: true });
    await world.rig.reaches('manual', 'in_sync');
    const deployed = names(await world.list('?sort=deployed'));
    expect([deployed[0], deployed.at(-1)]).toEqual(['manual', 'broken']);
    expect(names(await world.list(''))).toEqual(['blog', 'broken', 'manual', 'shop']);
  });

  it('says what a stack waits for, and what was deployed', async () => {
    const until = Date.parse('2030-01-01T00:00:00Z');
    const frozen = {
      at: (name: string) => (name === 'blog' ? { reason: 'frozen for the holidays', until } : null),
    };
    await using world = await start({ freeze: frozen });
    await world.rig.reaches('shop', 'in_sync');
    await world.rig.reaches('manual', 'pending');
    await expect
      .poll(async () => (await world.list('?q=blog')).stacks[0]?.waits)
      .toEqual({
        reason: 'frozen',
        message: 'Nothing is changed at the moment, as the operator has set it: frozen for the holidays',
        until: '2030-01-01T00:00:00.000Z',
      });
    const { stacks } = await world.list('?q=kombinations');
    const rows = new Map(stacks.map((row) => [row.name, row]));
    expect(rows.get('shop')).toMatchObject({ waits: null, deployment: { subject: 'Open the shop' } });
    expect(rows.get('manual')?.waits).toMatchObject({
      reason: 'waiting',
      message: expect.stringContaining('Apply it: policy.sync is manual'),
    });
  });

  it('refuses states, orders and kinds that there are not', async () => {
    await using world = await start();
    for (const query of ['?state=in_sync,wel', '?sort=age', '?kind=pod', '?state=']) {
      const response = await world.server.request(`/api/v1/stacks${query}`);
      expect([query, response.status]).toEqual([query, 400]);
    }
  });
});
