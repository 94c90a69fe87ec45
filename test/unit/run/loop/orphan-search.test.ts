import { expect, it } from 'vitest';
import type { OwnedStack } from '../../../../reconciler/ports/target.ts';
import { OrphanSearch } from '../../../../reconciler/run/loop/orphan-search.ts';
import type { ReconcileParts } from '../../../../reconciler/run/reconcile/parts.ts';

const EDGE = { name: 'edge', kind: 'docker', connection: { type: 'local' } } as const;
const SIGNAL = new AbortController().signal;

/** Searches an engine that has these stacks, in a repository that describes `c` alone. */
async function search(
  owned: readonly string[],
  hasLeft: (stack: string) => boolean,
): Promise<{ readonly run: string[]; readonly blocked: string[] }> {
  const run: string[] = [];
  const blocked: string[] = [];
  const target = {
    owned: async (): Promise<readonly OwnedStack[]> =>
      owned.map((stack) => ({ stack, revisions: ['1'.repeat(40)], branches: ['main'], resources: 1 })),
  };
  const parts = {
    context: {
      desired: { revision: {}, names: () => ['c'], get: () => undefined, settings: () => ({ released: [] }) },
      stacks: { names: () => [], state: () => undefined, sawOn() {} },
      pool: { probeUnlessAway: (_: unknown, ask: (one: typeof target) => unknown) => ask(target) },
      source: { branch: 'main', root: '', contains: async () => true },
      maxRemovals: null,
    },
    removals: { block: (stack: string) => blocked.push(stack) },
  } as unknown as ReconcileParts;
  const found = new OrphanSearch(parts, { onOrphan: (stack) => run.push(stack), hasLeft });
  await found.among([EDGE], SIGNAL);
  return { run, blocked };
}

// A stack that left by itself, and another whose network came back to it at that moment, both waited for a yes.
it.each([
  { when: 'found together', left: [], blocked: ['a', 'b'] },
  { when: 'of which one left with a push, which was judged then', left: ['b'], blocked: [] },
  { when: 'that left with a push each', left: ['a', 'b'], blocked: [] },
])('of three stacks two $when: $blocked wait for a yes', async ({ left, blocked }) => {
  const hasLeft = (stack: string) => left.some((one) => one === stack);
  expect(await search(['a', 'b', 'c'], hasLeft)).toEqual({ run: ['a', 'b'], blocked });
});
