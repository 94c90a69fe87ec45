import { describe, expect, it } from 'vitest';
import type { StackView } from '../../../reconciler/public/reconciler.ts';
import { changingPlan, planOf, runFakeCli, viewOf, type FakeWorld } from '../../support/cli/cli-harness.ts';
import { container, createRig, file, stack, type Rig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const WEB = { web: 'image: "nginx:1.29"' };

/** Applies them, takes them out of the repository, and goes on in another process that was not started as a daemon. */
async function leave(names: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const rig = createRig();
  const described = names.map((name) => [file(name), stack(name, WEB)] as const);
  rig.source.push({ ...Object.fromEntries(described), [file('stays')]: stack('stays', WEB) });
  for (const name of names) await rig.apply(name);
  rig.source.push({ ...Object.fromEntries(described.map(([path]) => [path, null])), ...more });
  const next = await rig.restart();
  await next.reconciler.refresh(SIGNAL);
  return next;
}

const shown = (views: readonly StackView[]) => views.map(({ name, state }) => `${name} ${state}`);

describe('without a daemon, a stack that left the repository', () => {
  it('is found on the targets, and gone once it was applied', async () => {
    await using rig = await leave(['shop']);
    const found = await rig.reconciler.leftovers(SIGNAL);
    expect(shown(found)).toEqual(['shop pending']);
    expect(found[0]?.message).toBe('no longer described: applying removes it');
    const { plan } = await rig.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL);
    expect(plan.mode).toBe('destroy');
    await rig.apply('shop', { confirm: true });
    expect(rig.engine().control.engine.stacks.has('shop')).toBe(false);
    expect(await rig.reconciler.leftovers(SIGNAL)).toEqual([]);
  });

  it('waits to be asked for by name when many left at once', async () => {
    await using rig = await leave(['a', 'b']);
    const found = await rig.reconciler.leftovers(SIGNAL);
    expect(shown(found)).toEqual(['a blocked', 'b blocked']);
    expect(found[0]?.message).toContain('2 stacks are no longer described while 1 is left');
    expect(rig.engine().control.find('a', container('web'))?.state).toBe('running');
  });

  it('waits for the policy of the repository', async () => {
    await using rig = await leave(['shop'], { 'kombinator.yaml': 'policy: { prune: confirm }\n' });
    expect(shown(await rig.reconciler.leftovers(SIGNAL))).toEqual(['shop blocked']);
  });
});

describe('the command', () => {
  const removal = changingPlan('old', {
    mode: 'destroy',
    confirmations: [{ code: 'DELETES_STACK', message: 'deletes stack old: 1 resource', ids: [] }],
  });
  const left = (state: StackView['state'], message: string): FakeWorld => ({
    plans: { new: changingPlan('new'), old: removal },
    leftovers: [viewOf('old', { file: '', state, message })],
    more: {
      stackNames: () => ['new'],
      observe: async (name) => (name === 'old' ? viewOf(name, { state, message }) : viewOf(name)),
    },
  });
  const going = left('pending', 'no longer described: applying removes it');

  it('plans and applies it as a removal, before what may need its place', async () => {
    expect((await runFakeCli(['plan'], going)).stdout).toContain('needs a yes: deletes stack old');
    const { code, applied } = await runFakeCli(['apply', '--yes'], going);
    expect(code).toBe(0);
    expect(applied).toMatchObject([
      { stack: 'old', mode: 'destroy', volumes: false },
      { stack: 'new', mode: 'apply' },
    ]);
    expect((await runFakeCli(['status'], going)).stdout).toContain('old\tpending');
  });

  it('does not remove it without a yes', async () => {
    const { code, applied, stderr } = await runFakeCli(['apply'], going);
    expect([code, applied]).toEqual([1, []]);
    expect(stderr).toContain('deletes stack old: 1 resource [CONFIRMATION_REQUIRED]');
  });

  it('leaves what is blocked alone, and says why', async () => {
    const { applied, stderr } = await runFakeCli(['apply', '--yes'], left('blocked', 'too many'));
    expect(applied).toMatchObject([{ stack: 'new' }]);
    expect(stderr).toContain('old is left as it is: too many');
  });

  it('shows data that is kept in the status only', async () => {
    const kept = left('removed', 'local/volume/data kept');
    expect((await runFakeCli(['plan'], kept)).stdout).not.toContain('old');
    expect((await runFakeCli(['status'], kept)).stdout).toContain('old\tremoved');
  });

  it('is about nothing else when stacks are named', async () => {
    const world = { ...going, plans: { ...going.plans, new: planOf('new') } };
    const { stdout } = await runFakeCli(['apply', '--stack', 'new'], world);
    expect(stdout).toBe('✓ new: nothing to do\n');
  });
});
