import { compareText } from '../../base/values.ts';
import type { StackFacts } from '../../ports/desired.ts';
import type { StackOperations, StackRow, StackSearch, SyncState } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';

/** States from the one that needs somebody most. */
const ATTENTION: Readonly<Record<SyncState, number>> = {
  failed: 0,
  invalid: 1,
  degraded: 2,
  blocked: 3,
  drifted: 4,
  unknown: 5,
  removed: 6,
  pending: 7,
  applying: 8,
  stopped: 9,
  in_sync: 10,
};

/**
 * Finds stacks by what is known of them without rendering: there may be thousands, and a page shows a few.
 *
 * @param rowOf makes the row of a stack that is shown
 */
export function createFindStacks(
  context: RunContext,
  stackNames: () => readonly string[],
  rowOf: (name: string) => StackRow,
): StackOperations['findStacks'] {
  const { stacks } = context;
  return (search) => {
    const { states, order = 'name', offset = 0, limit = Number.POSITIVE_INFINITY } = search;
    const wanted = createFilter(context, search);
    const counts = new Map<SyncState, number>();
    const found: string[] = [];
    for (const name of stackNames()) {
      if (!wanted(name)) continue;
      const state = stacks.state(name) ?? 'unknown';
      counts.set(state, (counts.get(state) ?? 0) + 1);
      if (states === undefined || states.includes(state)) found.push(name);
    }
    const ordered = inOrder(context, found, order).slice(offset, offset + limit);
    return { stacks: ordered.map(rowOf), total: found.length, counts };
  };
}

function createFilter(
  context: RunContext,
  { text = '', kind, node }: StackSearch,
): (name: string) => boolean {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0 && kind === undefined && node === undefined) return () => true;
  return (name) => {
    const facts = context.desired.facts(name) ?? leftFacts(context, name);
    return (
      (kind === undefined || facts.kind === kind) &&
      (node === undefined || facts.nodes.includes(node)) &&
      words.every((word) => facts.text.includes(word))
    );
  };
}

/** Nothing describes it any more; it was seen somewhere. */
function leftFacts({ stacks }: RunContext, name: string): StackFacts {
  const nodes = stacks.targetsOf(name).map((reference) => reference.name);
  return { kind: 'kombination', nodes, text: [name, ...nodes].join('\n').toLowerCase() };
}

/** @param names by name */
function inOrder(
  { stacks, deployments }: RunContext,
  names: readonly string[],
  order: NonNullable<StackSearch['order']>,
): readonly string[] {
  switch (order) {
    case 'name':
      return names;
    case 'attention': {
      const rankOf = (name: string) => ATTENTION[stacks.state(name) ?? 'unknown'];
      return names.toSorted((a, b) => rankOf(a) - rankOf(b));
    }
    case 'deployed': {
      const timeOf = (name: string) => deployments.knownLatest(name)?.time ?? '';
      return names.toSorted((a, b) => compareText(timeOf(b), timeOf(a)));
    }
    default:
      return order satisfies never;
  }
}
