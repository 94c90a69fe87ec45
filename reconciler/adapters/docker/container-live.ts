import type { ContainerInspectInfo } from 'dockerode';
import type { ContainerSpec, ResourceLimits, RestartSpec } from '../../model/docker-spec.ts';
import type { JsonObject } from '../../model/json.ts';
import { aliasesOf, buildRestartPolicy } from './container-config.ts';
import type { Spec } from '../../model/secret.ts';
import { isContainerSpec } from './specs.ts';

/*
 * What a container has now, in the words of its spec, and the way from what it has to what it should have. The engine
 * cannot take every limit away again; a value that limits nothing stands for "no limit" (see `buildUpdate`).
 */

/** A petabyte: more than any machine has. */
const NO_MEMORY_LIMIT = 2 ** 50;
const SMALLEST_MEMORY = 6 * 2 ** 20;

export interface EngineTraits {
  readonly cpus: number;
  readonly cgroupVersion: number;
}

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
  };
}

export interface LiveSpec {
  readonly restart: RestartSpec;
  readonly resources: ResourceLimits;
  /** Aliases without the ones every container has (its id); sorted. */
  readonly networks: Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  /** Of the engine. */
  readonly cpus: number;
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
  const wanted = effectiveLimits(spec.resources, live.cpus);
  return LIMITS.every((key) => wanted[key] === live.resources[key]);
}

const LIMITS = ['memoryBytes', 'memoryReservationBytes', 'nanoCpus', 'pidsLimit'] as const;

/** Networks to leave and to join (also those whose aliases differ: leave, then join), sorted. */
export function networkSteps(spec: ContainerSpec, live: LiveSpec): { leave: string[]; join: string[] } {
  const wanted = spec.networkMode === undefined ? Object.keys(spec.networks ?? {}) : [];
  // Without any network of its own a container is on the engine's default one; that stays.
  if (wanted.length === 0) return { leave: [], join: [] };
  const has = Object.keys(live.networks);
  const differs = (name: string) => {
    const aliases = live.networks[name]?.aliases;
    return aliases !== undefined && aliases.join('\0') !== aliasesOf(spec, name).join('\0');
  };
  return {
    leave: has.filter((name) => !wanted.includes(name) || differs(name)).sort(),
    join: wanted.filter((name) => !has.includes(name) || differs(name)).sort(),
  };
}

function sameNetworks(spec: ContainerSpec, live: LiveSpec): boolean {
  const { leave, join } = networkSteps(spec, live);
  return leave.length === 0 && join.length === 0;
}

/** Body of the engine's "update container" that brings restart policy and limits to what the spec says. */
export function buildUpdate(spec: ContainerSpec, live: LiveSpec, cgroupVersion: number): object | null {
  const body: Record<string, unknown> = {};
  if (!sameRestart(spec, live)) body['RestartPolicy'] = buildRestartPolicy(spec.restart);
  const resources = effectiveLimits(spec.resources, live.cpus);
  if (resources.memoryBytes !== live.resources.memoryBytes) {
    body['Memory'] = resources.memoryBytes ?? NO_MEMORY_LIMIT;
    body['MemorySwap'] = resources.memoryBytes === undefined ? NO_MEMORY_LIMIT : resources.memoryBytes * 2;
  }
  if (resources.memoryReservationBytes !== live.resources.memoryReservationBytes) {
    // On cgroup v2 a reservation protects, and "unlimited" would protect everything.
    const none = cgroupVersion === 2 ? SMALLEST_MEMORY : -1;
    body['MemoryReservation'] = resources.memoryReservationBytes ?? none;
  }
  if (resources.nanoCpus !== live.resources.nanoCpus)
    body['NanoCpus'] = resources.nanoCpus ?? live.cpus * 1e9;
  if (resources.pidsLimit !== live.resources.pidsLimit) body['PidsLimit'] = resources.pidsLimit ?? 0;
  return Object.keys(body).length > 0 ? body : null;
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
  const { Memory = 0, MemoryReservation = 0, NanoCpus = 0, PidsLimit } = HostConfig;
  const limits = { memoryBytes: Memory, memoryReservationBytes: MemoryReservation, nanoCpus: NanoCpus };
  return effectiveLimits({ ...limits, pidsLimit: PidsLimit ?? 0 }, cpus);
}

/** The limits that limit something. */
function effectiveLimits(limits: ResourceLimits, cpus: number): ResourceLimits {
  const { memoryBytes = 0, memoryReservationBytes = 0, nanoCpus = 0, pidsLimit = 0 } = limits;
  return {
    ...(memoryBytes > 0 && memoryBytes < NO_MEMORY_LIMIT ? { memoryBytes } : {}),
    ...(memoryReservationBytes > SMALLEST_MEMORY ? { memoryReservationBytes } : {}),
    ...(nanoCpus > 0 && nanoCpus < cpus * 1e9 ? { nanoCpus } : {}),
    ...(pidsLimit > 0 ? { pidsLimit } : {}),
  };
}

function readNetworks({ Id, NetworkSettings }: ContainerInspectInfo, ids: NetworkIds): LiveSpec['networks'] {
  const networks: Record<string, { aliases: readonly string[] }> = {};
  for (const [name, endpoint] of Object.entries(NetworkSettings.Networks ?? {})) {
    const id = ids.get(name);
    // A network of that name was made anew: the container still hangs on the one that is gone.
    if (id !== undefined && endpoint.NetworkID && endpoint.NetworkID !== id) continue;
    const aliases: readonly string[] = endpoint.Aliases ?? [];
    networks[name] = { aliases: aliases.filter((alias) => !Id.startsWith(alias)).sort() };
  }
  return networks;
}

function renderNetworks(created: JsonObject, live: LiveSpec): LiveSpec['networks'] {
  const service = created['service'];
  return Object.fromEntries(
    Object.entries(live.networks).map(([name, { aliases }]) => [
      name,
      { aliases: aliases.filter((alias) => alias !== service) },
    ]),
  );
}
