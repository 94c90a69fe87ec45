import type {
  ContainerSpec,
  HealthcheckSpec,
  LifecycleSpec,
  MountSpec,
  PortSpec,
} from '../../model/docker/docker-spec.ts';
import { defined, own, toRecord } from '../../base/values.ts';
import type { Blueprint, BlueprintService } from './blueprint.ts';
import { composeLimits, composeOptions } from './compose-options.ts';
import { composeValue, escaped } from './compose-text.ts';
import { formatDuration } from '../../base/units.ts';

/** A container in the words of Compose, without its image, its configs and its secrets. */
export function composeService(
  service: BlueprintService,
  here: readonly BlueprintService[],
  blueprint: Blueprint,
): object {
  const { spec, name, replicas } = service;
  const ownName = `${blueprint.stack}-${name}-1`;
  const fields = defined({
    container_name: spec.name === ownName ? undefined : spec.name,
    command: spec.command,
    entrypoint: spec.entrypoint,
    scale: replicas === 1 ? undefined : replicas,
    ports: spec.ports?.map((port) => portOf(port, replicas)),
    ...mountsOf(spec.mounts ?? [], blueprint, service.target),
    networks: networksOf(service, blueprint),
    network_mode: spec.networkMode === undefined ? undefined : sharedName(spec.networkMode, here),
    external_links: linksOf(spec),
    volumes_from: spec.volumesFrom?.map((text) => volumesFrom(text, here)),
    depends_on: dependenciesOf(service, here),
    healthcheck: spec.healthcheck && healthcheckOf(spec.healthcheck),
    post_start: spec.postStart?.map(lifecycleOf),
    pre_stop: spec.preStop?.map(lifecycleOf),
    restart: restartOf(spec),
    ...composeLimits(spec.resources),
    labels: spec.labels,
    ...composeOptions(spec, (mode) => sharedName(mode, here)),
  });
  const env = Object.entries(spec.env ?? {});
  return {
    ...escaped(fields),
    ...(env.length > 0
      ? {
          environment: toRecord(
            env.map(([key, value]) => [key, composeValue(value, blueprint.variables)] as const),
          ),
        }
      : {}),
  };
}

/** Several containers share the range that begins with the first one's port. */
function portOf({ containerPort, protocol, hostPort, hostIp }: PortSpec, replicas: number): object {
  const last = replicas > 1 && hostPort !== undefined ? `-${hostPort + replicas - 1}` : '';
  return defined({
    target: containerPort,
    published: hostPort === undefined ? undefined : `${hostPort}${last}`,
    host_ip: hostIp,
    protocol,
  });
}

/** `tmpfs` has a short form only for options that the long one does not know. */
function mountsOf(
  mounts: readonly MountSpec[],
  { volumes }: Blueprint,
  node: string,
): { readonly volumes?: readonly object[]; readonly tmpfs?: readonly string[] } {
  const long: object[] = [];
  const short: string[] = [];
  for (const mount of mounts) {
    if (mount.type === 'tmpfs' && mount.options && mount.options.length > 0) short.push(shortTmpfs(mount));
    else long.push(longMount(mount, (name) => nameInside(volumes, node, name)));
  }
  return defined({
    volumes: long.length > 0 ? long : undefined,
    tmpfs: short.length > 0 ? short : undefined,
  });
}

function nameInside(
  parts: Blueprint['volumes'] | Blueprint['networks'],
  node: string,
  engineName: string,
): string {
  const found = parts.find(({ target, spec }) => target === node && spec.name === engineName);
  return found?.name ?? engineName;
}

type Tmpfs = Extract<MountSpec, { readonly type: 'tmpfs' }>;

function shortTmpfs({ target, sizeBytes, mode, readOnly, options = [] }: Tmpfs): string {
  const all = [
    ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
    ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
    ...(readOnly ? ['ro'] : []),
    ...options,
  ];
  return `${target}:${all.join(',')}`;
}

function longMount(mount: MountSpec, volumeName: (name: string) => string): object {
  const read = { read_only: mount.readOnly };
  switch (mount.type) {
    case 'volume':
      return defined({
        type: 'volume',
        source: volumeName(mount.source),
        target: mount.target,
        ...read,
        volume: filled(defined({ nocopy: mount.nocopy, subpath: mount.subpath })),
      });
    case 'bind':
      return defined({
        type: 'bind',
        source: mount.source,
        target: mount.target,
        ...read,
        bind: defined({
          create_host_path: !mount.mustExist,
          propagation: mount.propagation,
          selinux: mount.selinux,
          recursive: mount.recursive,
        }),
      });
    case 'anonymous':
      return defined({ type: 'volume', target: mount.target, ...read });
    case 'tmpfs':
      return defined({
        type: 'tmpfs',
        target: mount.target,
        ...read,
        tmpfs: filled(defined({ size: mount.sizeBytes, mode: mount.mode })),
      });
    default:
      return mount satisfies never;
  }
}

function networksOf({ name, target, spec }: BlueprintService, { networks }: Blueprint): object | undefined {
  if (spec.networks === undefined) return undefined;
  const entries = Object.entries(spec.networks).map(([engineName, attachment]) => {
    const endpoint = own(spec.endpoints, engineName);
    const aliases = attachment.aliases.filter((alias) => alias !== name);
    const fields = defined({
      aliases: aliases.length > 0 ? aliases : undefined,
      ipv4_address: attachment.ipv4Address,
      ipv6_address: attachment.ipv6Address,
      link_local_ips: endpoint?.linkLocalIps,
      driver_opts: endpoint?.driverOpts,
      mac_address: endpoint?.macAddress,
      gw_priority: endpoint?.gwPriority,
      interface_name: endpoint?.interfaceName,
      priority: spec.primaryNetwork === engineName ? 1_000 : undefined,
    });
    return [
      nameInside(networks, target, engineName),
      Object.keys(fields).length > 0 ? fields : null,
    ] as const;
  });
  return toRecord(entries);
}

function linksOf({ endpoints = {} }: ContainerSpec): readonly string[] | undefined {
  const links = [...new Set(Object.values(endpoints).flatMap(({ links: list = [] }) => list))];
  return links.length > 0 ? links : undefined;
}

/** A container of the stack by the name of its service. */
function sharedName(mode: string, here: readonly BlueprintService[]): string {
  if (!mode.startsWith('container:')) return mode;
  const container = mode.slice('container:'.length);
  const service = here.find(({ spec }) => spec.name === container);
  return service ? `service:${service.name}` : mode;
}

function volumesFrom(text: string, here: readonly BlueprintService[]): string {
  const [container = '', ...rest] = text.split(':');
  const service = here.find(({ spec }) => spec.name === container);
  return [service ? service.name : `container:${container}`, ...rest].join(':');
}

const CONDITIONS = {
  applied: 'service_started',
  healthy: 'service_healthy',
  completed: 'service_completed_successfully',
} as const;

/** A service is only called healthy where something checks it. */
function dependenciesOf(
  { dependsOn }: BlueprintService,
  here: readonly BlueprintService[],
): object | undefined {
  const entries = dependsOn.flatMap(({ service, until }) => {
    const other = here.find(({ name }) => name === service);
    return other ? [[service, { condition: CONDITIONS[until] }] as const] : [];
  });
  return entries.length > 0 ? toRecord(entries) : undefined;
}

function lifecycleOf({ command, user, privileged, workingDir, env }: LifecycleSpec): object {
  return defined({ command, user, privileged, working_dir: workingDir, environment: env });
}

function healthcheckOf(healthcheck: HealthcheckSpec): object {
  if ('disabled' in healthcheck) return { disable: true };
  const { test, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries } = healthcheck;
  const time = (value: number | undefined) => (value === undefined ? undefined : formatDuration(value));
  return defined({
    test,
    interval: time(intervalMs),
    timeout: time(timeoutMs),
    start_period: time(startPeriodMs),
    start_interval: time(startIntervalMs),
    retries,
  });
}

function restartOf({ restart }: ContainerSpec): string {
  const { policy, maxRetries } = restart;
  return policy === 'on-failure' && maxRetries !== undefined ? `${policy}:${maxRetries}` : policy;
}

function filled<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
