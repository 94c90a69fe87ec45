import { expect, it } from 'vitest';
import { text } from '../../support/memory/memory-engine.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

/** Services by name: a host port, and more. */
async function push(rig: Rig, services: Readonly<Record<string, string | undefined>>): Promise<void> {
  const described = Object.entries(services).map(
    ([name, more = '']) => [name, `image: "nginx:1.29", command: ["sleep", "1000"], ${more}`] as const,
  );
  rig.source.push({ [file('shop')]: stack('shop', Object.fromEntries(described)) });
}

const port = (number: number) => `ports: ["${number}:80"]`;
const BROKEN = 'healthcheck: { test: ["CMD", "false"], retries: 1 }';

function containers(rig: Rig): string[] {
  const slots = [...(rig.engine().control.engine.stacks.get('shop')?.values() ?? [])];
  return slots
    .flatMap(({ current, next }) => [current, next].filter((one) => one !== null))
    .filter(({ kind }) => kind === 'container')
    .map(
      ({ name, state, engineId, spec }) => `${name} ${state} ${engineId.slice(0, 8)} ${text(spec, 'name')}`,
    )
    .sort();
}

it.each([
  {
    when: 'the second of a swap',
    before: { a: port(81), b: port(82) },
    after: { a: port(82), b: `${port(81)}, ${BROKEN}` },
  },
  {
    when: 'the first of a swap',
    before: { a: port(81), b: port(82) },
    after: { a: `${port(82)}, ${BROKEN}`, b: port(81) },
  },
  {
    when: 'one of three that rotate',
    before: { a: port(81), b: port(82), c: port(83) },
    after: { a: port(82), b: `${port(83)}, ${BROKEN}`, c: port(81) },
  },
  {
    when: 'one that waits for the other of a swap',
    before: { a: port(81), b: port(82) },
    after: { a: `${port(82)}, depends_on: [b]`, b: `${port(81)}, ${BROKEN}` },
  },
  {
    when: 'one that takes over from another that goes',
    before: { a: port(81) },
    after: { renamed: `${port(81)}, ${BROKEN}` },
  },
])('goes back as a whole when $when does not become well', async ({ before, after }) => {
  await using rig = createRig();
  await push(rig, before);
  await rig.apply('shop');
  const had = containers(rig);
  await push(rig, after);

  expect((await rig.apply('shop')).job).toMatchObject({ status: 'failed', tag: null });
  expect(containers(rig)).toEqual(had);

  await push(rig, before);
  expect((await rig.apply('shop')).job.status).toBe('completed');
  expect(containers(rig)).toEqual(had);
});

it.each([
  { when: 'two swap', before: { a: port(81), b: port(82) }, after: { a: port(82), b: port(81) } },
  {
    when: 'three rotate',
    before: { a: port(81), b: port(82), c: port(83) },
    after: { a: port(82), b: port(83), c: port(81) },
  },
  {
    when: 'two swap and one waits for the other',
    before: { a: port(81), b: port(82) },
    after: { a: `${port(82)}, depends_on: [b]`, b: port(81) },
  },
  { when: 'one takes over from another', before: { a: port(81) }, after: { renamed: port(81) } },
])('comes to its end when $when', async ({ before, after }) => {
  await using rig = createRig();
  await push(rig, before);
  await rig.apply('shop');
  await push(rig, after);

  const { job, steps } = await rig.apply('shop');

  expect(job).toMatchObject({ status: 'completed', tag: 'deploy/shop/2' });
  expect(steps.map(({ status }) => status)).toEqual(steps.map(() => 'completed'));
  const plan = await rig.reconciler.plan(
    { stack: 'shop', actor: null, trigger: 'cli' },
    new AbortController().signal,
  );
  expect(plan.plan.changes.filter(({ action }) => action !== 'no-op')).toEqual([]);
  expect(containers(rig).map((line) => line.split(' ')[1])).toEqual(Object.keys(after).map(() => 'running'));
});
