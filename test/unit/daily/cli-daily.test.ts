import { describe, expect, it } from 'vitest';
import type {
  ImageUpdateList,
  PrunedRemnant,
  Reconciler,
  RemnantList,
  StackStats,
} from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import {
  changingPlan,
  jobOf,
  planOf,
  runFakeCli,
  viewOf,
  type FakeWorld,
} from '../../support/cli/cli-harness.ts';

const plans = { shop: planOf('shop') };

function getStack(name: string) {
  if (name !== 'shop') throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
  return viewOf(name);
}

describe('top', () => {
  const stats: StackStats = {
    stats: [
      {
        id: 'local/container/web' as never,
        service: 'web',
        node: 'local',
        name: 'shop-web-1',
        cpuMillis: 1_250,
        memoryBytes: 60 * 1024 ** 2,
        memoryLimitBytes: 64 * 1024 ** 2,
        network: { receivedBytes: 2_048, sentBytes: 0 },
      },
      {
        id: 'c1/Deployment/app' as never,
        service: null,
        node: 'c1',
        name: 'app-1',
        cpuMillis: 5,
        memoryBytes: 512,
        memoryLimitBytes: null,
        network: null,
      },
    ],
    failures: {},
  };
  const world = (failures: StackStats['failures'] = {}): FakeWorld => ({
    plans,
    more: { getStack, runStats: () => Promise.resolve({ ...stats, failures }) },
  });

  it('shows numbers for people on a terminal, and for programs elsewhere', async () => {
    const shown = await runFakeCli(['top', 'shop', '--no-color'], world(), {
      isTerminal: true,
      columns: 140,
    });
    expect([shown.code, shown.stdout]).toEqual([
      0,
      [
        'SERVICE  RUNS AS     CPU      MEMORY            IN / OUT',
        'web      shop-web-1  125.0 %  60 MiB of 64 MiB  2 KiB / 0 B',
        '-        app-1       0.5 %    512 B             -',
        '',
      ].join('\n'),
    ]);
    const narrow = await runFakeCli(['top', 'shop', '--no-color'], world(), {
      isTerminal: true,
      columns: 60,
    });
    expect(narrow.stdout.split('\n').slice(0, 2)).toEqual([
      'RUNS AS     CPU      MEMORY            IN / OUT',
      'shop-web-1  125.0 %  60 MiB of 64 MiB  2 KiB / 0 B',
    ]);
    const plain = await runFakeCli(['top', 'shop'], world());
    expect(plain.stdout).toBe(
      'web\tlocal\tshop-web-1\t1250\t62914560\t67108864\t2048\t0\n\tc1\tapp-1\t5\t512\t\t\t\n',
    );
    expect(JSON.parse((await runFakeCli(['top', 'shop', '--json'], world())).stdout)).toEqual(stats);
  });

  it('ends with 1 when a node tells nothing, and names stacks that are meant', async () => {
    const run = await runFakeCli(['top', 'shop'], world({ c2: 'nothing on c2 measures pods' }));
    expect([run.code, run.stderr]).toEqual([1, 'c2: nothing on c2 measures pods\n']);
    expect((await runFakeCli(['top', 'shpo'], world())).stderr).toContain('did you mean shop?');
  });
});

describe('open', () => {
  it('prints addresses, and says when there are none', async () => {
    const address = {
      service: 'web',
      node: 'local',
      kind: 'port',
      address: 'http://localhost:8080',
    } as const;
    const found: FakeWorld = { plans, more: { getStack, addresses: () => [address] } };
    const run = await runFakeCli(['open', 'shop'], found);
    expect([run.code, run.stdout]).toEqual([0, 'web\thttp://localhost:8080\tlocal\n']);
    const none = await runFakeCli(['open', 'shop'], { plans, more: { getStack, addresses: () => [] } });
    expect([none.code, none.stdout, none.stderr]).toEqual([
      0,
      '',
      expect.stringContaining('shop has no address'),
    ]);
  });
});

describe('pull and update', () => {
  it('follows a pull, and goes on after one that failed', async () => {
    const asked: unknown[] = [];
    const pull: Reconciler['pull'] = (request) => {
      asked.push(request);
      return jobOf(request.stack, { type: 'pull', status: 'queued' });
    };
    const error = { code: 'IMAGE_PULL_FAILED', message: 'no route', retryable: true };
    const world: FakeWorld = { plans, more: { getStack, pull }, jobs: { shop: { status: 'failed', error } } };
    const run = await runFakeCli(['pull', 'nope', 'shop'], world);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('✗ shop not all images are here: no route [IMAGE_PULL_FAILED]');
    expect(run.stdout).toContain('unknown stack "nope"');
    expect(asked).toMatchObject([{ stack: 'shop', trigger: 'cli', actor: { name: 'me' } }]);
  });

  it('asks before it applies, and applies the plan that was shown', async () => {
    const planned: unknown[] = [];
    const plan = changingPlan('shop', { newest: true });
    const world: FakeWorld = {
      plans,
      more: {
        plan(request) {
          planned.push(request);
          return Promise.resolve({ plan, planId: 'p', job: jobOf('shop') });
        },
      },
    };
    const refused = await runFakeCli(['update', 'shop'], world);
    expect([refused.code, refused.applied, refused.stderr]).toEqual([
      1,
      [],
      expect.stringContaining('look at the plan, then repeat with --yes'),
    ]);
    expect(planned).toMatchObject([{ stack: 'shop', newest: true }]);
    const no = await runFakeCli(['update', 'shop'], world, { isTerminal: true, answers: ['no'] });
    expect([no.code, no.applied]).toEqual([1, []]);
    const yes = await runFakeCli(['update', 'shop', '--yes'], world);
    expect([yes.code, yes.applied]).toMatchObject([0, [{ stack: 'shop', plan, confirm: true }]]);
  });
});

describe('images', () => {
  const one = { stack: 'shop', file: 'kombinations/shop/kombination.yaml', policy: 'semver' as const };
  const services: ImageUpdateList['services'] = [
    { ...one, service: 'app', image: 'app:4', next: null, reason: 'ghcr.io does not answer' },
    { ...one, service: 'db', image: 'redis:7', next: null, reason: null },
    { ...one, service: 'web', image: 'nginx:1.28', next: 'nginx:1.29', reason: null },
  ];
  const worldOf = (list: ImageUpdateList): FakeWorld & { readonly asked: unknown[] } => {
    const asked: unknown[] = [];
    const listImageUpdates: Reconciler['listImageUpdates'] = async (stacks) => {
      asked.push(stacks);
      return list;
    };
    return { plans, more: { getStack, listImageUpdates }, asked };
  };

  it('shows what the next look writes, and what could not be looked for', async () => {
    const world = worldOf({ services, settings: { schedule: '0 6 * * *', as: 'branch' } });
    const run = await runFakeCli(['images'], world);
    expect([run.code, world.asked, run.stdout]).toEqual([
      0,
      [undefined],
      'shop\tapp\tapp:4\tnot looked for: ghcr.io does not answer\nshop\tweb\tnginx:1.28\tnginx:1.29\n',
    ]);
    expect(run.stderr).toContain(
      '1 would be written on a branch of their own, with the next look ("0 6 * * *")',
    );
    const all = await runFakeCli(['images', 'shop', 'shop', '--all', '--no-color'], world, {
      isTerminal: true,
      columns: 100,
    });
    expect(world.asked[1]).toEqual(['shop']);
    expect(all.stdout).toContain('redis:7     is the newest');
    expect(all.stderr).toContain('shop/app: ghcr.io does not answer');
    const { stdout } = await runFakeCli(['images', '--json'], world);
    expect(JSON.parse(stdout)).toMatchObject({ services, settings: { as: 'branch' } });
  });

  it('says where nothing is written by itself, and where there is nothing', async () => {
    const run = await runFakeCli(['images'], worldOf({ services, settings: null }));
    expect(run.stderr).toContain('nothing is written by itself: image_updates of kombinator.yaml');
    expect((await runFakeCli(['images'], worldOf({ services: [], settings: null }))).stdout).toBe(
      'no service has image_update\n',
    );
    const newest = worldOf({ services: services.slice(1, 2), settings: null });
    expect((await runFakeCli(['images'], newest)).stdout).toBe('all images are the newest that fit\n');
  });
});

describe('prune', () => {
  const list: RemnantList = {
    remnants: [
      {
        id: 'stack/old',
        kind: 'stack',
        node: 'local',
        names: ['local/container/a'],
        sizeBytes: null,
        stack: 'old',
      },
      {
        id: 'local/sha256:1',
        kind: 'fetched-image',
        node: 'local',
        names: ['nginx:1.28'],
        sizeBytes: 2_097_152,
        stack: null,
      },
      {
        id: 'local/build-cache',
        kind: 'build-cache',
        node: 'local',
        names: [],
        sizeBytes: 1_024,
        stack: null,
      },
    ],
    notes: [{ subject: 'c1', message: 'prune is not for clusters' }],
  };
  function world(ends: readonly PrunedRemnant[] = []): FakeWorld & { readonly asked: (readonly string[])[] } {
    const asked: (readonly string[])[] = [];
    const prune: Reconciler['prune'] = async ({ ids }) => {
      asked.push(ids);
      return ids.map((id) => ends.find((one) => one.id === id) ?? { id, freedBytes: 1_024, message: null });
    };
    return { plans, more: { listRemnants: () => Promise.resolve(list), prune }, asked };
  }

  it('lists with sizes first, and changes nothing without a yes', async () => {
    const one = world();
    const run = await runFakeCli(['prune'], one);
    expect([run.code, one.asked, run.stdout]).toEqual([
      1,
      [],
      'removed stack\tlocal\t-\told: local/container/a\nimage\tlocal\t2 MiB\tnginx:1.28\n',
    ]);
    expect(run.stderr).toContain('c1: prune is not for clusters');
    expect(run.stderr).toContain('local: 1 KiB of build cache, whoever built: --build-cache');
    const no = await runFakeCli(['prune'], one, { isTerminal: true, answers: ['no'] });
    expect([no.code, one.asked, no.questions]).toEqual([
      1,
      [],
      [expect.stringContaining('Remove these 2, 2 MiB?')],
    ]);
  });

  it('removes what was listed, the build cache when it is asked to', async () => {
    const one = world();
    const run = await runFakeCli(['prune', '--yes'], one);
    expect([run.code, one.asked]).toEqual([0, [['stack/old', 'local/sha256:1']]]);
    expect(run.stdout).toContain('✓ 2 of 2 removed, 2 KiB free');
    await runFakeCli(['prune', '--yes', '--build-cache'], one);
    expect(one.asked[1]).toContain('local/build-cache');
  });

  it('ends with 1 when something stays, and says why', async () => {
    const one = world([{ id: 'local/sha256:1', freedBytes: null, message: 'a container uses it by now' }]);
    const run = await runFakeCli(['prune', '--yes'], one);
    expect([run.code, run.stderr]).toEqual([
      1,
      expect.stringContaining('✗ nginx:1.28: a container uses it by now'),
    ]);
    expect(run.stdout).toContain('1 of 2 removed');
  });

  it('says that there is nothing', async () => {
    const empty = { plans, more: { listRemnants: () => Promise.resolve({ remnants: [], notes: [] }) } };
    const run = await runFakeCli(['prune'], empty);
    expect([run.code, run.stdout]).toEqual([0, 'nothing is left over\n']);
  });
});
