import type { DocumentPath } from '../../base/document-path.ts';
import type { EnvEntry, PortEntry, ServiceFields } from '../kombination/kombination.ts';
import { compareText, toRecord } from '../../base/values.ts';

/** Adds a setting's fields to a kit's definition: words are appended to the command, ports go by their container port. */
export function withFragment(fields: ServiceFields, fragment: ServiceFields): ServiceFields {
  const merged = mergeFields(fields, fragment);
  const ports = mergePorts(fields.ports, fragment.ports);
  const command = [...(fields.command ?? []), ...(fragment.command ?? [])];
  return {
    ...merged,
    ...(command.length > 0 ? { command } : {}),
    ...(ports ? { ports } : {}),
  };
}

function mergePorts(
  first: readonly PortEntry[] | undefined,
  second: readonly PortEntry[] | undefined,
): readonly PortEntry[] | undefined {
  if (!first || !second) return second ?? first;
  const idOf = ({ port }: PortEntry): string => `${port.containerPort}/${port.protocol}`;
  const overridden = new Set(second.map(idOf));
  return [...first.filter((entry) => !overridden.has(idOf(entry))), ...second];
}

/** A kit's definition whose every part points at the service that asked for it. */
export function atPath(fields: ServiceFields, path: DocumentPath): ServiceFields {
  const moved = <T extends { readonly path: DocumentPath }>(entries: readonly T[]): readonly T[] =>
    entries.map((entry) => ({ ...entry, path }));
  return {
    ...fields,
    ...(fields.ports ? { ports: moved(fields.ports) } : {}),
    ...(fields.networks ? { networks: moved(fields.networks) } : {}),
    env: moved(fields.env),
    mounts: moved(fields.mounts),
    dataMounts: moved(fields.dataMounts),
    files: moved(fields.files),
    secrets: moved(fields.secrets),
    links: moved(fields.links),
    volumesFrom: moved(fields.volumesFrom),
    dependsOn: moved(fields.dependsOn),
  };
}

/**
 * Puts what the author says over what the kit says: maps are merged, mounts and files by target; ports, networks and everything else are
 * replaced.
 */
export function mergeFields(kit: ServiceFields, own: ServiceFields): ServiceFields {
  const placed = new Set(own.secrets.map(({ target }) => target));
  const targets = new Set([...own.mounts, ...own.dataMounts].map(({ mount }) => mount.target));
  const written = new Set(own.files.map(({ target }) => target));
  return {
    ...kit,
    ...own,
    env: mergeEnv(kit.env, own.env),
    labels: mergeLabels(kit.labels, own.labels),
    mounts: [...kit.mounts.filter(({ mount }) => !targets.has(mount.target)), ...own.mounts],
    dataMounts: [...kit.dataMounts.filter(({ mount }) => !targets.has(mount.target)), ...own.dataMounts],
    files: [...kit.files.filter(({ target }) => !written.has(target)), ...own.files],
    secrets: [...kit.secrets.filter(({ target }) => !placed.has(target)), ...own.secrets],
    dependsOn: [...kit.dependsOn, ...own.dependsOn],
    resources: { ...kit.resources, ...own.resources },
    options: { ...kit.options, ...own.options },
    ...mergeRoute(kit.route, own.route),
  };
}

function mergeRoute(kit: ServiceFields['route'], own: ServiceFields['route']): Pick<ServiceFields, 'route'> {
  const route = own && kit ? { ...kit, ...own } : (own ?? kit);
  return route === undefined ? {} : { route };
}

function mergeEnv(first: readonly EnvEntry[], second: readonly EnvEntry[]): readonly EnvEntry[] {
  const entries = new Map([...first, ...second].map((entry) => [entry.name, entry]));
  return [...entries.values()];
}

export function mergeLabels(
  first: ServiceFields['labels'],
  second: ServiceFields['labels'],
): ServiceFields['labels'] {
  return toRecord(Object.entries({ ...first, ...second }).sort(([a], [b]) => compareText(a, b)));
}
