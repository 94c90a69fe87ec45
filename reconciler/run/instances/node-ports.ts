import type { TargetPort } from '../../pods/instance.ts';
import { noNodePort } from '../../pods/refusals.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InstanceBackend } from '../../ports/instance-backend.ts';
import type { InstanceRecords } from '../../ports/instance-records.ts';

export interface NodePortsOptions {
  readonly records: Pick<
    InstanceRecords,
    'lockNodePorts' | 'freeNodePorts' | 'listNodePorts' | 'pruneNodePorts'
  >;
  readonly backend: Pick<InstanceBackend, 'isFree'>;
  readonly clock: Clock;
  readonly range: { readonly min: number; readonly max: number };
  /** Time for which ports stay taken for an instance that is being placed, in milliseconds. */
  readonly lockMs: number;
}

/** The ports of the nodes: who has which. One process hands them out; the store keeps them across restarts. */
export interface NodePorts {
  /** One port for each target, locked. Throws NO_NODE_PORT. */
  lock(instance: string, targets: readonly TargetPort[]): Promise<readonly number[]>;
  /** The lock holds as long as the instance. */
  own(instance: string, ports: readonly number[]): void;
  /** Gives up locks that became nothing; those of an instance go with it. */
  free(instance: string): void;
  /** The instance is gone from the store. */
  forget(instance: string): void;
  /** Reclaims locks that nobody made good of. */
  prune(): void;
  readonly used: number;
}

export function createNodePorts(options: NodePortsOptions): NodePorts {
  const { records, clock, lockMs } = options;
  const taken = new Map<number, { readonly instance: string; readonly until: number }>();
  const byInstance = new Map<string, readonly number[]>();
  /** Locks by instance, in the order of their ends: all last equally long. */
  const locks = new Map<string, number>();
  const put = (instance: string, ports: readonly number[], until: number): void => {
    for (const port of ports) taken.set(port, { instance, until });
    byInstance.set(instance, ports);
    if (until !== Number.POSITIVE_INFINITY) locks.set(instance, until);
  };
  function forget(instance: string): void {
    for (const port of byInstance.get(instance) ?? []) {
      if (taken.get(port)?.instance === instance) taken.delete(port);
    }
    byInstance.delete(instance);
    locks.delete(instance);
  }
  for (const { port, instance, lockedUntil } of records.listNodePorts()) {
    put(instance, [...(byInstance.get(instance) ?? []), port], lockedUntil ?? Number.POSITIVE_INFINITY);
  }
  return {
    async lock(instance, targets) {
      const now = clock.now();
      const until = now + lockMs;
      const ports = await choose(options, targets, {
        isTaken: (port) => (taken.get(port)?.until ?? 0) > now,
        // This process forgets nothing: a port is let go of, or owned, however long placing takes. The end is for the next process.
        reserve: (port) => void taken.set(port, { instance, until: Number.POSITIVE_INFINITY }),
        release: (port) => void taken.delete(port),
      });
      put(instance, ports, Number.POSITIVE_INFINITY);
      if (records.lockNodePorts(ports, instance, { now, until })) return ports;
      // Somebody else writes to our database; whose they are is known at the next start.
      forget(instance);
      throw noNodePort();
    },
    own(instance, ports) {
      locks.delete(instance);
      put(instance, ports, Number.POSITIVE_INFINITY);
    },
    free(instance) {
      records.freeNodePorts(instance);
      forget(instance);
    },
    forget,
    prune() {
      const now = clock.now();
      const ended = [...locks].filter(([, until]) => until <= now);
      for (const [instance] of ended) forget(instance);
      if (ended.length > 0) records.pruneNodePorts(now);
    },
    get used() {
      return taken.size;
    },
  };
}

interface Reservation {
  isTaken(port: number): boolean;
  reserve(port: number): void;
  release(port: number): void;
}

/** Chooses ports from a random one on, one after the other. A chosen port is reserved at once: others choose at the same time. */
async function choose(
  { range: { min, max }, backend, clock }: NodePortsOptions,
  targets: readonly TargetPort[],
  { isTaken, reserve, release }: Reservation,
): Promise<readonly number[]> {
  const size = max - min + 1;
  const start = Math.floor(clock.random() * size);
  const chosen: number[] = [];
  for (let step = 0; step < size && chosen.length < targets.length; step += 1) {
    const port = min + ((start + step) % size);
    if (isTaken(port)) continue;
    reserve(port);
    const protocol = targets[chosen.length]?.protocol ?? 'TCP';
    if (await backend.isFree(port, protocol)) chosen.push(port);
    else release(port);
  }
  if (chosen.length === targets.length) return chosen;
  for (const port of chosen) release(port);
  throw noNodePort();
}
