import type { NetworkInspectInfo } from 'dockerode';
import { parseAddress, parseRange } from '../../../base/ip-address.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, defined } from '../../../base/values.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { endpointOf } from '../containers/container-config.ts';
import { groupContainers, membersOf } from '../containers/container-group.ts';
import type { OwnedContainer } from '../containers/container-group.ts';
import { undo } from '../containers/container.ts';
import { readOwner } from '../labels.ts';
import { isContainerSpec, networkSpec } from '../containers/specs.ts';

export interface NetworkTask {
  readonly adapter: Adapter;
  readonly change: ResourceChange;
  readonly desired: DesiredResource;
  readonly context: ApplyContext;
  /** Makes the new network. */
  readonly create: () => Promise<void>;
}

/** A container on the old network, and its place on the new one; `null` when it is to leave. */
interface Guest {
  readonly container: OwnedContainer;
  readonly had: Fields;
  readonly wanted: Fields | null;
}

/**
 * Makes a network anew. The stack's own containers are taken off the old one and put on the new one as they are described, those with an
 * address of their own first; they keep running. When there can be no new one, the old one comes back as it was.
 */
export async function replaceNetwork(task: NetworkTask, existing: NetworkInspectInfo): Promise<void> {
  const { adapter, desired, context, create } = task;
  const { Name } = existing;
  const { name } = networkSpec(desired);
  if (Name === name && readOwner(existing.Labels)?.hash === desired.hash) return;
  const { engine } = adapter;
  const { signal } = context;
  const groups = groupContainers(await engine.listContainers(context.stack, signal));
  const attached = [...groups.values()].flatMap(membersOf).filter((container) => isAttached(container, Name));
  refuseForeign(existing, attached);
  const guests: Guest[] = [];
  for (const container of attached) guests.push(await readGuest(task, existing, container));
  for (const { id } of attached) await engine.disconnectNetwork(Name, id, signal);
  await engine.removeNetwork(existing.Id, signal);
  try {
    await create();
  } catch (error) {
    await undo(adapter, error, async (until) => {
      await engine.createNetwork(toBody(existing), until);
      for (const { container, had } of guests) await engine.connectNetwork(Name, container.id, had, until);
    });
  }
  await connectAll(task, guests, name);
}

/** Connects as many as can be, then throws the first error. */
async function connectAll(
  { adapter, context }: NetworkTask,
  guests: readonly Guest[],
  network: string,
): Promise<void> {
  const failures: unknown[] = [];
  for (const { container, wanted } of guests.toSorted((a, b) => Number(isPlaced(b)) - Number(isPlaced(a)))) {
    if (wanted === null) continue;
    try {
      await adapter.engine.connectNetwork(network, container.id, wanted, context.signal);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function readGuest(
  { adapter, change, desired, context }: NetworkTask,
  { Name }: NetworkInspectInfo,
  container: OwnedContainer,
): Promise<Guest> {
  const { api } = await adapter.traits(context.signal);
  const { name, ipam } = networkSpec(desired);
  const had = await liveEndpoint(adapter, container, { network: Name, api }, context);
  const described = change.described?.find(
    (one) => one.kind === 'container' && one.name === container.owner.name && one.target === desired.target,
  )?.spec;
  if (described === undefined || !isContainerSpec(described))
    return { container, had, wanted: fitting(had, ipam?.config?.map(({ subnet }) => subnet) ?? []) };
  const stays = described.networkMode === undefined && described.networks?.[name] !== undefined;
  return { container, had, wanted: stays ? { ...endpointOf(described, name, api) } : null };
}

/** Gives a container's place as it was created, with the names and addresses that it has by now. */
async function liveEndpoint(
  { engine }: Adapter,
  container: OwnedContainer,
  { network, api }: { readonly network: string; readonly api: string },
  { signal }: ApplyContext,
): Promise<Fields> {
  const created = createdEndpoint(container, network, api);
  const inspect = await engine.inspectContainer(container.id, signal);
  const live = asFields(asFields(inspect?.NetworkSettings.Networks)?.[network]);
  if (live === undefined) return created;
  const aliases = asList(live['Aliases'])?.filter((alias) => alias !== container.id.slice(0, 12));
  return defined({
    ...created,
    ...(aliases === undefined ? {} : { Aliases: aliases }),
    IPAMConfig: asFields(live['IPAMConfig']),
  });
}

/** Leaves out an address that the new network cannot give. */
function fitting(endpoint: Fields, subnets: readonly (string | undefined)[]): Fields {
  const { IPAMConfig, ...rest } = endpoint;
  const address = asString(asFields(IPAMConfig)?.['IPv4Address']);
  const value = address === undefined ? undefined : parseAddress(address);
  const fits = subnets.some((subnet) => {
    const range = subnet === undefined ? undefined : parseRange(subnet);
    return range !== undefined && value !== undefined && range.first <= value && value <= range.last;
  });
  return fits ? endpoint : rest;
}

function isPlaced({ wanted }: Guest): boolean {
  return Object.keys(asFields(wanted?.['IPAMConfig']) ?? {}).length > 0;
}

/** Builds the request that makes a network again which was inspected before it went. */
function toBody(network: NetworkInspectInfo): object {
  const { Name, Driver, Internal, Attachable, EnableIPv6, IPAM, Options, Labels } = network;
  return { Name, Driver, Internal, Attachable, EnableIPv6, IPAM, Options, Labels, CheckDuplicate: true };
}

function isAttached({ info }: OwnedContainer, network: string): boolean {
  return Object.hasOwn(info.NetworkSettings?.Networks ?? {}, network);
}

/** A container's place from the spec that it was created with; its own repair brings later settings. */
export function createdEndpoint({ owner }: OwnedContainer, network: string, api: string): Fields {
  return isContainerSpec(owner.spec)
    ? { ...endpointOf(owner.spec, network, api) }
    : { Aliases: [owner.name] };
}

/** Throws when containers hang on the network that are not among these. */
export function refuseForeign(
  { Name, Containers }: NetworkInspectInfo,
  own: readonly OwnedContainer[],
): void {
  const foreign = Object.entries(Containers ?? {}).filter(
    ([id]) => !own.some((container) => container.id === id),
  );
  if (foreign.length === 0) return;
  const names = foreign.map(([, { Name }]) => Name).sort();
  throw new ReconcilerError('TARGET_ERROR', `network ${Name} is in use by ${names.join(', ')}`, {
    retryable: true,
  });
}
