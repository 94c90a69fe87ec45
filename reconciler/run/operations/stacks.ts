import { ReconcilerError } from '../../base/errors.ts';
import type { StackOperations, StackView, SyncState } from '../../public/reconciler.ts';
import { undescribedStack } from '../observe/plan-stack.ts';
import { listWorkers } from '../observe/workers.ts';
import { readHistory } from '../record/history.ts';
import { createFigures } from '../observe/stack-figures.ts';
import type { RunContext } from '../context.ts';
import type { OperationParts } from './parts.ts';

export function createStackOperations({ context, loop }: OperationParts): StackOperations {
  const { desired, stacks, deployments, pool } = context;
  const stackNames = () => [...new Set([...desired.names(), ...stacks.names()])].sort();
  const getStack = (name: string): StackView => {
    const description =
      desired.get(name) ?? (stacks.state(name) === undefined ? undefined : undescribedStack(name));
    if (description === undefined) {
      loop.requireRead();
      throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
    }
    const view = stacks.view(description, deployments.knownLatest(name), pool);
    const untagged = deployments.whyUntagged(name);
    const message = view.message ?? (untagged === null ? null : `deployed, but not tagged yet: ${untagged}`);
    const nextLookAt = loop.nextLookAt(name);
    return { ...view, message, ...(nextLookAt === null ? {} : { nextLookAt }) };
  };
  return {
    stackNames,
    getStack,
    listStacks(page) {
      loop.requireRead();
      const names = stackNames();
      const wanted = page === undefined ? names : names.slice(page.offset, page.offset + page.limit);
      return wanted.map(getStack);
    },
    ...createCounts(context, stackNames),
    async leftovers(signal) {
      return (await loop.leftovers(signal)).map(getStack);
    },
    async observe(name, signal) {
      loop.requireRead();
      await loop.refreshStatus(name, signal);
      return getStack(name);
    },
    async history(stack) {
      const history = await readHistory(context, stack);
      if (history.length === 0) getStack(stack);
      return history;
    },
    listWorkers() {
      loop.requireRead();
      return listWorkers(context);
    },
  };
}

type Counts = Pick<StackOperations, 'countStacks' | 'countHolds' | 'stackFigures'>;

function createCounts(context: RunContext, stackNames: () => readonly string[]): Counts {
  const { stacks } = context;
  return {
    countStacks() {
      const counts = new Map<SyncState, number>();
      for (const name of stackNames()) {
        const state = stacks.state(name) ?? 'unknown';
        counts.set(state, (counts.get(state) ?? 0) + 1);
      }
      return counts;
    },
    countHolds() {
      const counts = new Map<string, number>();
      for (const name of stackNames()) {
        const hold = stacks.hold(name);
        if (hold !== null) counts.set(hold, (counts.get(hold) ?? 0) + 1);
      }
      return counts;
    },
    stackFigures: createFigures(context, stackNames),
  };
}
