import { own } from '../../../base/values.ts';
import type { ContainerSpec, HealthcheckSpec, PortSpec } from '../../../model/docker/docker-spec.ts';
import type { ResourceLimits } from '../../../model/docker/options/limit-options.ts';
import { CONTAINER_LIMITS, givenLimits } from '../../../model/docker/options/limit-options.ts';
import { Secret } from '../../../model/secret.ts';
import { buildMounts } from './container-mounts.ts';
import { buildEndpoint, buildOptions, containerMac, withoutUndefined } from './create-options.ts';
import { secretMounts } from '../secrets/secret-files.ts';
import { speaks } from '../engine/transport.ts';

const NANOSECONDS = 1_000_000;

export interface ConfigOptions {
  readonly labels: Readonly<Record<string, string>>;
  /** API version that is spoken with the engine. */
  readonly api: string;
  /** Directory of its secret files (see secret-files.ts); left out when it has none. */
  readonly place?: string | null;
}

/** Body of the engine's "create container" for a spec. Holds secrets in clear: never log it. */
export function buildContainerConfig(
  spec: ContainerSpec,
  { labels, api, place = null }: ConfigOptions,
): object {
  const [first] = networkNames(spec);
  return withoutUndefined({
    Image: spec.image,
    Cmd: spec.command,
    Entrypoint: spec.entrypoint,
    Env: buildEnv(spec),
    Labels: labels,
    Healthcheck: spec.healthcheck && buildHealthcheck(spec.healthcheck, api),
    ExposedPorts: buildExposedPorts(spec),
    MacAddress: containerMac(spec, first, api),
    ...buildOptions(spec, 'Config', api),
    HostConfig: withoutUndefined({
      NetworkMode: spec.networkMode ?? first,
      PortBindings: buildPortBindings(spec.ports ?? []),
      ...buildMounts(spec, place === null ? [] : secretMounts(spec, place)),
      RestartPolicy: buildRestartPolicy(spec.restart),
      ...buildLimits(spec.resources),
      ...buildOptions(spec, 'HostConfig', api),
    }),
    NetworkingConfig:
      first === undefined ? undefined : { EndpointsConfig: { [first]: endpointOf(spec, first, api) } },
  });
}

/** Networks to attach, by name, the primary one first; the first is attached at creation, the others before the start. */
export function networkNames(spec: ContainerSpec): readonly string[] {
  if (spec.networkMode !== undefined) return [];
  const names = Object.keys(spec.networks ?? {}).sort();
  const primary = names.filter((name) => name === spec.primaryNetwork);
  return [...primary, ...names.filter((name) => name !== spec.primaryNetwork)];
}

/** The service name and the spec's own aliases, each once, sorted. */
export function aliasesOf(spec: ContainerSpec, network: string): readonly string[] {
  return [...new Set([spec.service, ...(own(spec.networks, network)?.aliases ?? [])])].sort();
}

/** The container's place in one network, as the engine is told it. */
export function endpointOf(spec: ContainerSpec, network: string, api: string): object {
  const isFirst = networkNames(spec)[0] === network;
  return { Aliases: aliasesOf(spec, network), ...buildEndpoint(spec, network, isFirst, api) };
}

export function buildRestartPolicy(restart: ContainerSpec['restart']): {
  readonly Name: string;
  readonly MaximumRetryCount: number;
} {
  const retries = restart.policy === 'on-failure' ? (restart.maxRetries ?? 0) : 0;
  return { Name: restart.policy, MaximumRetryCount: retries };
}

export function buildLimits(limits: ResourceLimits): Readonly<Record<string, number | string>> {
  const given = givenLimits(limits).filter(({ name, value }) => name !== 'memorySwapBytes' && Boolean(value));
  const body = Object.fromEntries(given.map(({ row, value }) => [row.docker, value]));
  return limits.memoryBytes ? { ...body, [CONTAINER_LIMITS.memorySwapBytes.docker]: swapOf(limits) } : body;
}

/** Memory and swap together: as much swap as memory, unless said otherwise. */
export function swapOf({ memoryBytes = 0, memorySwapBytes }: ResourceLimits): number {
  return memorySwapBytes ?? memoryBytes * 2;
}

function buildExposedPorts({ ports = [], expose = [] }: ContainerSpec): object {
  return Object.fromEntries([...ports.map(portKey), ...expose].map((key) => [key, {}]));
}

function buildEnv({ env = {} }: ContainerSpec): readonly string[] {
  return Object.keys(env)
    .sort()
    .map((name) => {
      const value = own(env, name);
      return `${name}=${value instanceof Secret ? value.reveal() : (value ?? '')}`;
    });
}

function buildHealthcheck(check: HealthcheckSpec, api: string): object {
  if ('disabled' in check) return { Test: ['NONE'] };
  return withoutUndefined({
    Test: check.test,
    Interval: nanoseconds(check.intervalMs),
    Timeout: nanoseconds(check.timeoutMs),
    StartPeriod: nanoseconds(check.startPeriodMs),
    StartInterval: speaks(api, '1.44') ? nanoseconds(check.startIntervalMs) : undefined,
    Retries: check.retries,
  });
}

function nanoseconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * NANOSECONDS);
}

function portKey({ containerPort, protocol }: PortSpec): string {
  return `${containerPort}/${protocol}`;
}

function buildPortBindings(ports: readonly PortSpec[]): object {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const binding = {
      HostIp: port.hostIp ?? '',
      HostPort: port.hostPort === undefined ? '' : String(port.hostPort),
    };
    (bindings[portKey(port)] ??= []).push(binding);
  }
  return bindings;
}
