import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DependencyEntry, Kombination, ServiceModel } from '../kombination.ts';
import { suggest } from '../../../base/nearest.ts';
import { numbersOf, portOfReplica } from '../replicas.ts';

/** A dependency whose service is there and enabled. */
export interface ResolvedDependency extends DependencyEntry {
  readonly target: ServiceModel;
}

export type DependencyMap = ReadonlyMap<string, readonly ResolvedDependency[]>;

/** Checks what refers to what inside one stack. `written` holds the names of disabled services as well. */
export function checkReferences(
  kombination: Kombination,
  written: ReadonlySet<string>,
  diagnostics: DiagnosticCollector,
): DependencyMap {
  const nodes = kombination.nodes.map((node) => node.name);
  for (const service of kombination.services) {
    if (service.partOf !== undefined) continue;
    if (nodes.length > 0 && !nodes.includes(service.node)) {
      const message = `${service.name} is to run on ${service.node}, which is not a node of this stack`;
      diagnostics.error('UNKNOWN_NODE', [...service.path, 'node'], message, {
        hint: suggest(service.node, nodes),
      });
    }
    checkNetworks(service, kombination, diagnostics);
    checkVolumes(service, kombination, diagnostics);
  }
  const dependencies = resolveDependencies(kombination, written, diagnostics);
  checkCycles(kombination, dependencies, diagnostics);
  checkCompletions(kombination, dependencies, diagnostics);
  return dependencies;
}

function checkNetworks(
  service: ServiceModel,
  { networks }: Kombination,
  diagnostics: DiagnosticCollector,
): void {
  for (const { name, path } of service.networks ?? []) {
    if (name === 'default' || Object.hasOwn(networks, name)) continue;
    diagnostics.error(
      'UNKNOWN_NETWORK',
      path,
      `${service.name} joins the network ${name}, which is not declared`,
      {
        hint: suggest(name, Object.keys(networks)) ?? `add it under the top-level networks:`,
      },
    );
  }
}

function checkVolumes(
  service: ServiceModel,
  { volumes }: Kombination,
  diagnostics: DiagnosticCollector,
): void {
  for (const { mount, path } of service.mounts) {
    if (mount.type !== 'volume' || Object.hasOwn(volumes, mount.source)) continue;
    diagnostics.error(
      'UNKNOWN_VOLUME',
      path,
      `${service.name} mounts the volume ${mount.source}, which is not declared`,
      {
        hint: suggest(mount.source, Object.keys(volumes)) ?? `add it under the top-level volumes:`,
      },
    );
  }
}

function resolveDependencies(
  { services }: Kombination,
  written: ReadonlySet<string>,
  diagnostics: DiagnosticCollector,
): DependencyMap {
  const byName = new Map(services.map((service) => [service.name, service]));
  const drawn = services.filter(({ kind }) => kind !== undefined);
  const bySpelling = new Map(drawn.map((service) => [service.name, service]));
  const result = new Map<string, readonly ResolvedDependency[]>();
  for (const service of services) {
    const resolved = new Map<string, ResolvedDependency>();
    for (const dependency of service.dependsOn) {
      const target = byName.get(dependency.service) ?? bySpelling.get(spell(dependency.service));
      if (!target && dependency.required)
        reportUnknown(service, dependency, { byName, written, diagnostics });
      if (!target) continue;
      const earlier = resolved.get(target.name);
      if (!earlier || rank(earlier) < rank(dependency)) resolved.set(target.name, { ...dependency, target });
    }
    result.set(service.name, [...resolved.values()]);
  }
  return result;
}

/** Names of kit services may be written with either hyphens or underscores. */
function spell(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function rank({ until }: DependencyEntry): number {
  return ['applied', 'healthy', 'completed'].indexOf(until);
}

interface Names {
  readonly byName: ReadonlyMap<string, ServiceModel>;
  readonly written: ReadonlySet<string>;
  readonly diagnostics: DiagnosticCollector;
}

function reportUnknown(service: ServiceModel, { service: name, path }: DependencyEntry, names: Names): void {
  const disabled = names.written.has(name);
  const message = `${service.name} depends on ${name}, which is ${disabled ? 'disabled' : 'not a service of this stack'}`;
  const known = [...names.byName.values()].filter((other) => other.partOf === undefined && other !== service);
  const hint = disabled
    ? `enable ${name}`
    : suggest(
        name,
        known.map((other) => other.name),
      );
  names.diagnostics.error('UNKNOWN_SERVICE', path, message, { hint });
}

/** Reports each cycle once, at the dependency that closes it. */
function checkCycles(
  { services }: Kombination,
  dependencies: DependencyMap,
  diagnostics: DiagnosticCollector,
): void {
  const done = new Set<string>();
  const chain = new Map<string, number>();
  let found = 0;
  function visit(name: string): void {
    chain.set(name, chain.size);
    for (const { target, path } of dependencies.get(name) ?? []) {
      const start = chain.get(target.name);
      if (start !== undefined) {
        found += 1;
        if (found > MAX_CYCLES) return;
        const cycle = [...[...chain.keys()].slice(start), target.name];
        diagnostics.error('CIRCULAR_DEPENDENCY', path, `services wait for each other: ${sayCycle(cycle)}`);
      } else if (!done.has(target.name)) {
        visit(target.name);
      }
      if (found > MAX_CYCLES) return;
    }
    chain.delete(name);
    done.add(name);
  }
  for (const { name } of services) if (!done.has(name) && found <= MAX_CYCLES) visit(name);
}

/** Cycles that are told of: as soon as some are opened, others may be gone. */
const MAX_CYCLES = 20;
const MAX_NAMES = 20;

function sayCycle(names: readonly string[]): string {
  if (names.length <= MAX_NAMES) return names.join(' → ');
  return `${names.slice(0, MAX_NAMES - 1).join(' → ')} → … (${names.length} in all) → ${names.at(-1)}`;
}

/** Checks that what is waited for to complete is allowed to end. */
function checkCompletions(
  { services }: Kombination,
  dependencies: DependencyMap,
  diagnostics: DiagnosticCollector,
): void {
  for (const service of services) {
    for (const { until, target, path } of dependencies.get(service.name) ?? []) {
      const policy = target.restart?.policy;
      if (until !== 'completed' || (policy !== 'always' && policy !== 'unless-stopped')) continue;
      const message = `${service.name} waits for ${target.name} to complete, which restart: ${policy} never lets happen`;
      diagnostics.error('INVALID_VALUE', path, message, {
        hint: `set restart: "no" at ${formatPath(target.path)}`,
      });
    }
  }
}

/** Services (not parts) in start order; among those that are free to start, the order they are written in. */
export function startOrder({ services }: Kombination, dependencies: DependencyMap): readonly string[] {
  const order = new Set<string>();
  const visited = new Set<string>();
  function visit(service: ServiceModel): void {
    if (visited.has(service.name)) return;
    visited.add(service.name);
    for (const { target } of dependencies.get(service.name) ?? []) visit(target);
    if (service.partOf === undefined) order.add(service.name);
  }
  for (const service of services) visit(service);
  return [...order];
}

/** Returns the services (not parts) that a service depends on. */
export function serviceDependencies(dependencies: DependencyMap, name: string): readonly string[] {
  const names = (dependencies.get(name) ?? []).map(({ target }) => target.partOf ?? target.name);
  return [...new Set(names)].filter((other) => other !== name);
}

/** A published port on one engine. */
export interface PublishedPort {
  /** `engine|protocol|port` */
  readonly key: string;
  readonly hostIp?: string;
  readonly service: string;
  readonly path: DocumentPath;
}

export function publishedPorts(
  { services }: Kombination,
  engineOf: (service: ServiceModel) => string | undefined,
): readonly PublishedPort[] {
  return services.flatMap((service) => {
    const engine = engineOf(service);
    if (engine === undefined) return [];
    return (service.ports ?? []).flatMap((entry): readonly PublishedPort[] => {
      const { path, lastHostPort } = entry;
      // A port that several containers cannot share has been reported.
      const numbers = lastHostPort === undefined ? [1] : numbersOf(service);
      return numbers.flatMap((number): PublishedPort[] => {
        const { hostPort, hostIp, protocol } = portOfReplica(entry, number);
        if (hostPort === undefined || hostPort > (lastHostPort ?? hostPort)) return [];
        const key = `${engine}|${protocol}|${hostPort}`;
        return [{ key, service: service.name, path, ...(hostIp === undefined ? {} : { hostIp }) }];
      });
    });
  });
}
