import type { NetworkInspectInfo } from 'dockerode';
import type { NetworkSpec } from '../../../model/docker/docker-spec.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { endpointOf } from '../containers/container-config.ts';
import { groupContainers, membersOf } from '../containers/container-group.ts';
import type { OwnedContainer } from '../containers/container-group.ts';
import { withoutUndefined } from '../containers/container-options.ts';
import { statusOf } from '../engine/engine-errors.ts';
import { buildLabels, readOwner } from '../labels.ts';
import { isContainerSpec, networkSpec } from '../containers/specs.ts';
import { nameTaken } from '../taken-names.ts';

/** Carries out one change of a network. Networks that are not the stack's own are never touched (NAME_TAKEN). */
export async function applyNetwork(
  adapter: Adapter,
  change: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const { desired } = change;
  if (desired === null) return deleteNetwork(adapter, change, context);
  const spec = networkSpec(desired);
  const existing = await adapter.engine.inspectNetwork(spec.name, context.signal);
  if (spec.external) {
    if (existing !== null) return;
    throw new ReconcilerError('TARGET_ERROR', `network ${spec.name} is external and does not exist`, {
      retryable: true,
    });
  }
  if (existing === null) return createNetwork(adapter, desired, context);
  if (readOwner(existing.Labels)?.stack !== context.stack)
    throw nameTaken({ kind: 'network', name: spec.name, labels: existing.Labels });
  if (change.change.action === 'replace') await replaceNetwork(adapter, desired, existing, context);
}

async function createNetwork(
  adapter: Adapter,
  desired: DesiredResource,
  context: ApplyContext,
): Promise<void> {
  const spec = networkSpec(desired);
  const { stack, revision, branch, signal } = context;
  await adapter.engine.createNetwork(
    buildNetwork(spec, buildLabels({ stack, revision, branch, desired })),
    signal,
  );
  adapter.stacksByName.set(spec.name, stack);
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

/** The stack's own containers are taken off the old network and put on the new one; they keep running. */
async function replaceNetwork(
  adapter: Adapter,
  desired: DesiredResource,
  existing: NetworkInspectInfo,
  context: ApplyContext,
): Promise<void> {
  if (readOwner(existing.Labels)?.hash === desired.hash) return;
  const { engine } = adapter;
  const { signal } = context;
  const { Name } = existing;
  const groups = groupContainers(await engine.listContainers(context.stack, signal));
  const attached = [...groups.values()].flatMap(membersOf).filter((container) => isAttached(container, Name));
  refuseForeign(existing, attached);
  for (const { id } of attached) await engine.disconnectNetwork(Name, id, signal);
  await engine.removeNetwork(existing.Id, signal);
  await createNetwork(adapter, desired, context);
  const { api } = await adapter.traits(signal);
  for (const container of attached) {
    await engine.connectNetwork(Name, container.id, createdEndpoint(container, Name, api), signal);
  }
}

async function deleteNetwork(
  adapter: Adapter,
  { change }: ResourceChange,
  context: ApplyContext,
): Promise<void> {
  const { stack, signal } = context;
  for (const network of await adapter.engine.listNetworks(stack, signal)) {
    const owner = readOwner(network.Labels);
    if (owner?.kind !== 'network' || owner.name !== change.name) continue;
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

/** Throws when containers hang on the network that are not among these. */
function refuseForeign({ Name, Containers }: NetworkInspectInfo, own: readonly OwnedContainer[]): void {
  const foreign = Object.entries(Containers ?? {}).filter(
    ([id]) => !own.some((container) => container.id === id),
  );
  if (foreign.length === 0) return;
  const names = foreign.map(([, { Name }]) => Name).sort();
  throw new ReconcilerError('TARGET_ERROR', `network ${Name} is in use by ${names.join(', ')}`, {
    retryable: true,
  });
}

function isAttached({ info }: OwnedContainer, network: string): boolean {
  return Object.hasOwn(info.NetworkSettings?.Networks ?? {}, network);
}

/** From the spec that the container was created with; its own repair brings later settings. */
function createdEndpoint({ owner }: OwnedContainer, network: string, api: string): object {
  return isContainerSpec(owner.spec) ? endpointOf(owner.spec, network, api) : { Aliases: [owner.name] };
}
