import { ReconcilerError } from '../../base/errors.ts';
import type { ShownStack } from '../../model/stack.ts';
import type { StackOperations, StackRow, StackView, SyncState } from '../../public/reconciler.ts';
import { createFindStacks } from '../observe/find-stacks.ts';
import { undescribedStack } from '../observe/plan-stack.ts';
import { listWorkers } from '../observe/workers.ts';
import { readHistory } from '../record/history.ts';
import { createFigures } from '../observe/stack-figures.ts';
import type { RunContext } from '../context.ts';
import { waitOfHeld } from '../decide/wait-of.ts';
import type { OperationParts } from './parts.ts';

export function createStackOperations(parts: OperationParts): StackOperations {
  const { context, loop } = parts;
  const reads = createReads(parts);
  const { stackNames, getStack } = reads;
  return {
    ...reads,
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

type Reads = Pick<StackOperations, 'stackNames' | 'getStack' | 'getStackRow' | 'findStacks'>;

function createReads({ context, loop }: OperationParts): Reads {
  const { desired, stacks, deployments, pool } = context;
  const stackNames = () => [...new Set([...desired.names(), ...stacks.names()])].sort();
  const leftOf = (name: string) => (stacks.state(name) === undefined ? undefined : undescribedStack(name));
  const unknown = (name: string): ReconcilerError => {
    loop.requireRead();
    return new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
  };
  const toRow = (description: ShownStack): StackRow => {
    const { name } = description;
    const view = stacks.view(description, deployments.knownLatest(name), pool);
    const untagged = deployments.whyUntagged(name);
    const message = view.message ?? (untagged === null ? null : `deployed, but not tagged yet: ${untagged}`);
    const nextLookAt = loop.nextLookAt(name);
    const onHold = context.onHold.get(name);
    const shown = { ...view, message, ...(nextLookAt === null ? {} : { nextLookAt }) };
    return onHold === undefined ? shown : { ...shown, onHold, waits: view.waits ?? waitOfHeld(onHold) };
  };
  const getStack = (name: string): StackView => {
    const description = desired.get(name) ?? leftOf(name);
    if (description === undefined) throw unknown(name);
    return { ...toRow(description), document: description.document };
  };
  const getStackRow = (name: string): StackRow => {
    const description = desired.shown(name) ?? leftOf(name);
    if (description === undefined) throw unknown(name);
    return toRow(description);
  };
  const find = createFindStacks(context, stackNames, getStackRow);
  return {
    stackNames,
    getStack,
    getStackRow,
    findStacks(search) {
      loop.requireRead();
      return find(search);
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
