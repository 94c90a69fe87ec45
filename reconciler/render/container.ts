import type { Analysis } from '../config/kombination/analyze.ts';
import type {
  ContainerSpec,
  FileSpec,
  HealthcheckSpec,
  MountSpec,
  PortSpec,
  RestartSpec,
  SecretFileSpec,
} from '../model/docker/docker-spec.ts';
import { CONTAINER_UPDATABLE } from '../model/docker/docker-spec.ts';
import type { Position } from '../base/diagnostic.ts';
import type { Lookup } from '../config/kombination/service/env-value.ts';
import { parseEnvValue, resolveEnvValue } from '../config/kombination/service/env-value.ts';
import { splitOptions } from '../model/docker/options/container-options.ts';
import { isProblem } from '../base/problem.ts';
import type { ServiceModel } from '../config/kombination/kombination.ts';
import { containerName, projectOf } from '../config/kombination/kombination.ts';
import type { Dependency, DesiredResource, ResourceId } from '../model/resource.ts';
import { hashSpec, resourceId } from '../model/resource.ts';
import { numbersOf, portOfReplica } from '../config/kombination/replicas.ts';
import { replicaName } from '../model/rollout.ts';
import { Secret } from '../model/secret.ts';
import { asFields, asList, compareText, defined, own, toRecord } from '../base/values.ts';
import type { PositionOf } from './names.ts';
import { buildNetworks, buildOptions, buildPlaces, sharedWith } from './container-places.ts';
import { engineName, networksOf } from './names.ts';
import { buildRollout } from './rollout.ts';
import { WRITTEN_AS } from './document-keys.ts';

export interface ContainerOptions {
  readonly service: ServiceModel;
  /** Number of the container among those of the service, from 1. */
  readonly number: number;
  readonly analysis: Analysis;
  readonly positionOf: PositionOf;
  readonly lookup: Lookup;
}

/** Words of a service that is to end. */
export const TO_END = 'restart: "no"';

/** One container of a service or part. Lists whose order means nothing are sorted. */
export function renderContainer(options: ContainerOptions): DesiredResource {
  const { service, number, analysis, positionOf } = options;
  const spec = buildSpec(options);
  const healthTimeoutMs = healthTimeout(spec.healthcheck);
  const rollout = buildRollout(service, number);
  const name = replicaName(service.name, number);
  return {
    id: resourceId(service.node, 'container', name),
    target: service.node,
    kind: 'container',
    name,
    spec,
    hash: hashSpec(spec, CONTAINER_UPDATABLE),
    updatable: CONTAINER_UPDATABLE,
    dependsOn: buildDependencies(service, analysis),
    origin: positionOf(service.path),
    ...buildOrigins(options, spec),
    ...buildSources(service, analysis),
    replaceWith: [
      resourceId(service.node, 'image', spec.image),
      ...sharedWith(service, analysis).map(({ node, name }) => resourceId(node, 'container', name)),
      ...restartedWith(service, analysis),
    ],
    ...(healthTimeoutMs === undefined ? {} : { healthTimeoutMs }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(spec.restart.policy === 'no' || spec.restart.policy === 'on-failure' ? {} : { toEnd: TO_END }),
  };
}

/** Dependencies that say restart: true, as far as they run on the same engine. */
function restartedWith(service: ServiceModel, { dependencies }: Analysis): readonly ResourceId[] {
  return (dependencies.get(service.name) ?? []).flatMap(({ restart, target }) =>
    restart === true && target.node === service.node
      ? numbersOf(target).map((number) =>
          resourceId(target.node, 'container', replicaName(target.name, number)),
        )
      : [],
  );
}

function buildSpec({ service, number, analysis, lookup }: ContainerOptions): ContainerSpec {
  const { kombination } = analysis;
  const stack = projectOf(kombination);
  const { basic, others } = splitOptions(buildOptions(service, analysis));
  return defined({
    ...others,
    name: containerName(stack, service, number),
    service: service.name,
    image: service.image ?? '',
    command: service.command,
    entrypoint: service.entrypoint,
    env: filled(buildEnv(service, lookup)),
    ports: nonEmpty(buildPorts(service, number)),
    mounts: nonEmpty(buildMounts(service, analysis)),
    networks: filled(buildNetworks(service, analysis)),
    ...buildPlaces(service, analysis),
    healthcheck: service.healthcheck,
    postStart: service.postStart,
    preStop: service.preStop,
    restart: service.restart ?? defaultRestart(service, analysis),
    resources: service.resources ?? {},
    labels: filled(service.labels),
    ...basic,
    files: nonEmpty(buildFiles(service, analysis, lookup)),
    secrets: nonEmpty(buildSecrets(service, analysis, lookup)),
  });
}

function buildFiles(
  { name }: ServiceModel,
  { serviceFiles }: Analysis,
  lookup: ContainerOptions['lookup'],
): readonly FileSpec[] {
  const plain = (serviceFiles.files.get(name) ?? []).map((file) => file.spec);
  const filled = (serviceFiles.templates.get(name) ?? []).map(({ place, parts }): SecretFileSpec => {
    const content = resolveEnvValue(parts, lookup) ?? '';
    return { ...place, content: content instanceof Secret ? content : new Secret(content, place.target) };
  });
  if (filled.length === 0) return plain;
  return [...plain, ...filled].sort((a, b) => compareText(a.target, b.target));
}

function buildSources({ name }: ServiceModel, { serviceFiles }: Analysis): Pick<DesiredResource, 'sources'> {
  const sources = (serviceFiles.files.get(name) ?? []).flatMap(({ spec, source }) =>
    source === undefined ? [] : [[spec.target, source] as const],
  );
  return sources.length === 0 ? {} : { sources: new Map(sources) };
}

/** Readable for everybody in the container, as in Compose. */
const SECRET_MODE = 0o444;

function buildSecrets(
  { name }: ServiceModel,
  { secrets }: Analysis,
  lookup: ContainerOptions['lookup'],
): readonly SecretFileSpec[] {
  const specs = (secrets.placed.get(name) ?? []).map(({ use, reference }): SecretFileSpec => {
    const { target, mode = SECRET_MODE, uid, gid } = use;
    return {
      ...defined({ target, mode, uid, gid }),
      content: lookup(reference) ?? new Secret('', reference),
    };
  });
  return specs.sort((a, b) => compareText(a.target, b.target));
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function filled<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> | undefined {
  return Object.keys(record).length > 0 ? record : undefined;
}

/** Values that cannot be filled in have been reported; a variable that only passes on an unset one is left out. */
function buildEnv(
  { env }: ServiceModel,
  lookup: ContainerOptions['lookup'],
): Readonly<Record<string, string | Secret>> {
  const sorted = [...env].sort((a, b) => compareText(a.name, b.name));
  const lookupValue: Lookup = (reference, fallback) => withoutNewline(reference, lookup(reference, fallback));
  return toRecord(
    sorted.flatMap(({ name, value }) => {
      const parts = parseEnvValue(value);
      const resolved = isProblem(parts) ? undefined : resolveEnvValue(parts, lookupValue);
      return resolved === undefined ? [] : [[name, resolved] as const];
    }),
  );
}

/** A file that is encrypted as a whole ends as files do; a variable is given what was typed. */
function withoutNewline(reference: string, secret: Secret | undefined): Secret | undefined {
  const isFile = reference.startsWith('secret://age/') || /^secret:\/\/sops\/[^#]*$/.test(reference);
  if (!isFile || secret === undefined || !secret.isText()) return secret;
  const text = secret.reveal();
  return text.endsWith('\n') ? new Secret(text.replace(/\r?\n$/, ''), secret.reference) : secret;
}

function buildPorts({ ports = [] }: ServiceModel, number: number): readonly PortSpec[] {
  const own = ports.map((entry) => portOfReplica(entry, number));
  const unique = new Map(own.map((port) => [portText(port), port]));
  return [...unique.values()].sort(
    (a, b) =>
      a.containerPort - b.containerPort ||
      compareText(a.protocol, b.protocol) ||
      (a.hostPort ?? 0) - (b.hostPort ?? 0) ||
      compareText(a.hostIp ?? '', b.hostIp ?? ''),
  );
}

/** `127.0.0.1:8080:80/tcp` */
export function portText({ hostIp, hostPort, containerPort, protocol }: PortSpec): string {
  const ip = hostIp?.includes(':') ? `[${hostIp}]` : hostIp;
  const published = hostPort === undefined && ip === undefined ? [] : [hostPort ?? ''];
  return `${[...(ip === undefined ? [] : [ip]), ...published, containerPort].join(':')}/${protocol}`;
}

function buildMounts({ mounts }: ServiceModel, { kombination }: Analysis): readonly MountSpec[] {
  const specs = mounts.map(({ mount }): MountSpec => {
    if (mount.type !== 'volume') return mount;
    return {
      ...mount,
      source: engineName(projectOf(kombination), mount.source, own(kombination.volumes, mount.source)),
    };
  });
  return specs.sort((a, b) => compareText(a.target, b.target));
}

/**
 * Returns the restart policy of a service that says none: what others wait for to complete is not started again, and one of a Compose file,
 * where nothing would be, only after a failure (decision 034).
 */
export function defaultRestart({ name }: ServiceModel, { dependencies, adopted }: Analysis): RestartSpec {
  for (const list of dependencies.values()) {
    if (list.some(({ target, until }) => target.name === name && until === 'completed'))
      return { policy: 'no' };
  }
  return { policy: adopted.has(name) ? 'on-failure' : 'unless-stopped' };
}

function buildDependencies(service: ServiceModel, { dependencies }: Analysis): readonly Dependency[] {
  const { node } = service;
  const result: Dependency[] = [{ id: resourceId(node, 'image', service.image ?? ''), until: 'applied' }];
  for (const { name } of networksOf(service))
    result.push({ id: resourceId(node, 'network', name), until: 'applied' });
  const volumes = service.mounts.flatMap(({ mount }) => (mount.type === 'volume' ? [mount.source] : []));
  for (const name of new Set(volumes))
    result.push({ id: resourceId(node, 'volume', name), until: 'applied' });
  for (const { target, until } of dependencies.get(service.name) ?? []) {
    for (const number of numbersOf(target)) {
      result.push({ id: resourceId(target.node, 'container', replicaName(target.name, number)), until });
    }
  }
  return result;
}

function buildOrigins(
  { service, analysis, positionOf }: ContainerOptions,
  spec: ContainerSpec,
): Pick<DesiredResource, 'origins'> {
  if (service.partOf !== undefined) return {};
  const written = asFields(valueAt(analysis.document.value, service.path)) ?? {};
  const origins: [string, Position][] = [];
  for (const [key, names] of Object.entries(WRITTEN_AS)) {
    const name = names.find((candidate) => Object.hasOwn(written, candidate));
    if (Object.hasOwn(spec, key) && name !== undefined)
      origins.push([key, positionOf([...service.path, name])]);
  }
  return origins.length > 0 ? { origins: toRecord(origins) } : {};
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let result = value;
  for (const part of path) {
    result = typeof part === 'number' ? asList(result)?.[part] : own(asFields(result), part);
  }
  return result;
}

const ENGINE_DEFAULTS = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, retries: 3 };
const MIN_HEALTH_TIMEOUT_MS = 60_000;

/** Returns the time that the engine itself may need to decide, at least a minute; `undefined` where there is no health check. */
export function healthTimeout(healthcheck: HealthcheckSpec | undefined): number | undefined {
  if (!healthcheck || 'disabled' in healthcheck) return undefined;
  const { intervalMs, timeoutMs, startPeriodMs, retries } = { ...ENGINE_DEFAULTS, ...healthcheck };
  return Math.max(MIN_HEALTH_TIMEOUT_MS, startPeriodMs + retries * (intervalMs + timeoutMs));
}
