import type { NetworkInspectInfo } from 'dockerode';
import { withAbortScope } from '../../../base/abort-scope.ts';
import type { NetworkSpec } from '../../../model/docker/docker-spec.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { groupContainers, membersOf } from '../containers/container-group.ts';
import type { OwnedContainer } from '../containers/container-group.ts';
import { withoutUndefined } from '../containers/create-options.ts';
import { statusOf } from '../engine/engine-errors.ts';
import { buildLabels, isHeldBy, readOwner } from '../labels.ts';
import { networkSpec } from '../containers/specs.ts';
import { createWhereFree } from './addresses-taken.ts';
import { keptNetwork } from './doubles.ts';
import { createdEndpoint, refuseForeign, replaceNetwork, takeDownNetwork } from './replace-network.ts';
import type { TakenDown } from './taken-down.ts';
import { nameTaken } from '../taken-names.ts';

const REPLACE_TIMEOUT_MS = 120_000;

/**
 * Carries out one change of a network, which plan/diff-resource.ts found against the spec in its label; replace-network.ts makes one anew.
 * Networks that are not the stack's own are never touched (NAME_TAKEN).
 */
export async function applyNetwork(
  adapter: Adapter,
  change: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  if (change.change.action !== 'replace') return carryOut(adapter, change, context);
  context.signal.throwIfAborted();
  // A replace that has begun comes to its end, whoever gives up: half of one leaves containers without their network.
  await withAbortScope({ signals: [], timeoutMs: REPLACE_TIMEOUT_MS }, (signal) =>
    carryOut(adapter, change, { ...context, signal }),
  );
}

async function carryOut(adapter: Adapter, change: ResourceChange, context: ApplyContext): Promise<void> {
  const { desired } = change;
  if (desired === null) return deleteNetwork(adapter, change, context);
  const spec = networkSpec(desired);
  const existing = await readNetwork(adapter, spec.name, context);
  const create = () => createNetwork(adapter, desired, context);
  if (spec.external) {
    if (existing !== null) return;
    throw new ReconcilerError('TARGET_ERROR', `network ${spec.name} is external and does not exist`, {
      retryable: true,
    });
  }
  const task = { adapter, change, desired, context, create };
  if (existing === null) {
    const old = await readReleased(adapter, change, context);
    return old === null ? create() : replaceNetwork(task, old);
  }
  if (!isHeldBy(existing.Labels, context.stack, change.change))
    throw nameTaken({ kind: 'network', name: spec.name, labels: existing.Labels });
  if (change.change.action === 'replace' && readOwner(existing.Labels)?.hash !== desired.hash)
    await replaceNetwork(task, await takeDownNetwork(adapter, existing, context));
}

/** The network of a name; where the stack has made several, all but one are taken away first. */
async function readNetwork(
  adapter: Adapter,
  name: string,
  context: ApplyContext,
): Promise<NetworkInspectInfo | null> {
  let named = await networksCalled(adapter, name, context.signal);
  if (named.length > 1) {
    await mendDoubles(adapter, named, context);
    named = await networksCalled(adapter, name, context.signal);
  }
  // The id is asked for because the engine takes a name for the beginning of an id as well.
  const [network] = named;
  return network === undefined ? null : adapter.engine.inspectNetwork(network.Id, context.signal);
}

/** The network that a replace is about when it was taken down ahead, or is taken down now since it bears another name than the new one. */
async function readReleased(
  adapter: Adapter,
  { change }: ResourceChange,
  context: ApplyContext,
): Promise<TakenDown | null> {
  const { action, objectId } = change;
  if (action !== 'replace' || objectId === undefined) return null;
  const released = adapter.takenDown.get(objectId);
  adapter.takenDown.delete(objectId);
  if (released !== undefined) return released;
  const network = await adapter.engine.inspectNetwork(objectId, context.signal);
  if (network === null || !isHeldBy(network.Labels, context.stack, change)) return null;
  return takeDownNetwork(adapter, network, context);
}

async function networksCalled(
  { engine }: Adapter,
  name: string,
  signal: AbortSignal,
): Promise<readonly NetworkInspectInfo[]> {
  const found = await engine.networksNamed([name], signal);
  return found.filter(({ Name }) => Name === name);
}

/**
 * An engine lets two networks have one name, and then starts no container that names it. One is made at a time for each name, and
 * whatever came about all the same, by a process that was killed while it waited for an answer, is put right.
 */
function createNetwork(adapter: Adapter, desired: DesiredResource, context: ApplyContext): Promise<void> {
  const spec = networkSpec(desired);
  const { stack, revision, branch, signal } = context;
  return adapter.oneAtATime(`network ${spec.name}`, async () => {
    const before = await networksCalled(adapter, spec.name, signal);
    if (before.some(({ Labels }) => readOwner(Labels)?.stack === stack)) return;
    const body = buildNetwork(spec, buildLabels({ stack, revision, branch, desired }));
    await createWhereFree(adapter, spec, body, context);
    adapter.stacksByName.set(spec.name, stack);
    const after = await networksCalled(adapter, spec.name, signal);
    if (after.length > 1) await mendDoubles(adapter, after, context);
  });
}

/** Keeps one of the stack's networks of one name, puts the containers of the others on it, and removes those. */
async function mendDoubles(
  { engine, traits }: Adapter,
  named: readonly NetworkInspectInfo[],
  { stack, signal }: ApplyContext,
): Promise<void> {
  const own = named.filter(({ Labels }) => readOwner(Labels)?.stack === stack);
  if (own.length < 2) return;
  const containers = [...groupContainers(await engine.listContainers(stack, signal)).values()].flatMap(
    membersOf,
  );
  const { api } = await traits(signal);
  const kept = keptNetwork(own, (id) => containers.some((container) => networkIdsOf(container).includes(id)));
  for (const { Id, Name } of own.filter((network) => network !== kept)) {
    for (const container of containers.filter((one) => networkIdsOf(one).includes(Id))) {
      await engine.disconnectNetwork(Id, container.id, signal);
      await engine.connectNetwork(kept.Id, container.id, createdEndpoint(container, Name, api), signal);
    }
    await engine.removeNetwork(Id, signal);
  }
}

function networkIdsOf({ info }: OwnedContainer): readonly string[] {
  return Object.values(info.NetworkSettings?.Networks ?? {}).map(({ NetworkID }) => NetworkID);
}

function buildNetwork(spec: NetworkSpec, labels: Readonly<Record<string, string>>): object {
  const { ipam } = spec;
  const pools = ipam?.config?.map(({ subnet, ipRange, gateway, auxAddresses }) =>
    withoutUndefined({
      Subnet: subnet,
      IPRange: ipRange,
      Gateway: gateway,
      AuxiliaryAddresses: auxAddresses,
    }),
  );
  return withoutUndefined({
    Name: spec.name,
    Driver: spec.driver ?? 'bridge',
    Internal: spec.internal ?? false,
    Attachable: spec.attachable,
    Options: spec.driverOpts,
    EnableIPv4: spec.enableIpv4,
    EnableIPv6: spec.enableIpv6,
    IPAM: ipam && withoutUndefined({ Driver: ipam.driver, Config: pools, Options: ipam.options }),
    CheckDuplicate: true,
    Labels: labels,
  });
}

async function deleteNetwork(
  adapter: Adapter,
  { change }: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const { signal } = context;
  const stack = change.madeBy ?? context.stack;
  if (change.objectId !== undefined) adapter.takenDown.delete(change.objectId);
  const all = await adapter.engine.listNetworks(stack, signal);
  for (const network of all) {
    const owner = readOwner(network.Labels);
    const isMeant =
      change.objectId === undefined ? owner?.name === change.name : isOneOf(network, change.objectId, all);
    if (owner?.kind !== 'network' || !isMeant) continue;
    try {
      await adapter.engine.removeNetwork(network.Id, signal);
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      const current = await adapter.engine.inspectNetwork(network.Id, signal);
      if (current !== null) refuseForeign(current, []);
      throw error;
    }
    adapter.stacksByName.delete(network.Name);
  }
}

/** Tells whether it is the network of that id, or a double of it. */
function isOneOf({ Name }: NetworkInspectInfo, id: string, all: readonly NetworkInspectInfo[]): boolean {
  return all.some((one) => one.Id === id && one.Name === Name);
}
