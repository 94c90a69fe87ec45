import { withAddons } from '../kombination/addons.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit, KitService } from './kit.ts';
import { kitServiceName } from './kit.ts';
import type { KitCatalogue } from './kit-catalogue.ts';
import { BUILT_IN_KITS, DEFAULT_KIT, findKit, kitWith, serviceNames } from './kit-catalogue.ts';
import { checkKitLimits } from './kit-limits.ts';
import type { Fragment, SettingEffects } from './kit-settings.ts';
import { readSettings } from './kit-settings.ts';
import type {
  DependencyEntry,
  Kombination,
  ServiceFields,
  ServiceModel,
  WrittenKombination,
  WrittenService,
} from '../kombination/kombination.ts';
import type { ProxyPlaces } from './proxy-claim.ts';
import { NO_PLACES } from './proxy-claim.ts';
import { proxyClaims, proxyNetwork } from './shared-proxy.ts';
import { atPath, mergeFields, withFragment } from './merge-service.ts';
import { suggest } from '../../base/nearest.ts';
import type { ProxyTls } from '../kombination/proxy-tls.ts';
import { chooseTls } from '../kombination/proxy-tls.ts';
import { DEFAULT_DOMAIN, withRoutes } from '../kombination/route.ts';
import { EMPTY_SERVICE_FIELDS } from '../kombination/service/service-fields.ts';
import { nodeOf } from '../kombination/service/service-node.ts';
import type { Fields } from '../../base/values.ts';
import { defined, own, toRecord } from '../../base/values.ts';

/** Fills in what the kit knows: defaults, parts, add-ons, services that others need, routes. */
export function expandKit(
  document: WrittenKombination,
  diagnostics: DiagnosticCollector,
  catalogue: KitCatalogue = BUILT_IN_KITS,
  places: ProxyPlaces = NO_PLACES,
): Kombination {
  const kit = findKit(chooseKit(document), catalogue, diagnostics);
  const written = withAddons(document, kit, diagnostics);
  const context = createContext(written, { kit, catalogue, diagnostics });
  if (chooseKit(written) === undefined) reportMissingKit(written, context);
  const listed = written.services
    .filter((service) => service.enabled)
    .flatMap((service) => expandService(service, context));
  const needed = withNeeds(listed, context);
  const services = withRoutes({
    services: needed,
    kit,
    written,
    values: context.values,
    diagnostics,
    places,
    imply: (service, asker) => imply(service, asker, context),
  });
  if (kit) checkKitLimits({ kit, written, services, diagnostics });
  const claims = proxyClaims({ kit, written, services: needed });
  if (places.size > 0 && claims.length === places.size) reportForeignTls(written, places, diagnostics);
  const proxied = services.some(({ kind }) => kind !== undefined && kind === kit?.proxy?.service);
  return {
    name: written.name,
    domain: context.values.domain,
    stackkit: kit?.name ?? written.stackkit ?? '',
    nodes: written.nodes,
    services,
    networks: kit?.proxy
      ? { ...declare(written.networks, [kit.proxy.network], services), ...networksAt(places) }
      : written.networks,
    volumes: declareVolumes(written, services),
    secrets: proxied ? { ...context.tls.secrets, ...written.secrets } : written.secrets,
    policy: written.policy,
    ...defined({
      backup: written.backup,
      dataDir: written.dataDir,
      adopts: written.adopts,
      manifests: written.manifests,
    }),
    ...(claims.length === 0 ? {} : { proxies: claims }),
  };
}

/** Networks of the proxies of other stacks, by what they are called on the engine. */
function networksAt(places: ProxyPlaces): Kombination['networks'] {
  return toRecord(
    [...places.values()].map(
      ({ network }) => [network, { name: network, external: true, path: ['services'] }] as const,
    ),
  );
}

/** Certificates are a matter of the stack that has the proxy. */
function reportForeignTls(
  { tls }: WrittenKombination,
  places: ProxyPlaces,
  diagnostics: DiagnosticCollector,
): void {
  if (tls === undefined) return;
  const stacks = [...new Set([...places.values()].map(({ stack }) => stack))].join(', ');
  diagnostics.warning(
    'NOT_APPLIED',
    ['ssl'],
    `ssl is not applied: routes lead through the proxy of ${stacks}`,
    {
      hint: `say it in ${stacks}`,
      at: 'key',
    },
  );
}

/** Names that the document's kit goes by. A stack without one may still be told of the kit that has its services. */
export function kitsUsed(written: WrittenKombination): readonly string[] {
  const name = chooseKit(written);
  return name === undefined ? [] : [name];
}

interface Context {
  readonly written: WrittenKombination;
  readonly kit: Kit | undefined;
  readonly catalogue: KitCatalogue;
  readonly values: Readonly<Record<'stack' | 'domain' | 'email' | 'network', string>>;
  readonly tls: ProxyTls;
  readonly diagnostics: DiagnosticCollector;
}

/** An empty name, and none where add-ons are asked for, leave the choice to Kombinator. */
function chooseKit({ stackkit, addons }: WrittenKombination): string | undefined {
  return stackkit === '' || (stackkit === undefined && addons.length > 0) ? DEFAULT_KIT : stackkit;
}

function createContext(
  written: WrittenKombination,
  { kit, catalogue, diagnostics }: Pick<Context, 'kit' | 'catalogue' | 'diagnostics'>,
): Context {
  const front = kit?.proxy;
  const tls = chooseTls(written, kit, diagnostics);
  const values = {
    stack: written.name,
    domain: written.domain ?? DEFAULT_DOMAIN,
    email: tls.email,
    network: front === undefined ? '' : proxyNetwork(written, front),
  };
  return { written, kit, catalogue, values, tls, diagnostics };
}

function reportMissingKit({ services }: WrittenKombination, { catalogue, diagnostics }: Context): void {
  for (const { name, enabled, ownImage, path } of services) {
    if (!enabled || ownImage) continue;
    const kit = kitWith(catalogue, name);
    if (kit) {
      diagnostics.error('REQUIRED', path, `${name} has no image, and no stackkit is named to draw it from`, {
        hint: `stackkit: ${kit.name}`,
        at: 'key',
      });
    } else {
      diagnostics.error('UNKNOWN_SERVICE', path, `${name} has no image and is in no kit`, {
        hint: suggest(name, serviceNames(catalogue)) ?? 'add an image',
        at: 'key',
      });
    }
  }
}

function expandService(service: WrittenService, context: Context): readonly ServiceModel[] {
  const { kit, diagnostics } = context;
  if (service.ownImage) {
    if (service.fields.config) {
      const message = `${service.name} brings its own image, so there is no kit to read its config`;
      diagnostics.error('UNSUPPORTED_KEY', [...service.path, 'config'], message, {
        hint: 'use env',
        at: 'key',
      });
    }
    return [
      {
        ...service.fields,
        node: nodeOf(service.fields.node, context.written.nodes),
        name: service.name,
        path: service.path,
      },
    ];
  }
  if (!kit) return [];
  const kind =
    kitServiceName(kit, service.name) ?? kitServiceName(kit, own(kit.types, service.type ?? '') ?? '');
  const kitService = kind === undefined ? undefined : own(kit.services, kind);
  if (kind === undefined || !kitService) {
    reportUnknown(service, kit, context);
    return [];
  }
  const named = kitServiceName(kit, service.name) === undefined ? service.name : kind;
  return expandKitService({ ...service, name: named }, { kind, kitService }, context);
}

function reportUnknown({ name, path }: WrittenService, kit: Kit, { catalogue, diagnostics }: Context): void {
  const other = kitWith(catalogue, name);
  const hint = other ? `stackkit: ${other.name} has it` : suggest(name, Object.keys(kit.services));
  const message = `${name} has no image and is not in ${kit.name}`;
  diagnostics.error('UNKNOWN_SERVICE', path, message, { hint: hint ?? 'add an image', at: 'key' });
}

interface Drawn {
  /** Name of the service in the kit. */
  readonly kind: string;
  readonly kitService: KitService;
}

function expandKitService(
  service: WrittenService,
  { kind, kitService }: Drawn,
  context: Context,
): readonly ServiceModel[] {
  const { name, path } = service;
  const effects = readSettings(service, kitService, context.values, context.diagnostics);
  for (const key of effects.missing) {
    context.diagnostics.error('REQUIRED', [...path, 'config', key], `${name} needs its setting ${key}`, {
      hint: `services.${name}.config.${key}: …`,
      at: 'key',
    });
  }
  const own = name === kind ? kitService.service : withOwnVolumes(kitService.service, name);
  const tls = kind === context.kit?.proxy?.service ? context.tls.fragments : [];
  const fragments = [{ fields: own }, ...effects.service, ...tls.map((fields) => ({ fields }))];
  const defaults = readDefinition(fragments, service, context);
  const merged = mergeFields(defaults, service.fields);
  const model: ServiceModel = {
    ...merged,
    dependsOn: [...merged.dependsOn, ...needsOf(kitService, service, context)],
    node: nodeOf(service.fields.node, context.written.nodes),
    name,
    kind,
    path,
  };
  return [model, ...expandParts(service, kitService, effects, context)];
}

/** A service of another name than the kit's keeps its data apart from that of the kit's. */
function withOwnVolumes(definition: Fields, name: string): Fields {
  const volumes = definition['volumes'];
  if (!Array.isArray(volumes)) return definition;
  return {
    ...definition,
    volumes: volumes.map((volume: unknown) =>
      typeof volume === 'string' && !volume.startsWith('/') ? `${name}-${volume}` : volume,
    ),
  };
}

function needsOf(
  { needs = [] }: KitService,
  { path }: WrittenService,
  { kit }: Context,
): readonly DependencyEntry[] {
  return needs.map((need) => {
    const healthy = own(kit?.services, need)?.service['healthcheck'] !== undefined;
    return { service: need, until: healthy ? 'healthy' : 'applied', required: true, path };
  });
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
      context.diagnostics.error('INVALID_VALUE', clash.path, `${name} is already a part of ${service.name}`, {
        at: 'key',
      });
    }
    return {
      ...readDefinition([{ fields: definition }, ...(own(effects.parts, name) ?? [])], service, context),
      node: nodeOf(service.fields.node, context.written.nodes),
      name,
      path: service.path,
      partOf: service.name,
    };
  });
}

/** Kits are checked when they are read: findings in them are not the author's of a stack, but what they gave is. */
function readDefinition(
  fragments: readonly Fragment[],
  { path }: WrittenService,
  { kit, values, diagnostics }: Context,
): ServiceFields {
  const pieces = fragments.flatMap(({ fields, values: more, from }) => {
    const found = kit?.definitions.read(fields, more ? { ...values, ...more } : values);
    for (const { code, message, hint } of (from && found?.diagnostics) ?? []) {
      diagnostics.error(code, from ?? [], message, { hint });
    }
    return found ? [found.fields] : [];
  });
  const [first = EMPTY_SERVICE_FIELDS, ...others] = pieces;
  return atPath(others.reduce(withFragment, first), path);
}

/** Adds services of the kit that kit services depend on and nobody listed. */
function withNeeds(listed: readonly ServiceModel[], context: Context): readonly ServiceModel[] {
  const { kit, written } = context;
  if (!kit) return listed;
  const services = [...listed];
  const present = new Set(services.map(({ name }) => name));
  const added: ServiceModel[] = [];
  for (let asker = services.shift(); asker; asker = services.shift()) {
    if (asker.kind === undefined) continue;
    for (const { service, required } of asker.dependsOn) {
      const name = kitServiceName(kit, service);
      const disabled = written.services.some((other) => [service, name].includes(other.name));
      if (name === undefined || !required || present.has(name) || present.has(service) || disabled) continue;
      reportImplied(asker, name, context);
      const implied = imply(name, asker, context);
      for (const model of implied) present.add(model.name);
      services.push(...implied);
      added.push(...implied);
    }
  }
  return added.length > 0 ? [...added, ...listed] : listed;
}

function reportImplied({ name, path }: ServiceModel, needed: string, { diagnostics }: Context): void {
  const message = `${name} needs ${needed}, which is not listed; it is added`;
  diagnostics.warning('IMPLIED_SERVICE', path, message, { hint: `list ${needed}`, at: 'key' });
}

/** A kit service that nobody listed, on the node of the one that needs it. */
function imply(kind: string, { node, path }: ServiceModel, context: Context): readonly ServiceModel[] {
  const kitService = own(context.kit?.services, kind);
  if (!kitService) return [];
  const fields = { ...EMPTY_SERVICE_FIELDS, node };
  return expandKitService(
    { name: kind, enabled: true, ownImage: false, fields, path },
    { kind, kitService },
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
