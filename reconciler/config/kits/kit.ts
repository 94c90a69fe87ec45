import { own, asText } from '../../base/values.ts';
import type { Definitions } from './kit-definitions.ts';
import { createDefinitions } from './kit-definitions.ts';
import type { Fields } from '../../base/values.ts';

/** A catalogue of services with defaults, as written (`schemas/stackkit.schema.json`). */
export interface StackKit {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly aliases?: readonly string[];
  /** A kit whose services, add-ons and proxy this one has as well. Its own name means the one that comes along. */
  readonly extends?: string;
  readonly proxy?: KitProxy;
  readonly limits?: KitLimits;
  readonly services?: Readonly<Record<string, KitService>>;
  readonly addons?: Readonly<Record<string, KitAddon>>;
  /** Service that is meant by a type, such as `database`. */
  readonly types?: Readonly<Record<string, string>>;
}

/** The service that routes lead through, and the network it shares with routed services. */
export interface KitProxy {
  readonly service: string;
  readonly network: string;
  /** Paths where a certificate of one's own is put in its container. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Fields that it is told besides, for each way to come by certificates. */
  readonly tls?: Readonly<Record<string, Fields>>;
}

export interface KitLimits {
  readonly nodes?: { readonly min?: number; readonly max?: number };
  /** Number of nodes of each place that there must be at least. */
  readonly places?: { readonly cloud?: number; readonly local?: number };
  readonly domain?: boolean;
  /** Resources that every node should have, where the stack says what it has. Megabytes. */
  readonly node?: { readonly cpu?: number; readonly memory?: number };
}

export interface KitService {
  readonly description: string;
  readonly aliases?: readonly string[];
  /** Services of the kit that come along. */
  readonly needs?: readonly string[];
  /** Service in the words of `kombination.yaml`, with `{{…}}` to fill in. */
  readonly service: Fields;
  readonly settings?: Readonly<Record<string, KitSetting>>;
  readonly parts?: Readonly<Record<string, Fields>>;
}

export interface KitSetting {
  readonly description: string;
  readonly type: string;
  readonly default?: string | boolean | number;
  readonly enum?: readonly string[];
  /** The service cannot run without it. */
  readonly required?: boolean;
  /** Settings that must be given together with this one. */
  readonly requires?: readonly string[];
  /** The warning when it is not given. */
  readonly missing?: { readonly code: string; readonly message: string };
  readonly service?: Fields;
  /** Fields that are repeated for every entry of a list. */
  readonly each?: Fields;
  /** Fields by value. */
  readonly choices?: Readonly<Record<string, Fields>>;
  readonly parts?: Readonly<Record<string, Fields>>;
}

export interface KitAddon {
  readonly description: string;
  readonly services: readonly string[];
}

/** A kit with everything that it draws from others. */
export interface Kit {
  readonly name: string;
  readonly description: string;
  readonly proxy: KitProxy | undefined;
  readonly limits: KitLimits;
  readonly services: Readonly<Record<string, KitService>>;
  readonly addons: Readonly<Record<string, KitAddon>>;
  readonly types: Readonly<Record<string, string>>;
  /** Every spelling of a service in lower case with hyphens. */
  readonly spellings: ReadonlyMap<string, string>;
  readonly definitions: Definitions;
}

/** The kit's own spelling of a service (`uptime_kuma` is `uptime-kuma`), or `undefined` when it has none of that name. */
export function kitServiceName(kit: Kit, name: string): string | undefined {
  return kit.spellings.get(name.toLowerCase().replaceAll('_', '-'));
}

/** A kit on top of the one it extends; services and add-ons of the same name are its own. */
export function resolveKit(kit: StackKit, base: Kit | undefined): Kit {
  const services = { ...base?.services, ...kit.services };
  const spellings = new Map<string, string>();
  for (const [name, { aliases = [] }] of Object.entries(services)) {
    for (const alias of aliases) spellings.set(alias, name);
  }
  for (const name of Object.keys(services)) spellings.set(name, name);
  return {
    name: kit.name,
    description: kit.description,
    proxy: kit.proxy ?? base?.proxy,
    limits: kit.limits ?? {},
    services,
    addons: { ...base?.addons, ...kit.addons },
    types: { ...base?.types, ...kit.types },
    spellings,
    definitions: createDefinitions(),
  };
}

/** Every text in a definition with its `{{name}}` filled in. */
export function fillIn<T>(value: T, values: Readonly<Record<string, string>>): T {
  return substitute(value, values) as T;
}

function substitute(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    if (!value.includes('{{')) return value;
    return value.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => own(values, name) ?? whole);
  }
  if (Array.isArray(value)) return value.map((item: unknown) => substitute(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      asText(substitute(key, values)),
      substitute(member, values),
    ]),
  );
}
