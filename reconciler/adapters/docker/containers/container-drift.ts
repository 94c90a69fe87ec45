import type { EngineTraits } from '../engine/traits.ts';
import type { ContainerInspectInfo } from 'dockerode';
import type {
  AddressSpec,
  ContainerSpec,
  NetworkAttachment,
  RestartSpec,
} from '../../../model/docker/docker-spec.ts';
import type { LimitName, ResourceLimits } from '../../../model/docker/options/limit-options.ts';
import {
  LIMIT_ROWS,
  UNLIMITED_MEMORY_BYTES,
  givenLimits,
} from '../../../model/docker/options/limit-options.ts';
import type { JsonObject } from '../../../base/json.ts';
import { asFields, asString, defined, emptyRecord, own } from '../../../base/values.ts';
import { aliasesOf, buildRestartPolicy, swapOf } from './container-config.ts';
import type { Spec } from '../../../model/secret.ts';
import { isContainerSpec } from './specs.ts';

/*
 * Drift of a container: its state in the words of its spec, and the way from what it has to what it should have. Which limits there are, and
 * what stands for none, is in the table of `model/docker/options/limit-options.ts`. Other drift is found in `observe.ts` (moved images, names)
 * and `container-sharing.ts`; `plan/diff-resource.ts` says that it differs, `run/decide/decide.ts` calls it drift.
 */

/** Names of networks on the engine and their ids, as far as the stack needs them. */
export type NetworkIds = ReadonlyMap<string, string>;

/** The spec keys that can change in place, as the engine has them now. */
export function readLive(
  inspect: ContainerInspectInfo,
  traits: EngineTraits,
  networks: NetworkIds,
): LiveSpec {
  return {
    restart: readRestart(inspect),
    resources: readLimits(inspect, traits),
    networks: readNetworks(inspect, networks),
    cpus: traits.cpus,
    unlimited: traits.unlimited ?? [],
  };
}

export interface LiveSpec {
  readonly restart: RestartSpec;
  readonly resources: ResourceLimits;
  /** Aliases without the ones every container has (its id); sorted. */
  readonly networks: Readonly<Record<string, NetworkAttachment>>;
  /** CPUs of the engine. */
  readonly cpus: number;
  readonly unlimited?: readonly (keyof ResourceLimits)[];
}

/**
 * The observed spec: what the container was created with, live values where they can change in place. A live value
 * that means the same as the wanted one is written in the wanted one's words, so that only real differences show.
 *
 * @param created masked spec from the label
 * @param wanted masked desired spec, `null` when nothing wants the container
 */
export function renderObserved(created: JsonObject, wanted: JsonObject | null, live: LiveSpec): JsonObject {
  const specs: readonly Spec[] = wanted === null ? [created] : [wanted, created];
  const references = specs.filter(isContainerSpec);
  const restart = references.find((spec) => sameRestart(spec, live))?.restart ?? live.restart;
  const resources = references.find((spec) => sameLimits(spec, live))?.resources ?? live.resources;
  const { networks: _, ...rest } = created;
  const spec = { ...rest, restart: { ...restart }, resources: { ...resources } };
  if (created['networkMode'] !== undefined) return spec;
  const same = references.find((reference) => sameNetworks(reference, live));
  const networks = same ? same.networks : renderNetworks(created, live);
  return networks === undefined ? spec : { ...spec, networks };
}

export function sameRestart(spec: ContainerSpec, live: LiveSpec): boolean {
  const wanted = buildRestartPolicy(spec.restart);
  const has = buildRestartPolicy(live.restart);
  return wanted.Name === has.Name && wanted.MaximumRetryCount === has.MaximumRetryCount;
}

export function sameLimits(spec: ContainerSpec, live: LiveSpec): boolean {
  return LIMIT_ROWS.every(([name]) => !limitDiffers(name, spec, live));
}

function limitDiffers(key: LimitName, spec: ContainerSpec, live: LiveSpec): boolean {
  if (live.unlimited?.includes(key)) return false;
  const wanted = effectiveLimits(spec.resources, live.cpus)[key];
  const has = live.resources[key];
  // Engines that cannot limit swap write -1 when nobody has asked for a limit.
  if (key === 'memorySwapBytes' && wanted === undefined && has === -1) return false;
  return wanted !== has;
}

/** Networks to leave and to join (also those whose aliases differ: leave, then join), sorted. */
export function networkSteps(spec: ContainerSpec, live: LiveSpec): { leave: string[]; join: string[] } {
  const wanted = spec.networkMode === undefined ? Object.keys(spec.networks ?? {}) : [];
  // A container without any network of its own is on the engine's default one; that stays.
  if (wanted.length === 0) return { leave: [], join: [] };
  const has = Object.keys(live.networks);
  const differs = (name: string) => {
    const attached = own(live.networks, name);
    if (attached === undefined) return false;
    const { ipv4Address, ipv6Address } = own(spec.networks, name) ?? {};
    if (attached.ipv4Address !== ipv4Address || attached.ipv6Address !== ipv6Address) return true;
    return !sameAliases(attached.aliases, aliasesOf(spec, name), spec);
  };
  return {
    leave: has.filter((name) => !wanted.includes(name) || differs(name)).sort(),
    join: wanted.filter((name) => !has.includes(name) || differs(name)).sort(),
  };
}

/** The engine adds the host name by itself, and finds a container by its name anyway, which Compose says as well. */
function sameAliases(
  a: readonly string[],
  b: readonly string[],
  { hostname, name }: Pick<ContainerSpec, 'hostname' | 'name'>,
): boolean {
  const [has, wants] = [a, b].map((list) =>
    list.filter((alias) => alias !== hostname && alias !== name).join('\0'),
  );
  return has === wants;
}

function sameNetworks(spec: ContainerSpec, live: LiveSpec): boolean {
  const { leave, join } = networkSteps(spec, live);
  return leave.length === 0 && join.length === 0;
}

/**
 * The network that a container was made for, where its description has left it; `null` where it has not. Such a container is made anew, since
 * an engine neither starts one whose first network is gone nor connects it to another (Engine 25 and newer, `normalizeNetMode` in moby's
 * daemon/container_operations.go).
 */
export function leftNetwork(
  { HostConfig }: ContainerInspectInfo,
  { networkMode, networks }: Pick<ContainerSpec, 'networkMode' | 'networks'>,
): string | null {
  const names = Object.keys(networks ?? {});
  const madeFor = HostConfig.NetworkMode ?? '';
  if (networkMode !== undefined || names.length === 0) return null;
  return isNetworkName(madeFor) && !names.includes(madeFor) ? madeFor : null;
}

/** Tells a network's name from the other modes, which stand for no network that could go. */
function isNetworkName(mode: string): boolean {
  return !['', 'default', 'bridge', 'host', 'none', 'nat'].includes(mode) && !mode.startsWith('container:');
}

/** Body of the engine's "update container" that brings restart policy and limits to what the spec says. */
export function buildUpdate(spec: ContainerSpec, live: LiveSpec, cgroupVersion: number): object | null {
  const body = buildLimitsUpdate(spec, live, cgroupVersion);
  if (!sameRestart(spec, live)) body['RestartPolicy'] = buildRestartPolicy(spec.restart);
  return Object.keys(body).length > 0 ? body : null;
}

function buildLimitsUpdate(
  spec: ContainerSpec,
  live: LiveSpec,
  cgroupVersion: number,
): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const wanted = effectiveLimits(spec.resources, live.cpus);
  for (const [name, row] of LIMIT_ROWS) {
    if (!limitDiffers(name, spec, live)) continue;
    if (name === 'memoryBytes' || name === 'memorySwapBytes') Object.assign(body, memoryBody(wanted));
    else body[row.docker] = wanted[name] ?? row.unlimited(live.cpus, cgroupVersion);
  }
  return body;
}

/** The engine takes the two together only. */
function memoryBody(wanted: ResourceLimits): object {
  return {
    Memory: wanted.memoryBytes ?? UNLIMITED_MEMORY_BYTES,
    MemorySwap: wanted.memoryBytes === undefined ? UNLIMITED_MEMORY_BYTES : swapOf(wanted),
  };
}

function readRestart({ HostConfig }: ContainerInspectInfo): RestartSpec {
  const { Name = '', MaximumRetryCount = 0 } = HostConfig.RestartPolicy ?? {};
  switch (Name) {
    case 'always':
    case 'unless-stopped':
      return { policy: Name };
    case 'on-failure':
      return { policy: Name, ...(MaximumRetryCount > 0 ? { maxRetries: MaximumRetryCount } : {}) };
    default:
      return { policy: 'no' };
  }
}

function readLimits({ HostConfig }: ContainerInspectInfo, { cpus }: EngineTraits): ResourceLimits {
  const fields = asFields(HostConfig) ?? {};
  const has = LIMIT_ROWS.map(([name, { docker }]) => [name, own(fields, docker) ?? undefined]);
  return effectiveLimits(Object.fromEntries(has), cpus);
}

/** The limits that limit something; twice the memory for memory and swap is what nobody has to say. */
function effectiveLimits(limits: ResourceLimits, cpus: number): ResourceLimits {
  const limiting = givenLimits(limits).filter(({ row, value }) => row.limits(value, cpus));
  const effective: ResourceLimits = Object.fromEntries(limiting.map(({ name, value }) => [name, value]));
  const { memorySwapBytes, ...others } = effective;
  const hasOwnSwap = others.memoryBytes !== undefined && memorySwapBytes !== others.memoryBytes * 2;
  return hasOwnSwap ? effective : others;
}

function readNetworks({ Id, NetworkSettings }: ContainerInspectInfo, ids: NetworkIds): LiveSpec['networks'] {
  const networks = emptyRecord<NetworkAttachment>();
  for (const [name, endpoint] of Object.entries(NetworkSettings.Networks ?? {})) {
    const id = ids.get(name);
    // A network of that name was made anew: the container still hangs on the one that is gone.
    if (id !== undefined && endpoint.NetworkID && endpoint.NetworkID !== id) continue;
    const aliases: readonly string[] = endpoint.Aliases ?? [];
    networks[name] = {
      aliases: aliases.filter((alias) => alias !== shortId(Id)).sort(),
      ...readAddresses(endpoint.IPAMConfig),
    };
  }
  return networks;
}

/** The alias that the engine adds by itself. A name that an id happens to begin with is shorter, and somebody's. */
function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Only what somebody has chosen: the addresses the engine gives are not there. */
function readAddresses(chosen: unknown): AddressSpec {
  const fields = asFields(chosen);
  const ipv4Address = asString(fields?.['IPv4Address']) || undefined;
  const ipv6Address = asString(fields?.['IPv6Address']) || undefined;
  return defined({ ipv4Address, ipv6Address });
}

function renderNetworks(created: JsonObject, live: LiveSpec): LiveSpec['networks'] {
  const { service, hostname } = created;
  return Object.fromEntries(
    Object.entries(live.networks).map(([name, { aliases, ...addresses }]) => [
      name,
      { aliases: aliases.filter((alias) => alias !== service && alias !== hostname), ...addresses },
    ]),
  );
}
