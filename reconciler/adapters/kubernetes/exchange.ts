import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asList } from '../../base/values.ts';
import type { DesiredResource } from '../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../ports/target.ts';
import { ApiError, isApiError } from './api/api-error.ts';
import type { KindInfo } from './api/discovery.ts';
import { pathOf } from './api/discovery.ts';
import { readObject } from './api/read-object.ts';
import type { LiveObject } from './cache/live-object.ts';
import { ownerOf } from './cache/live-object.ts';
import type { Cluster } from './cluster.ts';
import { takenPortsIn } from './dry-run.ts';
import { releasePorts } from './release-ports.ts';

/*
 * Stacks that exchange names or ports of the nodes have no common plan: each would wait for the other. Where one has given up what another one waits
 * for, it goes ahead, and waits for what it wants while it is applied.
 */

/** Time that another stack is given to let go of something, in milliseconds. */
const EXCHANGE_MS = 20_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;

/** An object of a stack. */
export interface Owned {
  readonly kind: KindInfo;
  readonly object: LiveObject;
  /** `undefined`: it is not described any more. */
  readonly desired: DesiredResource | undefined;
}

/** Tells whether a stack has an object that it is not to keep, or a port of the nodes, and another stack waits for that. */
export function isInExchange(
  cluster: Pick<Cluster, 'awaited'>,
  stack: string,
  owned: readonly Owned[],
): boolean {
  return owned.some(
    ({ kind, object, desired }) =>
      (desired === undefined || givesUpPort(object, desired)) &&
      cluster.awaited.stacksFor(pathOf(kind, object.metadata)).some((other) => other !== stack),
  );
}

function givesUpPort({ kind, spec }: LiveObject, desired: DesiredResource): boolean {
  if (kind !== 'Service') return false;
  const kept = new Set(numbersIn(desired.spec['spec']));
  return numbersIn(spec).some((number) => !kept.has(number));
}

function numbersIn(spec: unknown): readonly unknown[] {
  return (asList(asFields(spec)?.['ports']) ?? []).flatMap((port) => asFields(port)?.['nodePort'] ?? []);
}

/** Has those look again who wait for something that the stack has: they may let go of what it waits for now. */
function tellWaiting(cluster: Cluster, stack: string): void {
  for (const { kind, ofStack } of cluster.open()) {
    for (const { metadata } of ofStack(stack)) {
      const path = pathOf(kind, metadata);
      if (cluster.awaited.stacksFor(path).some((other) => other !== stack)) cluster.announce(stack, path);
    }
  }
}

/** Waits until another stack has let go of a name. @returns whether it is free; at once where no stack has it */
export async function awaitName(
  cluster: Cluster,
  path: string,
  { stack, signal, progress }: ApplyContext,
): Promise<boolean> {
  const end = cluster.clock.elapsed() + EXCHANGE_MS;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    const live = await readObject(cluster, path, signal);
    if (live === undefined) return true;
    const owner = ownerOf(live);
    const isAnothers = owner !== null && owner.stack !== stack;
    if (!isAnothers || cluster.clock.elapsed() >= end) return false;
    if (pause === FIRST_PAUSE_MS) {
      progress(`waits until the stack ${owner.stack} lets go of it`);
      tellWaiting(cluster, stack);
    }
    await cluster.clock.sleep(pause, signal);
  }
}

/** Writes a Service. Where others have ports that it is to get, it lets go of those that it is not to keep, and waits for a while. */
export async function writeService(
  cluster: Cluster,
  change: ResourceChange,
  context: ApplyContext,
  write: () => Promise<void>,
): Promise<void> {
  const end = cluster.clock.elapsed() + EXCHANGE_MS;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      if (!isTaken(error)) throw error;
      if (cluster.clock.elapsed() >= end)
        throw new ReconcilerError('TARGET_ERROR', error.message, { cause: error, retryable: true });
    }
    if (pause === FIRST_PAUSE_MS) {
      await releasePorts(cluster, change, 'stop', context);
      context.progress('waits for a port of the nodes that another Service has');
      tellWaiting(cluster, context.stack);
    }
    await cluster.clock.sleep(pause, context.signal);
    pause = Math.min(pause * 2, MAX_PAUSE_MS);
  }
}

function isTaken(error: unknown): error is ApiError {
  return error instanceof ApiError && isApiError(error, 422) && takenPortsIn(error).length > 0;
}
