import type { InstanceSink, ObservedInstance } from '../../ports/instance-backend.ts';
import { updateStatus } from './bring-up.ts';
import type { InstanceContext } from './context.ts';
import type { Orphans } from './orphans.ts';

export interface WatcherParts {
  readonly orphans: Orphans;
  /** Have a look at an instance that seems to be gone. */
  readonly check: (id: string) => void;
}

/** Takes in what the backend tells, so that nobody has to ask it. */
export function createWatcher(context: InstanceContext, { orphans, check }: WatcherParts): InstanceSink {
  const { table, placing } = context;
  function see(id: string, observed: ObservedInstance | null): void {
    table.see(id, observed);
    const instance = table.get(id);
    if (instance !== undefined) {
      const { ready } = updateStatus(context, instance);
      if (ready && observed?.incomplete === true) check(id);
      return;
    }
    if (observed === null) orphans.forget(id);
    else if (!placing.has(id)) orphans.add(id);
  }
  return {
    replaced(all, since) {
      const gone = [...table.seenIds()].filter((id) => !all.has(id));
      for (const id of gone) see(id, null);
      for (const [id, observed] of all) see(id, observed);
      for (const { id, ready, updatedAt } of table.list()) {
        // An instance that was made after the list was asked for need not be in it.
        if (ready && !all.has(id) && updatedAt < since) check(id);
      }
    },
    changed(id, observed) {
      const wasThere = table.seen(id) !== undefined;
      see(id, observed);
      if (observed === null && wasThere && table.get(id)?.ready === true) check(id);
    },
    nodes(names) {
      context.nodes = names;
      for (const instance of table.list()) {
        const { id, status } = updateStatus(context, instance);
        const isBack = instance.status === 'node_deleted' && status !== 'node_deleted';
        if (isBack && table.seen(id) === undefined) check(id);
      }
    },
  };
}
