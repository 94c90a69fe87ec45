import type { DocumentPath } from './document-path.ts';
import type { EnvEntry, ServiceFields } from './kombination.ts';
import type { SettingEffects } from './kit-settings.ts';
import { compareText, toRecord } from './values.ts';

/** A kit's definition with its settings; every part now points at the service that asked for it. */
export function withEffects(
  fields: ServiceFields,
  effects: SettingEffects,
  path: DocumentPath,
): ServiceFields {
  const variables = Object.entries(effects.env).map(([name, value]) => ({ name, value, path }));
  const command = [...(fields.command ?? []), ...effects.command];
  return {
    ...fields,
    ...(effects.image === undefined ? {} : { image: effects.image }),
    ...(command.length > 0 ? { command } : {}),
    ...(effects.offProxy ? { route: false as const } : {}),
    ...(fields.ports ? { ports: fields.ports.map((entry) => ({ ...entry, path })) } : {}),
    env: mergeEnv(
      fields.env.map((entry) => ({ ...entry, path })),
      variables,
    ),
    labels: mergeLabels(fields.labels, effects.labels),
    mounts: fields.mounts.map((entry) => ({ ...entry, path })),
    dependsOn: fields.dependsOn.map((entry) => ({ ...entry, path })),
  };
}

/**
 * What the author says over what the kit says: maps are merged, mounts and files by target; ports, networks and
 * everything else are replaced.
 */
export function mergeFields(kit: ServiceFields, own: ServiceFields): ServiceFields {
  const placed = new Set(own.secrets.map(({ target }) => target));
  const targets = new Set(own.mounts.map(({ mount }) => mount.target));
  return {
    ...kit,
    ...own,
    env: mergeEnv(kit.env, own.env),
    labels: mergeLabels(kit.labels, own.labels),
    mounts: [...kit.mounts.filter(({ mount }) => !targets.has(mount.target)), ...own.mounts],
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
