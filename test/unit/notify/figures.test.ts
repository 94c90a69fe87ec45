import { expect, it } from 'vitest';
import { createMetrics } from '../../../reconciler/daemon/metrics.ts';
import type { StackFigures } from '../../../reconciler/public/reconciler.ts';
import { createFakeReconciler } from '../../support/fakes/fake-reconciler.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import { eventually } from '../../support/eventually.ts';
import { container } from '../../support/reconciler-rig.ts';

it('of more stacks than are wanted, those that need a look are chosen', async () => {
  await using rig = createRig();
  const web = { web: 'image: nginx:1.29' };
  rig.source.push({
    [file('a')]: stack('a', web),
    [file('b')]: stack('b', web),
    [file('c')]: stack('c', { web: 'image: 5' }),
    [file('d')]: stack('d', web, 'policy: { drift: alert }\n'),
  });
  await rig.reconciler.start();
  for (const name of ['a', 'b', 'd']) await rig.reaches(name, 'in_sync');
  await rig.reaches('c', 'invalid');
  rig.engine().control.remove('d', container('web'));
  await rig.reconciler.observe('d', new AbortController().signal);
  await eventually(
    () => rig.reconciler.getStack('d').state,
    (state) => state === 'drifted',
  );
  const brief = rig.reconciler
    .stackFigures(3)
    .map(({ name, state, drifted, kind }) => [name, state, drifted, kind]);
  expect(brief).toEqual([
    ['c', 'invalid', 0, 'kombination'],
    ['d', 'drifted', 1, 'kombination'],
    ['a', 'in_sync', 0, 'kombination'],
  ]);
  const [a] = rig.reconciler.stackFigures(4);
  expect(a).toMatchObject({ name: 'a', stackkit: '', backedUpAt: null });
  expect(Math.abs((a?.deployedAt ?? 0) - Date.now())).toBeLessThan(3_600_000);
});

it('a scrape looks at the stacks once, names a thousand, and says how many it has left out', async () => {
  const names = Array.from({ length: 1_500 }, (_, index) => `s${index}`);
  let looks = 0;
  const figures = (name: string): StackFigures => ({
    name,
    kind: 'kombination',
    stackkit: 'base"kit',
    state: 'in_sync',
    drifted: 0,
    deployedAt: null,
    backedUpAt: name === 's1' ? 1_700_000_000_000 : null,
  });
  const reconciler = {
    ...createFakeReconciler(),
    stackNames: () => names,
    stackFigures: (limit: number) => {
      looks += 1;
      return names.slice(0, limit).map(figures);
    },
  };
  using metrics = createMetrics(reconciler);
  const lines = (await metrics.text()).split('\n');
  const count = (start: string) => lines.filter((line) => line.startsWith(start)).length;
  expect([looks, count('kombinator_stack_info{'), count('kombinator_stack_state{')]).toEqual([
    1, 1_000, 1_000,
  ]);
  expect(lines).toContain('kombinator_stacks_unnamed 500');
  expect(lines).toContain('kombinator_stack_last_backup_timestamp_seconds{stack="s1"} 1700000000');
  expect(lines).toContain('kombinator_stack_info{stack="s0",kind="kombination",kit="base\\"kit"} 1');
  expect(count('kombinator_stack_last_success_timestamp_seconds{')).toBe(0);
  names.length = 2;
  await metrics.text();
  const again = await metrics.text();
  expect([looks, again.match(/^kombinator_stack_info\{/gm)?.length]).toEqual([3, 2]);
});
