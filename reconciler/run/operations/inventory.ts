import { ReconcilerError } from '../../base/errors.ts';
import type { InventoryOperations, ObjectView } from '../../public/inventory.ts';
import type { ObjectRecords } from '../../ports/inventory/object-records.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { saveNote } from '../inventory/object-notes.ts';

/** Kinds that have others below them, and what is shown of those. */
const CHILDREN: ReadonlyMap<string, string> = new Map([
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'].map((kind) => [kind, 'Pod'] as const),
  ['CronJob', 'Job'],
]);

export function createInventoryOperations(inventory: Inventory, store: ObjectRecords): InventoryOperations {
  let grouped = groupByStack([]);
  return {
    openInventory: (signal) => inventory.open(signal),
    listObjects: (order) => inventory.list(order),
    objectsOfStack(stack) {
      const list = inventory.list();
      if (grouped.list !== list) grouped = groupByStack(list);
      return grouped.stacks.get(stack) ?? [];
    },
    inventoryStates: () => inventory.states(),
    getObject: (id) => inventory.detail(id),
    childrenOfObject(id) {
      const { object: parent } = inventory.find(id);
      const kind = CHILDREN.get(parent.kind);
      if (kind === undefined)
        throw new ReconcilerError('BAD_OPTIONS', `a ${parent.kind} has no pods or jobs of its own`);
      return { parent, children: inventory.descendants(id, kind) };
    },
    refreshInventory: () => inventory.refresh(),
    followObject: (id, listener) => inventory.follow(id, listener),
    objectHistory: (id) => store.listObjectHistory(id),
    listObjectNotes: (user) => store.listObjectNotes(user),
    noteObject(user, note) {
      inventory.find(note.object);
      saveNote(store, user, note);
    },
  };
}

function groupByStack(list: readonly ObjectView[]) {
  return { list, stacks: Map.groupBy(list, ({ stack }) => stack) };
}
