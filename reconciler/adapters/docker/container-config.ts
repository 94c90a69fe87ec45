import type { ContainerSpec, HealthcheckSpec, MountSpec, PortSpec } from '../../model/docker-spec.ts';
import { Secret } from '../../model/secret.ts';
import { secretMounts } from './secret-files.ts';

const NANOSECONDS = 1_000_000;

/**
 * Body of the engine's "create container" for a spec. Holds secrets in clear: never log it.
 *
 * @param place directory of its secret files (see secret-files.ts); `null` when it has none
 */
export function buildContainerConfig(
  spec: ContainerSpec,
  labels: Readonly<Record<string, string>>,
  place: string | null = null,
): object {
  const [first] = networkNames(spec);
  return withoutUndefined({
    Image: spec.image,
    Cmd: spec.command,
    Entrypoint: spec.entrypoint,
    Env: buildEnv(spec),
    Labels: labels,
    User: spec.user,
    WorkingDir: spec.workingDir,
    Hostname: spec.hostname,
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopGracePeriodMs === undefined ? undefined : Math.ceil(spec.stopGracePeriodMs / 1_000),
    Healthcheck: spec.healthcheck && buildHealthcheck(spec.healthcheck),
    ExposedPorts: Object.fromEntries((spec.ports ?? []).map((port) => [portKey(port), {}])),
    HostConfig: withoutUndefined({
      NetworkMode: spec.networkMode ?? first,
      PortBindings: buildPortBindings(spec.ports ?? []),
      Binds: (spec.mounts ?? []).filter(isPlainBind).map(formatBind),
      Mounts: [
        ...(spec.mounts ?? []).filter((mount) => !isPlainBind(mount)).map(buildMount),
        ...(place === null ? [] : secretMounts(spec, place)),
      ],
      RestartPolicy: buildRestartPolicy(spec.restart),
      ...buildLimits(spec.resources),
      Init: spec.init,
      ReadonlyRootfs: spec.readOnly,
    }),
    NetworkingConfig:
      first === undefined ? undefined : { EndpointsConfig: { [first]: { Aliases: aliasesOf(spec, first) } } },
  });
}

/** Networks to attach, sorted; the first is attached at creation, the others before the start. */
export function networkNames(spec: ContainerSpec): readonly string[] {
  return spec.networkMode === undefined ? Object.keys(spec.networks ?? {}).sort() : [];
}

/** The service name and the spec's own aliases, each once, sorted. */
export function aliasesOf(spec: ContainerSpec, network: string): readonly string[] {
  return [...new Set([spec.service, ...(spec.networks?.[network]?.aliases ?? [])])].sort();
}

export function buildRestartPolicy(restart: ContainerSpec['restart']): {
  readonly Name: string;
  readonly MaximumRetryCount: number;
} {
  const retries = restart.policy === 'on-failure' ? (restart.maxRetries ?? 0) : 0;
  return { Name: restart.policy, MaximumRetryCount: retries };
}

export function buildLimits(limits: ContainerSpec['resources']): Readonly<Record<string, number>> {
  return {
    ...(limits.memoryBytes ? { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes * 2 } : {}),
    ...(limits.memoryReservationBytes ? { MemoryReservation: limits.memoryReservationBytes } : {}),
    ...(limits.nanoCpus ? { NanoCpus: limits.nanoCpus } : {}),
    ...(limits.pidsLimit ? { PidsLimit: limits.pidsLimit } : {}),
  };
}

function buildEnv({ env = {} }: ContainerSpec): readonly string[] {
  return Object.keys(env)
    .sort()
    .map((name) => {
      const value = env[name];
      return `${name}=${value instanceof Secret ? value.reveal() : (value ?? '')}`;
    });
}

function buildHealthcheck(check: HealthcheckSpec): object {
  if ('disabled' in check) return { Test: ['NONE'] };
  return withoutUndefined({
    Test: check.test,
    Interval: nanoseconds(check.intervalMs),
    Timeout: nanoseconds(check.timeoutMs),
    StartPeriod: nanoseconds(check.startPeriodMs),
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

type BindMount = Extract<MountSpec, { type: 'bind' }>;

/** The short form makes the engine create a missing host directory, as Compose does; a colon cannot be written in it. */
function isPlainBind(mount: MountSpec): mount is BindMount {
  return mount.type === 'bind' && !mount.source.includes(':') && !mount.target.includes(':');
}

function formatBind({ source, target, readOnly }: BindMount): string {
  return `${source}:${target}${readOnly ? ':ro' : ''}`;
}

function buildMount(mount: MountSpec): object {
  if (mount.type === 'tmpfs') {
    const options = withoutUndefined({ SizeBytes: mount.sizeBytes, Mode: mount.mode });
    return { Type: 'tmpfs', Target: mount.target, TmpfsOptions: options };
  }
  return { Type: mount.type, Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly ?? false };
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
