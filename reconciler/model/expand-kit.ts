import type { Issues } from './issue.ts';
import { createIssues } from './issue.ts';
import type { KitService, StackKit } from './kit.ts';
import { fillIn, findKit, KITS, kitServiceName } from './kit.ts';
import type { SettingEffects } from './kit-settings.ts';
import { readSettings } from './kit-settings.ts';
import type {
  Kombination,
  ServiceFields,
  ServiceModel,
  WrittenKombination,
  WrittenService,
} from './kombination.ts';
import { mergeFields, withEffects } from './merge-service.ts';
import { suggest } from './nearest.ts';
import { DEFAULT_NODE } from './read-kombination.ts';
import { DEFAULT_DOMAIN, withRoutes } from './route.ts';
import { readServiceFields } from './service-fields.ts';
import { toRecord } from './values.ts';

/** Fills in what the kit knows: defaults, parts, implied services, routes. */
export function expandKit(written: WrittenKombination, issues: Issues): Kombination {
  const kit = findKit(written.stackkit, issues);
  const network =
    kit && (written.networks[kit.proxy.network]?.name ?? `${written.name}_${kit.proxy.network}`);
  const values = {
    stack: written.name,
    domain: written.domain ?? DEFAULT_DOMAIN,
    email: written.email ?? '',
    network: network ?? '',
  };
  const context: Context = { written, kit, values, issues };
  if (written.stackkit === undefined) reportMissingKit(written, issues);
  const services = written.services
    .filter((service) => service.enabled)
    .flatMap((service) => expandService(service, context));
  const routed = withRoutes({
    services,
    kit,
    written,
    values,
    issues,
    imply: (service) => imply(service, context),
  });
  return {
    name: written.name,
    domain: values.domain,
    stackkit: kit?.name ?? written.stackkit ?? '',
    nodes: written.nodes,
    services: routed,
    networks: kit ? declare(written.networks, [kit.proxy.network], routed) : written.networks,
    volumes: declareVolumes(written, routed),
    secrets: written.secrets,
    policy: written.policy,
  };
}

interface Context {
  readonly written: WrittenKombination;
  readonly kit: StackKit | undefined;
  readonly values: Readonly<Record<string, string>>;
  readonly issues: Issues;
}

function reportMissingKit({ services }: WrittenKombination, issues: Issues): void {
  for (const { name, enabled, ownImage, path } of services) {
    if (!enabled || ownImage) continue;
    const kit = KITS.find((candidate) => kitServiceName(candidate, name) !== undefined);
    if (kit) {
      issues.error('REQUIRED', path, `${name} has no image, and no stackkit is named to draw it from`, {
        hint: `stackkit: ${kit.name}`,
        at: 'key',
      });
    } else {
      issues.error('UNKNOWN_SERVICE', path, `${name} has no image and is in no kit`, {
        hint:
          suggest(
            name,
            KITS.flatMap((candidate) => Object.keys(candidate.services)),
          ) ?? 'add an image',
        at: 'key',
      });
    }
  }
}

function expandService(service: WrittenService, context: Context): readonly ServiceModel[] {
  const { kit, issues } = context;
  if (service.ownImage) {
    if (service.fields.config) {
      const message = `${service.name} brings its own image, so there is no kit to read its config`;
      issues.error('UNSUPPORTED_KEY', [...service.path, 'config'], message, { hint: 'use env', at: 'key' });
    }
    return [{ ...service.fields, node: nodeOf(service, context), name: service.name, path: service.path }];
  }
  if (!kit) return [];
  const name = kitServiceName(kit, service.name);
  const kitService = name === undefined ? undefined : kit.services[name];
  if (name === undefined || !kitService) {
    issues.error('UNKNOWN_SERVICE', service.path, `${service.name} has no image and is not in ${kit.name}`, {
      hint: suggest(service.name, Object.keys(kit.services)) ?? 'add an image',
      at: 'key',
    });
    return [];
  }
  return expandKitService({ ...service, name }, kitService, context);
}

function expandKitService(
  service: WrittenService,
  kitService: KitService,
  context: Context,
): readonly ServiceModel[] {
  const effects = readSettings(service, kitService, context.values, context.issues);
  const defaults = withEffects(readDefinition(kitService.service, service, context), effects, service.path);
  const { name, path } = service;
  const model = { ...mergeFields(defaults, service.fields), node: nodeOf(service, context), name, path };
  return [model, ...expandParts(service, kitService, effects, context)];
}

function expandParts(
  service: WrittenService,
  kitService: KitService,
  effects: SettingEffects,
  context: Context,
): readonly ServiceModel[] {
  return Object.entries(kitService.parts ?? {}).map(([name, definition]) => {
    const clash = context.written.services.find((other) => other.name === name && other.enabled);
    if (clash) {
      context.issues.error('INVALID_VALUE', clash.path, `${name} is already a part of ${service.name}`, {
        at: 'key',
      });
    }
    const fields = readDefinition(definition, service, context);
    const partEffects = {
      env: effects.parts[name] ?? {},
      command: [],
      labels: {},
      parts: {},
      offProxy: false,
    };
    return {
      ...withEffects(fields, partEffects, service.path),
      node: nodeOf(service, context),
      name,
      path: service.path,
      partOf: service.name,
    };
  });
}

function nodeOf(service: WrittenService, { written }: Context): string {
  return service.fields.node ?? written.nodes[0]?.name ?? DEFAULT_NODE;
}

/** Definitions of kits are tested with the kit: findings in them are not the author's of a stack. */
function readDefinition(
  definition: Readonly<Record<string, unknown>>,
  service: WrittenService,
  { values }: Context,
): ServiceFields {
  return readServiceFields(fillIn(definition, values), service.path, createIssues());
}

/** A kit service that nobody listed. */
function imply(name: string, context: Context): readonly ServiceModel[] {
  const kitService = context.kit?.services[name];
  if (!kitService) return [];
  const fields = readServiceFields({}, ['services'], createIssues());
  return expandKitService(
    { name, enabled: true, ownImage: false, fields, path: ['services'] },
    kitService,
    context,
  );
}

function declare<T extends Kombination['networks']>(
  networks: T,
  names: readonly string[],
  services: readonly ServiceModel[],
): Kombination['networks'] {
  const used = names.filter((name) =>
    services.some((service) => service.networks?.some((entry) => entry.name === name)),
  );
  return { ...toRecord(used.map((name) => [name, { path: ['services'] }] as const)), ...networks };
}

/** Volumes of kit services need no declaration. */
function declareVolumes(
  written: WrittenKombination,
  services: readonly ServiceModel[],
): Kombination['volumes'] {
  const implied = services.flatMap((service) =>
    service.mounts.flatMap(({ mount, path }) =>
      mount.type === 'volume' && path.length === service.path.length
        ? [[mount.source, { path: service.path }] as const]
        : [],
    ),
  );
  return { ...toRecord(implied), ...written.volumes };
}
