import { eventually } from '../../support/eventually.ts';
import { describe, expect, it } from 'vitest';
import type { ObservedResource } from '../../../reconciler/model/resource.ts';
import type { Spec } from '../../../reconciler/model/secret.ts';
import { withoutEffect } from '../../../reconciler/run/apply/effect.ts';
import { planFor, running, wanted } from '../../support/builders.ts';
import { container, createRig, file, stack } from '../../support/reconciler-rig.ts';

const web = (spec: Spec = {}) => wanted('container', 'web', { image: 'a', ...spec });
const was = (spec: Spec = {}, more: Partial<ObservedResource> = {}) =>
  running(web(spec), { objectId: 'one', ...more });

describe('withoutEffect', () => {
  it.each<{
    when: string;
    have: ObservedResource;
    want: Spec | null;
    now: ObservedResource[];
    missing: boolean;
  }>([
    {
      when: 'the old one of a replace is there',
      have: was({ image: 'b' }),
      want: {},
      now: [was()],
      missing: true,
    },
    {
      when: 'a replace made another one',
      have: was({ image: 'b' }),
      want: {},
      now: [was({}, { objectId: 'two' })],
      missing: false,
    },
    { when: 'what was to go is there', have: was(), want: null, now: [was()], missing: true },
    { when: 'what was to go went', have: was(), want: null, now: [], missing: false },
    {
      when: 'an update changed nothing',
      have: was({ restart: { policy: 'no' } }),
      want: { restart: { policy: 'always' } },
      now: [was({ restart: { policy: 'no' } })],
      missing: true,
    },
    {
      when: 'an update changed it, and somebody else something else since',
      have: was({ restart: { policy: 'no' } }),
      want: { restart: { policy: 'always' } },
      now: [was({ restart: { policy: 'on-failure' } })],
      missing: false,
    },
    {
      when: 'it was started, and stopped by somebody since',
      have: was({}, { health: { status: 'stopped' } }),
      want: {},
      now: [was({}, { health: { status: 'stopped' } })],
      missing: false,
    },
    {
      when: 'the target tells no identity',
      have: running(web({ image: 'b' })),
      want: {},
      now: [running(web({ image: 'b' }))],
      missing: false,
    },
  ])('$when: $missing', ({ have, want, now, missing }) => {
    const desired = want === null ? [] : [web(want)];
    const plan = planFor({ desired, observed: [have] });
    const found = withoutEffect(plan, new Map(desired.map((one) => [one.id, one])), now);
    expect(found).toEqual(missing ? ['local/container/web'] : []);
  });
});

it('fails a replace that left the old container where it was, and tags nothing', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"' }) });
  await rig.apply('shop');
  rig.engine().control.idle = true;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });

  const { job, steps } = await rig.apply('shop');

  expect(job).toMatchObject({ status: 'failed', tag: null, error: { code: 'NO_EFFECT' } });
  expect(steps.find(({ name }) => name === container('web'))).toMatchObject({ status: 'failed' });
  expect(await rig.tags('shop')).toHaveLength(1);
});

it('fails a deletion and an update that left everything as it was', async () => {
  await using rig = createRig();
  rig.source.push({
    [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"', old: 'image: "nginx:1.28"' }),
  });
  await rig.apply('shop');
  rig.engine().control.idle = true;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28", restart: on-failure' }) });

  const { job, steps } = await rig.apply('shop');

  expect(job).toMatchObject({ status: 'failed', tag: null, error: { code: 'NO_EFFECT' } });
  expect(steps.map(({ name, status }) => `${status} ${name}`).sort()).toEqual([
    'failed local/container/old',
    'failed local/container/web',
  ]);
});

it('ends repairs that leave everything as it was after three of them', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28", restart: on-failure' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const { control } = rig.engine();
  control.idle = true;
  control.drift('shop', container('web'), { restart: 'always' });
  const view = await rig.reaches('shop', 'drifted');
  expect(view.message).toContain('differs again after each of 3 repairs in a row');
  const failed = rig.jobs('shop').filter(({ error }) => error?.code === 'NO_EFFECT');
  expect(failed).toHaveLength(3);
  expect(await rig.tags('shop')).toHaveLength(1);
});

it('tries again what seems to have done nothing, since a hand may have come between, and three times at most', async () => {
  await using rig = createRig();
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"' }) });
  await rig.reconciler.start();
  await rig.reaches('shop', 'in_sync');
  const { control } = rig.engine();
  const failed = () => rig.jobs('shop').filter(({ error }) => error?.code === 'NO_EFFECT');

  control.idle = true;
  using listening = rig.reconciler.subscribe((event) => {
    if (event.type === 'job' && event.job.error?.code === 'NO_EFFECT') control.idle = false;
  });
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.29"' }) });
  await eventually(failed, (list) => list.length > 0, 4_000);
  await rig.reaches('shop', 'in_sync');
  listening[Symbol.dispose]();
  expect(control.engine.stacks.get('shop')?.get(container('web'))?.current?.spec['image']).toBe('nginx:1.29');

  const before = failed().length;
  control.idle = true;
  rig.source.push({ [file('shop')]: stack('shop', { web: 'image: "nginx:1.28"' }) });
  await eventually(failed, (list) => list.length >= before + 3, 8_000);
  await rig.reaches('shop', 'failed');
  expect(failed()).toHaveLength(before + 3);
});
