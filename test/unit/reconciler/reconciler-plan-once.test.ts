import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../reconciler/daemon/system-clock.ts';
import { isCurrent } from '../../../reconciler/run/observe/plan-stack.ts';
import { StackTable } from '../../../reconciler/run/stack-table.ts';
import { planFor, wanted } from '../../support/builders.ts';
import { createMemoryEngine } from '../../support/memory/memory-engine.ts';
import { createMemoryTarget } from '../../support/memory/memory-target.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';
import type { Rig } from '../../support/reconciler-rig.ts';

const SIGNAL = new AbortController().signal;
const ASKED = { stack: 'shop', actor: null, trigger: 'api' } as const;
const web = (image: string) => ({ [file('shop')]: stack('shop', { web: `image: "${image}"` }) });

/** A rig that counts how often its engine is asked what it has of a stack. */
function createCountingRig(): Rig & { readonly looks: () => number } {
  const target = createMemoryTarget({
    name: 'docker:local',
    engine: createMemoryEngine(['nginx:1.28', 'nginx:1.29']),
  });
  let looks = 0;
  const rig = createRig({
    clock: systemClock,
    engines: new Map([['docker:local', target]]),
    createTarget: () => ({
      ...target,
      observe(...asked) {
        looks += 1;
        return target.observe(...asked);
      },
      async [Symbol.asyncDispose]() {},
    }),
  });
  return { ...rig, looks: () => looks };
}

describe('a requested apply', () => {
  it('is planned once: what was planned when it was let in is carried out', async () => {
    await using rig = createCountingRig();
    rig.source.push(web('nginx:1.29'));
    expect((await rig.apply('shop')).job).toMatchObject({ status: 'completed', tag: 'deploy/shop/1' });
    // The second look tells what runs once it was applied.
    expect(rig.looks()).toBe(2);
    const { plan } = await rig.reconciler.plan(ASKED, SIGNAL);
    rig.source.push(web('nginx:1.28'));
    await expect(rig.apply('shop', { plan })).rejects.toMatchObject({ code: 'PLAN_STALE' });
  });

  it('is planned again when something was done to the stack meanwhile', async () => {
    await using rig = createCountingRig();
    rig.source.push(web('nginx:1.29'));
    rig.engine().control.delayMs = 20;
    // Both are let in before either begins, and are not the same.
    const [first, second] = await Promise.all([
      rig.reconciler.apply(ASKED, SIGNAL),
      rig.reconciler.apply({ ...ASKED, confirm: true }, SIGNAL),
    ]);
    const ended = [first, second].map(({ id }) => rig.reconciler.waitForJob(id, SIGNAL));
    const jobs = (await Promise.all(ended)).map(({ job }) => job);
    expect(jobs.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(jobs.map(({ summary }) => summary?.create)).toContain(0);
    expect(await rig.tags('shop')).toEqual(['deploy/shop/1']);
  });
});

describe('a plan made a moment ago', () => {
  const hub = { publish: () => {}, subscribe: () => ({ [Symbol.dispose]() {} }) };
  const table = () => new StackTable(hub, { now: () => 0 });
  const web1 = wanted('container', 'web', { image: 'i' });
  const plan = planFor({ desired: [web1] });
  const at = (commit: string) => ({ revision: { commit }, get: () => ({ resources: [web1] }) });
  const seen = { resources: [], unreachable: [] };

  it.each<{
    when: string;
    meanwhile: (stacks: StackTable) => void;
    after?: number;
    commit?: string;
    current: boolean;
  }>([
    { when: 'nothing has happened', meanwhile: () => {}, current: true },
    { when: 'another stack moved', meanwhile: (stacks) => stacks.moved('blog'), current: true },
    { when: 'an engine told of a change', meanwhile: (stacks) => stacks.moved('shop'), current: false },
    { when: 'somebody looked', meanwhile: (stacks) => stacks.setObserved('shop', seen), current: false },
    { when: 'a job acted', meanwhile: (stacks) => stacks.enter('shop', { at: 'working' }), current: false },
    { when: 'the stack was forgotten', meanwhile: (stacks) => stacks.forget('shop'), current: false },
    { when: 'the branch moved', meanwhile: () => {}, commit: 'other', current: false },
    { when: 'it is six seconds old', meanwhile: () => {}, after: 6_000, current: false },
  ])(
    'is still good: $current, when $when',
    ({ meanwhile, after = 10, commit = plan.revision ?? '', current }) => {
      const stacks = table();
      const sighting = stacks.setObserved('shop', seen);
      meanwhile(stacks);
      const context = { stacks, desired: at(commit), clock: { elapsed: () => 1_000 + after } };
      expect(isCurrent(context, { plan, seen: { at: 1_000, sighting } })).toBe(current);
    },
  );
});
