import type { ObjectEvent, SeenObject } from '../../../reconciler/ports/inventory/inventory.ts';
import type { InventorySink } from '../../../reconciler/ports/inventory/inventory.ts';
import type { Target } from '../../../reconciler/ports/target.ts';
import type { TargetReference } from '../../../reconciler/model/target.ts';
import { targetKey } from '../../../reconciler/model/target.ts';
import type { InventoryOperations } from '../../../reconciler/public/inventory.ts';
import { Inventory } from '../../../reconciler/run/inventory/inventory.ts';
import { createInventoryOperations } from '../../../reconciler/run/operations/inventory.ts';
import { createObjectHistory } from '../../../reconciler/run/inventory/object-history.ts';
import { createFastClock } from './fast-clock.ts';
import { createMemoryObjectRecords } from './memory-object-records.ts';
import { createQuietLogger } from './quiet-logger.ts';

/** The inventory itself, of targets that tell what a test says. */
export interface FakeInventory {
  readonly operations: InventoryOperations;
  readonly inventory: Inventory;
  /** Has a cluster tell this; it is there from its first word on. */
  tell(cluster: string, objects: readonly SeenObject[]): void;
  fail(cluster: string, error: Error): void;
  readonly events: Map<string, readonly ObjectEvent[]>;
  /** Clusters that have been asked, once for each time. */
  readonly asked: readonly string[];
}

interface Said {
  readonly reference: TargetReference;
  objects: readonly SeenObject[] | null;
  readonly sinks: Set<InventorySink>;
}

export function createFakeInventory(): FakeInventory {
  const clusters = new Map<string, Said>();
  const events = new Map<string, readonly ObjectEvent[]>();
  const asked: string[] = [];
  const cluster = (name: string): Said => {
    const connection = { type: 'server', url: `https://${name}:6443` } as const;
    const known = clusters.get(name) ?? {
      reference: { name, kind: 'kubernetes', connection },
      objects: null,
      sinks: new Set(),
    };
    clusters.set(name, known);
    return known;
  };
  const target = ({ name }: TargetReference): Target =>
    ({
      name,
      kind: 'kubernetes',
      eventsOf: (uid: string) => events.get(uid) ?? [],
      async inventory(sink: InventorySink, signal: AbortSignal) {
        asked.push(name);
        const { sinks, objects } = cluster(name);
        sinks.add(sink);
        if (objects !== null) sink.told(objects);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        sinks.delete(sink);
      },
    }) as unknown as Target;
  const store = createMemoryObjectRecords();
  const clock = createFastClock();
  const inventory = new Inventory({
    desired: { names: () => [], get: () => undefined, nodes: () => [], clusters: () => [] },
    pool: {
      get: target,
      peek: target,
      presence: async () => new AbortController().signal,
      all: () => new Map([...clusters.values()].map(({ reference }) => [targetKey(reference), reference])),
    },
    clock,
    onSteps: createObjectHistory({ store, clock, logger: createQuietLogger() }),
  });
  return {
    operations: createInventoryOperations(inventory, store),
    inventory,
    events,
    asked,
    tell(name, objects) {
      const said = cluster(name);
      said.objects = objects;
      for (const sink of said.sinks) sink.told(objects);
    },
    fail: (name, error) => cluster(name).sinks.forEach((sink) => sink.failed(error)),
  };
}

/** An object of the stack `shop` on a cluster, a pod unless it is said otherwise. */
export function buildObject(changes: Partial<SeenObject> = {}): SeenObject {
  const { kind = 'Pod', name = 'web-1', namespace = 'shop' } = changes;
  return {
    uid: `uid-${kind}-${namespace}-${name}`,
    version: '1',
    apiVersion: 'v1',
    stack: 'shop',
    status: 'running',
    message: null,
    labels: {},
    annotations: {},
    owners: [],
    createdAt: '2026-11-30T09:00:00Z',
    generation: null,
    facts: {},
    ...changes,
    kind,
    name,
    namespace,
  };
}
