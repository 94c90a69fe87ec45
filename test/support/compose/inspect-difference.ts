/*
 * The answers of engine inspect for two containers, made comparable: names and ids of one project are replaced by words that both have,
 * labels of owners and what the engine derives from the rest are left out, and lists whose order means nothing are sorted. That nothing is said is one thing, whether the engine
 * keeps it as null, as an empty list or as an empty map.
 */

/** The part of the engine's answer that is compared. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly Mounts: readonly { readonly Destination: string }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> };
}

/** Values by path, `HostConfig.Memory`, as JSON. */
export type Fields = ReadonlyMap<string, string>;

export interface Difference {
  readonly field: string;
  /** `undefined`: there is no such field. */
  readonly compose: string | undefined;
  readonly kombinator: string | undefined;
}

const OWNERS = /^(com\.docker\.compose|io\.kombinator)\./;
const SETS = new Set(
  'Env Binds Mounts CapAdd CapDrop GroupAdd SecurityOpt Aliases Links ExtraHosts Ulimits Devices DeviceCgroupRules VolumesFrom LinkLocalIPs'.split(
    ' ',
  ),
);

/** Names of a container and its aliases together, known to recent engines. */
const DERIVED = new Set(['DNSNames']);

/**
 * The containers of a project by name without that of the project.
 *
 * @param names what is called otherwise in the other project, with the word that stands for it
 */
export function comparable(
  containers: readonly Container[],
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, Fields> {
  const words = [
    ...containers.flatMap(({ Id, Name }): [string, string][] => [
      [Id, `ID(${Name})`],
      [Id.slice(0, 12), `ID(${Name})`],
    ]),
    ...names,
  ];
  const plain = (text: string) =>
    words
      .reduce((result, [from, to]) => result.replaceAll(from, to), text)
      .replaceAll(/\b[0-9a-f]{64}\b/g, 'ID');
  return new Map(
    containers.map((container) => {
      const { Name, Config, HostConfig, Mounts, NetworkSettings } = JSON.parse(
        plain(JSON.stringify(container)),
      ) as Container;
      const fields = new Map<string, string>();
      const { Networks } = NetworkSettings;
      const places = Object.fromEntries(Mounts.map((mount) => [mount.Destination, mount]));
      flatten({ Config, HostConfig, Mounts: places, Networks }, [], fields);
      return [Name.replace(/^\/(PROJECT-)?/, ''), fields];
    }),
  );
}

function flatten(value: unknown, path: readonly string[], fields: Map<string, string>): void {
  if (isRecord(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if ((path.at(-1) === 'Labels' && OWNERS.test(key)) || DERIVED.has(key)) continue;
      flatten(inner, [...path, key], fields);
    }
    return;
  }
  // Engines before 25 keep what was not said as an empty text.
  if (path.at(-2) === 'RestartPolicy' && value === '') return void fields.set(path.join('.'), '"no"');
  const text = JSON.stringify(ordered(value, SETS.has(path.at(-1) ?? '')));
  if (!isNothing(text)) fields.set(path.join('.'), text);
}

const isNothing = (text: string): boolean => ['null', '[]', '{}'].includes(text);

/** Returns the value with keys in order and without those that say nothing; the items of a set in order too, and each once. */
function ordered(value: unknown, isSet: boolean): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => ordered(item, false));
    const unique = new Map(items.map((item) => [JSON.stringify(item), item]));
    return isSet ? [...unique.keys()].toSorted().map((text) => unique.get(text)) : items;
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, ordered(inner, false)] as const)
      .filter(([, inner]) => !isNothing(JSON.stringify(inner))),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields that are not the same in both. */
export function differences(compose: Fields, kombinator: Fields): readonly Difference[] {
  return [...new Set([...compose.keys(), ...kombinator.keys()])]
    .map((field) => ({ field, compose: compose.get(field), kombinator: kombinator.get(field) }))
    .filter((one) => one.compose !== one.kombinator);
}
