import { BASIC_OPTIONS } from '../../model/docker/options/basic-options.ts';
import { LIMIT_ROWS } from '../../model/docker/options/limit-options.ts';
import type { PortSpec } from '../../model/docker/docker-spec.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { DesiredResource } from '../../model/resource.ts';
import { MASK } from '../../model/secret.ts';
import { asFields, asList, asNumber, asString, own, asText } from '../../base/values.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { Change } from '../../plan/plan.ts';
import { portText } from '../../render/container.ts';
import type { SplicePath } from '../write/yaml-splice.ts';
import { spliceYaml } from '../write/yaml-splice.ts';

/** Edit of a kombination that writes what runs into it, as far as it has a place there. */
export interface DriftEdit {
  readonly text: string;
  /** `local/container/web env.LEVEL`, in plan order. */
  readonly placed: readonly string[];
  readonly unplaced: readonly string[];
}

export interface DriftEditOptions {
  readonly text: string;
  readonly changes: readonly Change[];
  readonly desired: ReadonlyMap<string, DesiredResource>;
  /** A container that is gone turns its service off. Others may need it, and then that cannot be said. Default true. */
  readonly turnOff?: boolean;
}

/** Options whose value is written as it is in a spec, and their keys. */
const SCALARS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(BASIC_OPTIONS).flatMap(([name, row]) => ('toCompose' in row ? [] : [[name, row.key]])),
);

/** Paths where limits may be written; the first that is there counts, the last is where a new one goes. */
const LIMITS: ReadonlyMap<string, readonly SplicePath[]> = new Map(
  LIMIT_ROWS.map(([name, { key, places }]) => [
    name,
    [[key], ...places.toReversed().map((place) => place.split('.'))],
  ]),
);

/**
 * Edits a kombination so that it asks for what runs. Comments, order and form of everything else stay. What cannot be
 * said in the file, secret values and everything about one of several containers of a service have no place in it.
 */
export function editForDrift({ text, changes, desired, turnOff = true }: DriftEditOptions): DriftEdit {
  const placed: string[] = [];
  const unplaced: string[] = [];
  let result = text;
  for (const change of changes) {
    if (change.action === 'no-op') continue;
    const service = serviceOf(change, result, desired);
    for (const { label, splices } of topics(change, service, desired)) {
      const isPlaceless = splices === null || (change.action === 'create' && !turnOff);
      const next = isPlaceless ? null : applyAll(result, splices);
      if (next === null) unplaced.push(`${change.id} ${label}`);
      else placed.push(`${change.id} ${label}`);
      result = next ?? result;
    }
  }
  return { text: result, placed, unplaced };
}

interface Splice {
  readonly path: SplicePath;
  readonly value: Json | undefined;
}

interface Topic {
  readonly label: string;
  readonly splices: readonly Splice[] | null;
}

interface Service {
  readonly path: SplicePath;
  readonly fields: Readonly<Record<string, unknown>>;
}

function applyAll(text: string, splices: readonly Splice[]): string | null {
  let result: string | null = text;
  for (const { path, value } of splices) result = result === null ? null : spliceYaml(result, path, value);
  return result;
}

/** Finds where the service of a container is written; `null` when it is not a map in this text. */
function serviceOf(change: Change, text: string, desired: DriftEditOptions['desired']): Service | null {
  if (change.kind !== 'container' || desired.get(change.id) === undefined) return null;
  if (change.name.includes('#') || desired.has(`${change.id}#2`)) return null;
  const services = asFields(parseYaml(text).value)?.['services'];
  const list = asList(services);
  if (list) {
    const index = list.findIndex((item) => asFields(item)?.['name'] === change.name);
    const fields = asFields(list[index]);
    return fields ? { path: ['services', index], fields } : null;
  }
  const map = asFields(services);
  if (!map || !Object.hasOwn(map, change.name)) return null;
  const fields = asFields(own(map, change.name)) ?? (own(map, change.name) === null ? {} : undefined);
  return fields ? { path: ['services', change.name], fields } : null;
}

function topics(
  { action, fields, before, cause }: Change,
  service: Service | null,
  desired: DriftEditOptions['desired'],
): readonly Topic[] {
  if (action === 'create') {
    const off = service === null ? null : [{ path: [...service.path, 'enabled'], value: false }];
    return [{ label: 'is not there', splices: off }];
  }
  if (fields.length === 0) return [{ label: cause, splices: null }];
  const whole = new Set<string>();
  return fields.flatMap(({ path, sensitive, ...field }): readonly Topic[] => {
    const [key = '', ...rest] = path.split(/[.[]/);
    if (service === null || before === null || sensitive === true) return [{ label: path, splices: null }];
    if (key === 'env' || key === 'labels') {
      const known = new Set([field.before, field.after].flatMap((side) => Object.keys(asFields(side) ?? {})));
      const names = rest.length > 0 ? [nameIn(path, key)] : [...known].sort();
      return names.map((name) => ({
        label: rest.length > 0 ? path : `${key}.${name}`,
        splices: name === null ? null : pairSplices(service, key, name, before[key]),
      }));
    }
    if (key === 'resources') {
      return [{ label: path, splices: limitSplices(service, rest[0] ?? '', before['resources']) }];
    }
    // Lists and such are written as a whole, once.
    if (whole.has(key)) return [];
    whole.add(key);
    return [{ label: key, splices: wholeSplices(service, key, before, desired) }];
  });
}

/** `env.LEVEL` and `labels["a.b"]`; `null` for what lies deeper. */
function nameIn(path: string, key: string): string | null {
  const rest = path.slice(key.length);
  const quoted = /^\[(".*")\]$/.exec(rest)?.[1];
  if (quoted !== undefined) return asString(JSON.parse(quoted)) ?? null;
  return /^\.([\w-]+)$/.exec(rest)?.[1] ?? null;
}

function pairSplices(
  { path, fields }: Service,
  key: 'env' | 'labels',
  name: string,
  observed: Json | undefined,
): readonly Splice[] | null {
  const written =
    key === 'env' && fields['env'] === undefined && fields['environment'] !== undefined ? 'environment' : key;
  const value = asString(own(asFields(observed), name));
  if (value === MASK) return null;
  const text = value === undefined ? undefined : escapeDollars(value);
  const list = asList(fields[written]);
  if (!list) return [{ path: [...path, written, name], value: text }];
  const index = list.findIndex((item) => asString(item)?.split('=', 1)[0] === name);
  if (index >= 0 && text !== undefined)
    return [{ path: [...path, written, index], value: `${name}=${text}` }];
  const others = list.filter((_, at) => at !== index).map(String);
  return [{ path: [...path, written], value: text === undefined ? others : [...others, `${name}=${text}`] }];
}

/** A dollar sign would be read as the beginning of a variable. */
function escapeDollars(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function limitSplices(
  { path, fields }: Service,
  key: string,
  observed: Json | undefined,
): readonly Splice[] | null {
  const places = LIMITS.get(key);
  const value = own(asFields(observed), key);
  const place = places?.find((candidate) => valueAt(fields, candidate) !== undefined) ?? places?.at(-1);
  if (place === undefined) return null;
  const at = [...path, ...place];
  if (value === undefined) return [{ path: at, value: undefined }];
  if (key === 'cpuset') return [{ path: at, value: asString(value) ?? null }];
  const amount = asNumber(value);
  if (amount === undefined) return null;
  if (key === 'nanoCpus') return [{ path: at, value: amount / 1e9 }];
  return [{ path: at, value: key.includes('Bytes') && amount > 0 ? bytesText(amount) : amount }];
}

function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['g', 2 ** 30],
    ['m', 2 ** 20],
    ['k', 2 ** 10],
  ] as const)
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes}b`;
}

function valueAt(fields: unknown, path: SplicePath): unknown {
  return path.reduce<unknown>((value, key) => own(asFields(value), String(key)), fields);
}

function wholeSplices(
  { path, fields }: Service,
  key: string,
  before: JsonObject,
  desired: DriftEditOptions['desired'],
): readonly Splice[] | null {
  const value = own(before, key);
  const at = (name: string): SplicePath => [...path, name];
  const plain = typeof value === 'string' ? escapeDollars(value) : value;
  const scalar = own(SCALARS, key);
  if (scalar !== undefined) return [{ path: at(scalar), value: plain }];
  switch (key) {
    case 'image':
      // A moved tag is no other image; what it was pulled as is what is written already.
      return typeof value === 'string' && !/@sha256:[0-9a-f]{12}$/.test(value)
        ? [{ path: at('image'), value }]
        : null;
    case 'command':
    case 'entrypoint':
      return [
        {
          path: at(key),
          value:
            value === undefined
              ? undefined
              : (asList(value)?.map((word) => escapeDollars(asText(word))) ?? null),
        },
      ];
    case 'ports':
      return portSplices(at('ports'), value);
    case 'restart':
      return [{ path: at('restart'), value: restartText(value) }];
    case 'networks':
      return networkSplices(at('networks'), {
        written: fields['networks'],
        value,
        service: before['service'],
        desired,
      });
    default:
      return null;
  }
}

function portSplices(path: SplicePath, value: Json | undefined): readonly Splice[] {
  const ports = (asList(value) ?? []).map((port) => portText(port as PortSpec).replace(/\/tcp$/, ''));
  return [{ path, value: ports.length > 0 ? ports : undefined }];
}

function restartText(value: Json | undefined): string {
  const { policy, maxRetries } = asFields(value) ?? {};
  const times = asNumber(maxRetries);
  return `${asString(policy) ?? 'no'}${times === undefined ? '' : `:${times}`}`;
}

/** Names alone: settings of a network that the author has written are not guessed at. */
function networkSplices(
  path: SplicePath,
  {
    written,
    value,
    service,
    desired,
  }: {
    readonly written: unknown;
    readonly value: Json | undefined;
    readonly service: Json | undefined;
    readonly desired: DriftEditOptions['desired'];
  },
): readonly Splice[] | null {
  if (written !== undefined && !asList(written)) return null;
  const names = new Map(
    [...desired.values()]
      .filter(({ kind }) => kind === 'network')
      .map(({ spec, name }) => [spec['name'], name]),
  );
  const joined: string[] = [];
  for (const [network, attachment] of Object.entries(asFields(value) ?? {})) {
    const name = names.get(network);
    const { aliases, ...rest } = asFields(attachment) ?? {};
    // Every container has the name of its service.
    const others = (asList(aliases) ?? []).filter((alias) => alias !== service);
    if (name === undefined || others.length > 0 || Object.keys(rest).length > 0) return null;
    joined.push(name);
  }
  return joined.length > 0 ? [{ path, value: joined.sort() }] : null;
}
