import baseKit from '../../../schemas/kits/base-kit/stackkit.json' with { type: 'json' };
import haKit from '../../../schemas/kits/ha-kit/stackkit.json' with { type: 'json' };
import modernHomelab from '../../../schemas/kits/modern-homelab/stackkit.json' with { type: 'json' };
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit, StackKit } from './kit.ts';
import { kitServiceName, resolveKit } from './kit.ts';
import { suggest } from '../../base/nearest.ts';
import { own, toRecord } from '../../base/values.ts';

/** Kits by name. */
export interface KitCatalogue {
  /** `null`: there is such a kit, and it has errors. */
  readonly kits: ReadonlyMap<string, Kit | null>;
  /** Older names, and the kits that they mean now. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** The kits that come along. */
export const BUILT_IN: readonly StackKit[] = [baseKit, haKit, modernHomelab];

/** The kit of stacks that leave the choice to Kombinator. */
export const DEFAULT_KIT = 'base-kit';

/** A kit that cannot be put together: a word for people. */
export interface KitDiagnostic {
  readonly kit: string;
  readonly path: DocumentPath;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface BuiltCatalogue extends KitCatalogue {
  readonly problems: readonly KitDiagnostic[];
}

/** The built-in kits, with those of a repository added or put in their place. `null` stands for one with errors. */
export function buildCatalogue(own: ReadonlyMap<string, StackKit | null>): BuiltCatalogue {
  const builtIn = new Map(BUILT_IN.map((kit) => [kit.name, kit]));
  const kits = new Map<string, Kit | null>();
  const problems: KitDiagnostic[] = [];
  const resolve = (name: string, extendsChain: readonly string[]): Kit | null => {
    const known = kits.get(name);
    if (known !== undefined) return known;
    const written = own.has(name) ? own.get(name) : builtIn.get(name);
    const kit = written ? build(written, extendsChain) : null;
    kits.set(name, kit);
    return kit;
  };
  const build = (kit: StackKit, extendsChain: readonly string[]): Kit | null => {
    if (kit.extends === undefined) return resolveKit(kit, undefined);
    const problem = (message: string, hint?: string): null => {
      problems.push({ kit: kit.name, path: ['extends'], code: 'UNKNOWN_KIT', message, hint });
      return null;
    };
    if (kit.extends === kit.name) {
      const original = builtIn.get(kit.name);
      if (!original || original === kit) return problem(`there is no other kit ${kit.name} to extend`);
      const base = build(original, extendsChain);
      return base && resolveKit(kit, base);
    }
    if (extendsChain.includes(kit.extends)) {
      return problem(`kits extend each other: ${[...extendsChain, kit.extends].join(' → ')}`);
    }
    if (!own.has(kit.extends) && !builtIn.has(kit.extends)) {
      return problem(
        `there is no kit ${kit.extends} to extend`,
        suggest(kit.extends, [...builtIn.keys(), ...own.keys()]),
      );
    }
    const base = resolve(kit.extends, [...extendsChain, kit.extends]);
    return base ? resolveKit(kit, base) : problem(`the kit ${kit.extends} has errors`);
  };
  for (const name of [...builtIn.keys(), ...own.keys()]) resolve(name, [name]);
  for (const [name, kit] of kits) {
    if (!kit || !own.get(name)) continue;
    const found = findDangling(kit, own.get(name) ?? undefined);
    problems.push(...found);
    if (found.length > 0) kits.set(name, null);
  }
  return { kits, aliases: aliasesOf([...builtIn.values(), ...own.values()], kits), problems };
}

function aliasesOf(
  all: readonly (StackKit | null)[],
  kits: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, string> {
  const pairs = all.flatMap((kit) => (kit?.aliases ?? []).map((alias) => [alias, kit?.name ?? ''] as const));
  return new Map(pairs.filter(([alias]) => !kits.has(alias)));
}

/** Names in a kit that lead nowhere. */
function findDangling(kit: Kit, written: StackKit | undefined): readonly KitDiagnostic[] {
  const problems: KitDiagnostic[] = [];
  const check = (name: string, path: DocumentPath): void => {
    if (Object.hasOwn(kit.services, name)) return;
    const hint = suggest(name, Object.keys(kit.services));
    const message = `there is no service ${name} in the kit ${kit.name}`;
    problems.push({ kit: kit.name, path, code: 'UNKNOWN_SERVICE', message, hint });
  };
  for (const [name, { needs = [] }] of Object.entries(written?.services ?? {})) {
    needs.forEach((need, index) => check(need, ['services', name, 'needs', index]));
  }
  for (const [name, { services }] of Object.entries(written?.addons ?? {})) {
    services.forEach((service, index) => check(service, ['addons', name, 'services', index]));
  }
  for (const [type, name] of Object.entries(written?.types ?? {})) check(name, ['types', type]);
  if (written?.proxy) check(written.proxy.service, ['proxy', 'service']);
  return problems;
}

export const BUILT_IN_KITS: KitCatalogue = buildCatalogue(new Map());

/** Names of what other pages describe as kits and what is an add-on here. */
const ADDONS_INSTEAD = toRecord([
  ['media-stack', 'media'],
  ['ai-stack', 'ai'],
]);

/** The kit that a document names; reports names that there is no kit for. */
export function findKit(
  name: string | undefined,
  { kits, aliases }: KitCatalogue,
  diagnostics: DiagnosticCollector,
): Kit | undefined {
  if (name === undefined) return undefined;
  const path = ['stackkit'];
  const renamed = kits.has(name) ? undefined : aliases.get(name);
  if (renamed !== undefined) {
    diagnostics.warning('RENAMED_KIT', path, `${name} is now called ${renamed}`, {
      hint: `stackkit: ${renamed}`,
    });
  }
  const kit = kits.get(renamed ?? name);
  if (kit) return kit;
  const addon = own(ADDONS_INSTEAD, name);
  if (kit === null) {
    diagnostics.error('INVALID_KIT', path, `the kit ${renamed ?? name} of this repository has errors`);
  } else if (addon !== undefined) {
    diagnostics.error('UNKNOWN_KIT', path, `${name} is no kit here`, {
      hint: `stackkit: ${DEFAULT_KIT} with addons: [${addon}]`,
    });
  } else {
    diagnostics.error('UNKNOWN_KIT', path, `there is no kit ${name}`, {
      hint: suggest(name, [...kits.keys()]),
    });
  }
  return undefined;
}

/** The first kit that has a service of this name. */
export function kitWith({ kits }: KitCatalogue, service: string): Kit | undefined {
  for (const kit of kits.values()) if (kit && kitServiceName(kit, service) !== undefined) return kit;
  return undefined;
}

/** Names of all services in all kits, each once. */
export function serviceNames({ kits }: KitCatalogue): readonly string[] {
  return [...new Set([...kits.values()].flatMap((kit) => Object.keys(kit?.services ?? {})))];
}
