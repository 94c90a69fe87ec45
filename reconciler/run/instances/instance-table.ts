import type { Instance, InstanceStatus } from '../../pods/instance.ts';
import type { Usage } from '../../pods/limits.ts';
import type { ObservedInstance } from '../../ports/instance-backend.ts';
import { createTimeQueue } from '../loop/time-queue.ts';

/** The instances as the store has them, and what was last seen of each: everything that is read comes from here. */
export interface InstanceTable {
  get(id: string): Instance | undefined;
  /** Lists instances by creation. */
  list(): readonly Instance[];
  put(instance: Instance): void;
  remove(id: string): void;
  /** Instances whose time is over, the first one first; each is told once. */
  takeExpired(now: number): readonly Instance[];
  /** Tells it once more at this time. */
  expireAgain(id: string, at: number): void;
  seen(id: string): ObservedInstance | undefined;
  see(id: string, observed: ObservedInstance | null): void;
  /** Ids of what was seen, ours or not. */
  seenIds(): Iterable<string>;
  readonly usage: Usage;
}

export function createInstanceTable(instances: readonly Instance[]): InstanceTable {
  const known = new Map<string, Instance>();
  const observed = new Map<string, ObservedInstance>();
  const expiry = createTimeQueue();
  let usage: Usage = { cpuMilli: 0, memoryBytes: 0, pods: 0 };
  function count({ cpuMilli, memoryBytes }: Instance, sign: 1 | -1): void {
    usage = {
      cpuMilli: usage.cpuMilli + sign * cpuMilli,
      memoryBytes: usage.memoryBytes + sign * memoryBytes,
      pods: usage.pods + sign,
    };
  }
  function put(instance: Instance): void {
    const before = known.get(instance.id);
    if (before === undefined) expiry.add(instance.id, instance.expiresAt);
    else count(before, -1);
    count(instance, 1);
    known.set(instance.id, instance);
  }
  for (const instance of instances) put(instance);
  return {
    get: (id) => known.get(id),
    list: () => [...known.values()],
    put,
    remove(id) {
      const instance = known.get(id);
      if (instance === undefined) return;
      known.delete(id);
      count(instance, -1);
    },
    takeExpired: (now) => expiry.takeUntil(now).flatMap((id) => known.get(id) ?? []),
    expireAgain: (id, at) => expiry.add(id, at),
    seen: (id) => observed.get(id),
    see(id, what) {
      if (what === null) observed.delete(id);
      else observed.set(id, what);
    },
    seenIds: () => observed.keys(),
    get usage() {
      return usage;
    },
  };
}

const STATUS_OF: Readonly<Record<ObservedInstance['phase'], InstanceStatus>> = {
  pending: 'creating',
  running: 'running',
  succeeded: 'stopped',
  failed: 'failed',
};

/** `nodes`: those that there are; `null` when nobody has told yet. */
export function statusOf(
  instance: Instance,
  observed: ObservedInstance | undefined,
  nodes: ReadonlySet<string> | null,
): InstanceStatus {
  if (nodes !== null && !nodes.has(instance.nodeId)) return 'node_deleted';
  // Some of it may run already, or have failed and be tried again.
  if (!instance.ready) return instance.status === 'failed' ? 'failed' : 'creating';
  if (observed !== undefined && observed.incomplete !== true) return STATUS_OF[observed.phase];
  return instance.status === 'node_deleted' ? 'creating' : instance.status;
}
