import type { NetworkInspectInfo } from 'dockerode';
import { parseRange, rangesOverlap } from '../../../base/ip-address.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { NetworkSpec } from '../../../model/docker/docker-spec.ts';
import type { ApplyContext } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { isOverlap } from '../engine/engine-errors.ts';
import { readOwner } from '../labels.ts';

/** Pause between two tries to make a network whose addresses another stack may be about to give up. */
const PAUSE_MS = 250;

/** Makes a network. Waits a while for addresses that another stack of ours has: a push can hand them from stack to stack. */
export async function createWhereFree(
  adapter: Adapter,
  spec: NetworkSpec,
  body: object,
  context: ApplyContext,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await adapter.engine.createNetwork(body, context.signal);
    } catch (error) {
      if (!(error instanceof ReconcilerError) || !isOverlap(error.message)) throw error;
      const holder = await findHolder(adapter, spec, context);
      if (holder === null) throw error;
      const told = addressesTaken(error, holder);
      adapter.awaited.add(context.stack, `network/${holder.Name}`);
      const isMoving = readOwner(holder.Labels)?.stack !== context.stack;
      if (!isMoving || attempt * PAUSE_MS > adapter.portWaitMs) throw told;
      if (attempt === 1) context.progress(`waiting: ${told.message}`);
      await adapter.clock.sleep(PAUSE_MS, context.signal);
    }
  }
}

function addressesTaken(error: ReconcilerError, { Name, Labels }: NetworkInspectInfo): ReconcilerError {
  const stack = readOwner(Labels)?.stack;
  return new ReconcilerError('TARGET_ERROR', `${error.message}: network ${Name} of the stack ${stack}`, {
    cause: error.cause,
    retryable: true,
  });
}

/** A network of ours that has some of the addresses; `null`: they are somebody else's, or free by now. */
async function findHolder(
  { engine }: Adapter,
  { name, ipam }: NetworkSpec,
  { signal }: ApplyContext,
): Promise<NetworkInspectInfo | null> {
  const wanted = (ipam?.config ?? []).flatMap(({ subnet }) => (subnet === undefined ? [] : [subnet]));
  const networks = await engine.listNetworks(null, signal);
  const holder = networks.find(
    ({ Name, IPAM }) =>
      Name !== name &&
      IPAM?.Config?.some(({ Subnet = '' }) => wanted.some((subnet) => overlaps(subnet, Subnet))),
  );
  return holder ?? null;
}

function overlaps(one: string, other: string): boolean {
  const range = parseRange(one);
  return range === undefined ? one === other : rangesOverlap(range, parseRange(other));
}
