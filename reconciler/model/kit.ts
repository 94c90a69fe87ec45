import baseKit from '../../schemas/kits/base-kit/stackkit.json' with { type: 'json' };
import type { Issues } from './issue.ts';
import { suggest } from './nearest.ts';
import type { Fields } from './values.ts';

/** A catalogue of services with defaults (`schemas/stackkit.schema.json`). */
export interface StackKit {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly aliases?: readonly string[];
  /** The service that routes lead through, and the network it shares with routed services. */
  readonly proxy: { readonly service: string; readonly network: string };
  readonly services: Readonly<Record<string, KitService>>;
}

export interface KitService {
  readonly description: string;
  /** In the words of `kombination.yaml`, with `{{…}}` to fill in. */
  readonly service: Fields;
  readonly settings?: Readonly<Record<string, KitSetting>>;
  readonly parts?: Readonly<Record<string, Fields>>;
}

export interface KitSetting {
  readonly description: string;
  readonly type: string;
  readonly default?: string | boolean | number;
  readonly enum?: readonly string[];
  readonly route?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly parts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const KITS: readonly StackKit[] = [baseKit];

/** Kits that other pages describe and that this version does not have. */
const ELSEWHERE = [
  'ha-kit',
  'ha-homelab',
  'modern-homelab',
  'basement-kit',
  'cloud-kit',
  'media-stack',
  'ai-stack',
];

/** The kit that a document names; reports names that there is no kit for. */
export function findKit(name: string | undefined, issues: Issues): StackKit | undefined {
  if (name === undefined) return undefined;
  const kit = KITS.find((candidate) => candidate.name === name);
  if (kit) return kit;
  const renamed = KITS.find((candidate) => candidate.aliases?.includes(name));
  if (renamed) {
    issues.warning('RENAMED_KIT', ['stackkit'], `${name} is now called ${renamed.name}`, {
      hint: `stackkit: ${renamed.name}`,
    });
    return renamed;
  }
  const names = KITS.map((candidate) => candidate.name);
  if (ELSEWHERE.includes(name)) {
    issues.error('UNSUPPORTED_KIT', ['stackkit'], `the kit ${name} is not part of this version`, {
      hint: `there is: ${names.join(', ')}`,
    });
  } else {
    issues.error('UNKNOWN_KIT', ['stackkit'], `there is no kit ${name}`, { hint: suggest(name, names) });
  }
  return undefined;
}

/** The kit's own spelling of a service (`uptime_kuma` is `uptime-kuma`), or `undefined` when it has none of that name. */
export function kitServiceName(kit: StackKit, name: string): string | undefined {
  const spelled = name.toLowerCase().replaceAll('_', '-');
  return Object.hasOwn(kit.services, spelled) ? spelled : undefined;
}

/** Every text in a definition with its `{{name}}` filled in. */
export function fillIn<T>(value: T, values: Readonly<Record<string, string>>): T {
  return fill(value, values) as T;
}

function fill(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    if (!value.includes('{{')) return value;
    return value.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
  }
  if (Array.isArray(value)) return value.map((item: unknown) => fill(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [String(fill(key, values)), fill(member, values)]),
  );
}
