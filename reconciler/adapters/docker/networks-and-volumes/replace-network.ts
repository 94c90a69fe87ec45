import type { NetworkInspectInfo } from 'dockerode';
import { parseAddress, parseRange } from '../../../base/ip-address.ts';
import { ReconcilerError } from '../../../base/errors.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, defined, own } from '../../../base/values.ts';
import type { DesiredResource } from '../../../model/resource.ts';
import type { ApplyContext, ResourceChange } from '../../../ports/target.ts';
import type { Adapter } from '../adapter.ts';
import { endpointOf } from '../containers/container-config.ts';
import { groupContainers, membersOf } from '../containers/container-group.ts';
import type { OwnedContainer } from '../containers/container-group.ts';
import { undo } from '../containers/container.ts';
import { isHeldBy } from '../labels.ts';
import { isContainerSpec, networkSpec } from '../containers/specs.ts';
import type { Guest, TakenDown } from './taken-down.ts';

export interface NetworkTask {
  readonly adapter: Adapter;
  readonly change: ResourceChange;
  readonly desired: DesiredResource;
  readonly context: ApplyContext;
  /** Makes the new network. */
  readonly create: () => Promise<void>;
}

/**
 * Makes a network anew that has been taken down; that it has to be is found in plan/diff-resource.ts. The stack's own containers are put on the new one as they are described, those with an
 * address of their own first; they keep running, but for those that are made anew after it because they were made for the name that is gone. When there can be no new one, the old one comes back as it was.
 */
export async function replaceNetwork(task: NetworkTask, old: TakenDown): Promise<void> {
  const { adapter, create } = task;
  try {
    await create();
  } catch (error) {
    await undo(adapter, error, (until) => putBackNetwork(adapter, old, until));
  }
  const { name } = networkSpec(task.desired);
  const isGone = ({ madeFor }: Guest) => madeFor === old.network.Name && madeFor !== name;
  await connectAll(
    task,
    old.guests.filter((guest) => !isGone(guest)),
  );
}

/** Takes the stack's own containers off a network, and the network away. Throws while somebody else is on it. */
export async function takeDownNetwork(
  adapter: Adapter,
  network: NetworkInspectInfo,
  context: ApplyContext,
): Promise<TakenDown> {
  const { engine } = adapter;
  const { signal } = context;
  const { Name } = network;
  const { api } = await adapter.traits(signal);
  const groups = groupContainers(await engine.listContainers(context.stack, signal));
  const attached = [...groups.values()].flatMap(membersOf).filter((container) => isAttached(container, Name));
  refuseForeign(network, attached);
  const guests: Guest[] = [];
  for (const container of attached) {
    const had = await liveEndpoint(adapter, container, { network: Name, api }, context);
    const madeFor = container.info.HostConfig.NetworkMode;
    guests.push({ id: container.id, name: container.owner.name, madeFor, had });
  }
  for (const { id } of attached) await engine.disconnectNetwork(Name, id, signal);
  await engine.removeNetwork(network.Id, signal);
  return { network, guests };
}

/** Takes a network down ahead of its change, for its addresses, or has it back when no change followed. */
export async function releaseNetwork(
  adapter: Adapter,
  { change }: ResourceChange,
  outcome: 'stop' | 'undo',
  context: ApplyContext,
): Promise<void> {
  const { signal, stack } = context;
  const { objectId } = change;
  if (objectId === undefined) return;
  if (outcome === 'undo') {
    const old = adapter.takenDown.get(objectId);
    adapter.takenDown.delete(objectId);
    if (old !== undefined) await putBackNetwork(adapter, old, signal);
    return;
  }
  const network = await adapter.engine.inspectNetwork(objectId, signal);
  if (network === null || !isHeldBy(network.Labels, stack, change)) return;
  adapter.takenDown.set(objectId, await takeDownNetwork(adapter, network, context));
}

async function putBackNetwork(
  { engine }: Adapter,
  { network, guests }: TakenDown,
  signal: AbortSignal,
): Promise<void> {
  await engine.createNetwork(toBody(network), signal);
  for (const { id, had } of guests) await engine.connectNetwork(network.Name, id, had, signal);
}

/** Connects as many as can be, then throws the first error. */
async function connectAll(task: NetworkTask, guests: readonly Guest[]): Promise<void> {
  const { adapter, context, desired } = task;
  const { api } = await adapter.traits(context.signal);
  const placed = guests.map((guest) => ({ guest, place: placeOf(task, guest, api) }));
  placed.sort((a, b) => Number(hasAddress(b.place)) - Number(hasAddress(a.place)));
  const failures: unknown[] = [];
  for (const { guest, place } of placed) {
    if (place === null) continue;
    try {
      await adapter.engine.connectNetwork(networkSpec(desired).name, guest.id, place, context.signal);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Gives a container's place on the new network; `null` when it is to leave. */
function placeOf({ change, desired }: NetworkTask, guest: Guest, api: string): Fields | null {
  const { name, ipam } = networkSpec(desired);
  const described = change.described?.find(
    (one) => one.kind === 'container' && one.name === guest.name && one.target === desired.target,
  )?.spec;
  if (described === undefined || !isContainerSpec(described))
    return fitting(guest.had, ipam?.config?.map(({ subnet }) => subnet) ?? []);
  const stays = described.networkMode === undefined && own(described.networks, name) !== undefined;
  return stays ? { ...endpointOf(described, name, api) } : null;
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
  const live = asFields(own(asFields(inspect?.NetworkSettings.Networks), network));
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

function hasAddress(place: Fields | null): boolean {
  return Object.keys(asFields(place?.['IPAMConfig']) ?? {}).length > 0;
}

/** Builds the request that makes a network again which was inspected before it went. */
function toBody(network: NetworkInspectInfo): object {
  const { Name, Driver, Internal, Attachable, EnableIPv6, IPAM, Options, Labels } = network;
  // Known to recent engines only, and to the client's types not at all.
  const { EnableIPv4 } = network as { readonly EnableIPv4?: boolean };
  const families = defined({ EnableIPv4, EnableIPv6 });
  return { Name, Driver, Internal, Attachable, ...families, IPAM, Options, Labels, CheckDuplicate: true };
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
