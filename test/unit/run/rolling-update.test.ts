import { describe, expect, it } from 'vitest';
import { formatPlan, formatPlanGraph } from '../../../reconciler/plan/format-plan.ts';
import type { Health } from '../../../reconciler/model/resource.ts';
import type { Plan } from '../../../reconciler/plan/plan.ts';
import { waitForHealth } from '../../../reconciler/run/apply/wait-for-health.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { text } from '../../support/memory/memory-engine.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;

function web(image: string, update: string, scale = 3, more = ''): Record<string, string> {
  return {
    [file('shop')]: stack('shop', {
      web: `image: "${image}", scale: ${scale}, deploy: { update_config: { ${update} }${more} }`,
    }),
  };
}

/** A rig on which version 1 runs and version 2 is pushed. */
async function updating(update: string, scale = 3, more = ''): Promise<Rig> {
  const rig = createRig();
  rig.source.push(web('nginx:1.28', update, scale, more));
  await rig.apply('shop');
  rig.source.push(web('nginx:1.29', update, scale, more));
  return rig;
}

async function planOf(rig: Rig): Promise<Plan> {
  return (await rig.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, NEVER)).plan;
}

function images(rig: Rig): Record<string, unknown> {
  const slots = [...(rig.engine().control.engine.stacks.get('shop')?.entries() ?? [])];
  const found = slots.filter(([id]) => id.includes('/container/'));
  return Object.fromEntries(
    found.map(([id, { current, next }]) => [
      id.slice('local/container/'.length),
      next === null ? `${text(current?.spec ?? {}, 'image')} ${current?.state}` : 'unsettled',
    ]),
  );
}

describe('the plan of a rolling update', () => {
  it('shows the batches as edges, and in words', async () => {
    await using rig = await updating('parallelism: 2, order: start-first', 3);
    const plan = await planOf(rig);
    expect(formatPlanGraph(plan).split('\n').slice(-3)).toEqual([
      '[1, 2] -> #3 replace local/container/web: image changed',
      '[1, 2] -> #4 replace local/container/web#2: image changed',
      '[3 ended, 4 ended, 1, 2] -> #5 replace local/container/web#3: image changed',
    ]);
    expect(formatPlan(plan)).toContain('local/container/web#3  image changed, batch 2 of 2');
  });

  it('is the same each time', async () => {
    await using rig = await updating('parallelism: 2');
    expect(JSON.stringify(await planOf(rig))).toBe(JSON.stringify(await planOf(rig)));
  });

  it.each([
    { update: '', want: [1, 2, 3, 4] },
    { update: 'parallelism: 0', want: [1, 1, 1, 1] },
    { update: 'parallelism: "3"', want: [1, 1, 1, 2] },
  ])('puts four containers into batches with "$update"', async ({ update, want }) => {
    await using rig = await updating(update, 4);
    const { changes } = await planOf(rig);
    const batches = changes.filter(({ rollout }) => rollout !== undefined);
    expect(batches.map(({ rollout }) => rollout?.batch)).toEqual(want);
  });

  it('removes the highest numbers first when there are to be fewer', async () => {
    await using rig = createRig();
    rig.source.push(web('nginx:1.28', '', 4));
    await rig.apply('shop');
    rig.source.push(web('nginx:1.28', '', 2));
    const { changes } = await planOf(rig);
    const deleted = changes.filter(({ action }) => action === 'delete').map(({ id }) => id);
    expect(deleted.sort()).toEqual([container('web#3'), container('web#4')]);
  });

  it('has nothing for a service that is scaled to 0, and those that wait for it do not', async () => {
    await using rig = createRig();
    const services = { web: 'image: "nginx:1.28", scale: 0', edge: 'image: "nginx:1.28", depends_on: [web]' };
    rig.source.push({ [file('shop')]: stack('shop', services) });
    expect((await rig.apply('shop')).job.status).toBe('completed');
    expect(Object.keys(images(rig))).toEqual(['edge']);
    expect(rig.reconciler.getStack('shop').services[0]).toMatchObject({ health: 'completed', replicas: 0 });
  });
});

describe('carrying out a rolling update', () => {
  it('begins a batch when the one before is healthy', async () => {
    await using rig = await updating('parallelism: 1');
    const { control } = rig.engine();
    const from = control.log.length;
    expect((await rig.apply('shop')).job.status).toBe('completed');
    const steps = control.log.slice(from).filter((step) => /^(stop|settle)/.test(step));
    expect(steps).toEqual([
      'stop local/container/web',
      'settle keep local/container/web',
      'stop local/container/web#2',
      'settle keep local/container/web#2',
      'stop local/container/web#3',
      'settle keep local/container/web#3',
    ]);
  });

  it('start-first does not stop the old one before the new one is healthy', async () => {
    await using rig = await updating('order: start-first', 1);
    const { control } = rig.engine();
    const from = control.log.length;
    await rig.apply('shop');
    expect(control.log.slice(from).filter((step) => /^(stop|start|settle)/.test(step))).toEqual([
      'start local/container/web.next',
      'settle keep local/container/web',
    ]);
  });

  it.each([
    { action: 'pause', bad: 'web', want: ['1.28', '1.28', '1.28'], skipped: 2 },
    { action: 'pause', bad: 'web#2', want: ['1.29', '1.28', '1.28'], skipped: 1 },
    { action: 'continue', bad: 'web#2', want: ['1.29', '1.28', '1.29'], skipped: 0 },
    { action: 'rollback', bad: 'web#3', want: ['1.28', '1.28', '1.28'], skipped: 0 },
    { action: 'rollback', bad: 'web#2', want: ['1.28', '1.28', '1.28'], skipped: 1 },
    { action: 'pause, max_failure_ratio: 0.34', bad: 'web', want: ['1.28', '1.29', '1.29'], skipped: 0 },
  ])('failure_action: $action when $bad does not get healthy', async ({ action, bad, want, skipped }) => {
    await using rig = await updating(`failure_action: ${action}`);
    rig.engine().control.engine.spoiled.set(container(bad), { status: 'failed', reason: 'spoiled' });
    const { job, steps } = await rig.apply('shop');
    expect(job).toMatchObject({ status: 'failed', error: { code: 'UNHEALTHY' } });
    const version = (index: number) => `nginx:${want[index]} running`;
    expect(images(rig)).toEqual({ web: version(0), 'web#2': version(1), 'web#3': version(2) });
    expect(steps.filter(({ status }) => status === 'skipped')).toHaveLength(skipped);
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });

  it('a newer revision in the middle takes over from where the one before was', async () => {
    await using rig = await updating('failure_action: rollback');
    const { control } = rig.engine();
    // Dies after the first two are healthy and held.
    control.fail(30, 'kill');
    await rig.apply('shop').catch(() => undefined);
    await using next = await rig.restart({ store: rig.store });
    control.revive();
    next.source.push(web('nginx:1.28', 'failure_action: rollback', 2));
    expect((await next.apply('shop')).job.status).toBe('completed');
    expect(images(next)).toEqual({ web: 'nginx:1.28 running', 'web#2': 'nginx:1.28 running' });
  });
});

it('tells how a service is by its worst container', async () => {
  await using rig = createRig();
  rig.source.push(web('nginx:1.28', ''));
  await rig.apply('shop');
  rig.engine().control.setHealth('shop', container('web#2'), { status: 'unhealthy', reason: 'no answer' });
  const view = await rig.reconciler.observe('shop', NEVER);
  expect(view.services[0]).toMatchObject({ health: 'unhealthy', reason: '1 of 3 unhealthy: no answer' });
});

it('does not count a container as healthy that fails while it is watched', async () => {
  const answers: readonly Health[] = [
    { status: 'starting' },
    { status: 'healthy' },
    { status: 'failed', reason: 'ended' },
  ];
  let looks = 0;
  const target = { health: async () => answers[looks++] ?? { status: 'healthy' as const } };
  const wait = {
    target,
    stack: 'shop',
    id: container('web'),
    until: 'healthy' as const,
    timeoutMs: 60_000,
    firstLookMs: 0,
    clock: createFastClock(),
    signal: NEVER,
    progress: () => undefined,
  };
  await expect(waitForHealth({ ...wait, monitorMs: 5_000 })).rejects.toMatchObject({ code: 'UNHEALTHY' });
  looks = 0;
  expect(await waitForHealth(wait)).toEqual({ status: 'healthy' });
});

it('merges the logs of all containers', async () => {
  await using rig = createRig();
  rig.source.push({
    [file('shop')]: stack('shop', { web: 'image: "nginx:1.28", scale: 2, command: [sh, -c, "echo hi"]' }),
  });
  await rig.apply('shop');
  for (const follow of [false, true]) {
    const lines: string[] = [];
    for await (const { text } of rig.reconciler.logs('shop', 'web', { signal: NEVER, follow }))
      lines.push(text);
    expect(lines).toEqual(['#1 hi', '#2 hi']);
  }
});
