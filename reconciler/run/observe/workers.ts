import { sha256 } from '../../base/json.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { WorkerView } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { formatAddress } from '../stack-table.ts';

/** Shared nodes of the repository, and every other target that a stack runs on; one worker per name, sorted. */
export function listWorkers(context: RunContext): WorkerView[] {
  const { desired, pool, stacks } = context;
  const users = new Map<string, string[]>();
  for (const stack of stacks.names()) {
    for (const reference of stacks.targetsOf(stack)) {
      const key = targetKey(reference);
      users.set(key, [...(users.get(key) ?? []), stack]);
    }
  }
  const views = new Map<string, WorkerView>();
  const add = (reference: TargetReference, file: string | null) => {
    const key = targetKey(reference);
    if (views.has(reference.name)) return;
    const state = pool.state(reference);
    views.set(reference.name, {
      id: workerId(reference.name),
      name: reference.name,
      address: formatAddress(reference),
      status: state.reachable === null ? 'unknown' : state.reachable ? 'online' : 'offline',
      lastSeen: state.lastSeen,
      facts: state.facts,
      stacks: [...(users.get(key) ?? [])].sort(),
      message: state.message,
      file,
    });
  };
  const shared = desired.nodes();
  for (const { reference, file } of shared) add(reference, file);
  const known = new Set(shared.map(({ reference }) => targetKey(reference)));
  for (const [key, reference] of pool.all()) {
    // One that was never asked belongs to nothing that is described now.
    if (!known.has(key) && pool.state(reference).reachable !== null) add(reference, null);
  }
  return [...views.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** `worker_` and 12 hex digits: stable for a name. */
export function workerId(name: string): string {
  return `worker_${sha256(name).slice(0, 12)}`;
}
