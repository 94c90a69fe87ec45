import type { DocumentPath } from '../../base/document-path.ts';
import type { Moves } from './dialect-moves.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber, asString, defined, own, asText } from '../../base/values.ts';

/** Keys of a service that only the intent dialect and older pages have. */
export const SERVICE_WORDS: ReadonlySet<string> = new Set([
  'type',
  'kind',
  'restartPolicy',
  'environmentSecrets',
  'network',
  'storage',
  'preferred_node',
]);

export interface ServiceContext {
  readonly moves: Moves;
  readonly diagnostics: DiagnosticCollector;
  /** The node of services that name none, when it is not the first. */
  readonly node: unknown;
  /** `security.container` */
  readonly container: Fields | undefined;
  /** Filled with the volumes that services mount without anybody declaring them. */
  readonly volumes: Record<string, unknown>;
  /** Names that stand for the engine. */
  readonly engines?: ReadonlySet<string>;
}

/** One service in the words of the public format. Paths are those of the result until they are moved. */
export function normaliseService(service: Fields, path: DocumentPath, context: ServiceContext): Fields {
  const result: Record<string, unknown> = { ...service };
  const { moves } = context;
  const rename = (from: string, to: string): void => {
    if (own(result, from) === undefined) return;
    if (own(result, to) === undefined) {
      result[to] = own(result, from);
      moves.move([...path, to], [...path, from]);
    }
    delete result[from];
  };
  rename('restartPolicy', 'restart');
  rename('preferred_node', 'node');
  delete result['environmentSecrets'];
  delete result['network'];
  delete result['storage'];
  addImage(result, service, path, context);
  addEnvironment(result, service, path, context);
  addResources(result, service, path, context);
  addStorage(result, service, path, context);
  if (asList(service['ports'])) result['ports'] = readPorts(asList(service['ports']) ?? [], path, moves);
  if (asList(service['volumes']))
    result['volumes'] = readVolumes(asList(service['volumes']) ?? [], path, context);
  addNetwork(result, service, path, context);
  for (const key of ['needs', 'depends_on']) {
    const list = asList(own(result, key));
    if (list) result[key] = list.filter((name) => !context.engines?.has(asText(name)));
  }
  if (context.node !== undefined && result['node'] === undefined) result['node'] = context.node;
  addContainer(result, path, context);
  return result;
}

/** `config.image`, as services of the type custom have it. */
function addImage(
  result: Record<string, unknown>,
  { image, config }: Fields,
  path: DocumentPath,
  { moves }: ServiceContext,
): void {
  const fields = asFields(config);
  if (image !== undefined || typeof fields?.['image'] !== 'string') return;
  const { image: named, ...rest } = fields;
  result['image'] = named;
  moves.move([...path, 'image'], [...path, 'config', 'image']);
  if (Object.keys(rest).length > 0) result['config'] = rest;
  else delete result['config'];
}

function addEnvironment(
  result: Record<string, unknown>,
  service: Fields,
  path: DocumentPath,
  { moves }: ServiceContext,
): void {
  const secrets = asFields(service['environmentSecrets']);
  if (!secrets) return;
  const key = service['environment'] === undefined ? 'env' : 'environment';
  const list = asList(service[key]);
  if (list) {
    Object.entries(secrets).forEach(([name], index) =>
      moves.move([...path, key, list.length + index], [...path, 'environmentSecrets', name]),
    );
    result[key] = [...list, ...Object.entries(secrets).map(([name, value]) => `${name}=${asText(value)}`)];
    return;
  }
  result[key] = { ...asFields(service[key]), ...secrets };
  for (const name of Object.keys(secrets)) {
    moves.move([...path, key, name], [...path, 'environmentSecrets', name]);
  }
}

const LIMITS = { cpuLimit: 'cpus', memoryLimit: 'memory', memoryRequest: 'memory_reservation' } as const;

function addResources(
  result: Record<string, unknown>,
  service: Fields,
  path: DocumentPath,
  { moves, diagnostics }: ServiceContext,
): void {
  const resources = asFields(service['resources']);
  if (!resources) return;
  const { cpuRequest, ...rest } = resources;
  const at = [...path, 'resources'];
  const written: Record<string, unknown> = rest;
  for (const [from, to] of Object.entries(LIMITS)) {
    if (own(written, from) === undefined) continue;
    if (written[to] === undefined) {
      written[to] = own(written, from);
      moves.move([...at, to], [...at, from]);
    }
    delete written[from];
  }
  if (cpuRequest !== undefined) {
    const message = 'cpuRequest is not applied: an engine reserves no cores';
    diagnostics.warning('NOT_APPLIED', [...at, 'cpuRequest'], message, { at: 'key' });
  }
  result['resources'] = written;
}

function addStorage(
  result: Record<string, unknown>,
  { storage }: Fields,
  path: DocumentPath,
  { moves, diagnostics }: ServiceContext,
): void {
  const text = asString(storage);
  if (text === undefined) return;
  if (!text.startsWith('/')) {
    diagnostics.warning('NOT_APPLIED', [...path, 'storage'], 'storage is not applied: volumes have no size', {
      hint: 'a directory of the node may stand here, such as /srv/data',
      at: 'key',
    });
    return;
  }
  result['config'] = { ...asFields(result['config']), storage_path: text };
  moves.move([...path, 'config', 'storage_path'], [...path, 'storage']);
}

function readPorts(list: readonly unknown[], path: DocumentPath, moves: Moves): readonly unknown[] {
  return list.map((item, index) => {
    const fields = asFields(item);
    if (fields?.['container'] === undefined) return item;
    const { container, host, ...rest } = fields;
    const at = [...path, 'ports', index];
    moves.move([...at, 'target'], [...at, 'container']);
    moves.move([...at, 'published'], [...at, 'host']);
    return { target: container, ...(host === undefined ? {} : { published: host }), ...rest };
  });
}

function readVolumes(
  list: readonly unknown[],
  path: DocumentPath,
  { moves, diagnostics, volumes }: ServiceContext,
): readonly unknown[] {
  return list.map((item, index) => {
    const fields = asFields(item);
    if (fields?.['mountPath'] === undefined) return item;
    const { mountPath, hostPath, name, readOnly, type: writtenType, backup, ...rest } = fields;
    const at = [...path, 'volumes', index];
    if (backup !== undefined) {
      diagnostics.warning('NOT_APPLIED', [...at, 'backup'], 'backup is not applied', {
        hint: 'addons: [backup]',
        at: 'key',
      });
    }
    const type = writtenType ?? (hostPath === undefined ? 'volume' : 'bind');
    if (type === 'volume' && name === undefined) {
      diagnostics.error('REQUIRED', [...at, 'name'], 'a volume needs a name');
      moves.move([...at, 'target'], [...at, 'mountPath']);
      return { type: 'tmpfs', target: mountPath };
    }
    if (type === 'bind' && hostPath === undefined) {
      diagnostics.error('REQUIRED', [...at, 'hostPath'], 'a bind mount needs a hostPath');
    }
    const source = type === 'tmpfs' ? undefined : type === 'bind' ? (hostPath ?? '/') : name;
    moves.move([...at, 'target'], [...at, 'mountPath']);
    moves.move([...at, 'source'], [...at, type === 'bind' ? 'hostPath' : 'name']);
    moves.move([...at, 'read_only'], [...at, 'readOnly']);
    if (type === 'volume' && typeof name === 'string') {
      volumes[name] = {};
      moves.move(['volumes', name], [...at, 'name']);
    }
    return {
      type,
      ...(source === undefined ? {} : { source }),
      target: mountPath,
      ...(readOnly === undefined ? {} : { read_only: readOnly }),
      ...rest,
    };
  });
}

/** `network.proxy` and `network.internal`. A service of its own image is only routed when it says so. */
function addNetwork(
  result: Record<string, unknown>,
  service: Fields,
  path: DocumentPath,
  { moves, diagnostics }: ServiceContext,
): void {
  const at = [...path, 'network'];
  const network = asFields(service['network']);
  const proxy = asFields(network?.['proxy']);
  const internal = asFields(network?.['internal']);
  const port = asNumber(internal?.['port']);
  if (internal?.['expose'] === true && port !== undefined && result['expose'] === undefined) {
    result['expose'] = [String(port)];
    moves.move([...path, 'expose'], [...at, 'internal']);
  }
  if (!proxy || result['route'] !== undefined) return;
  moves.move([...path, 'route'], [...at, 'proxy']);
  if (proxy['enabled'] === false) {
    result['route'] = false;
    return;
  }
  if (proxy['tls'] === 'manual' || proxy['tls'] === 'disabled') {
    const message = `tls: ${proxy['tls']} is not applied: every host gets a certificate`;
    diagnostics.warning('NOT_APPLIED', [...at, 'proxy', 'tls'], message, { hint: 'see ssl' });
  }
  const domain = asString(proxy['domain']);
  const whole = domain?.includes('.');
  if (domain !== undefined) {
    moves.move([...path, 'route', whole ? 'host' : 'subdomain'], [...at, 'proxy', 'domain']);
  }
  const first = asFields(asList(result['ports'])?.[0]);
  const target = port ?? (result['image'] === undefined ? undefined : asNumber(first?.['target']));
  result['route'] = defined({
    host: whole ? domain : undefined,
    subdomain: whole ? undefined : domain,
    middlewares: asList(proxy['middlewares']),
    port: target,
  });
}

/** Adds what `security.container` says for every service that does not say otherwise. */
function addContainer(
  result: Record<string, unknown>,
  path: DocumentPath,
  { container, moves }: ServiceContext,
): void {
  if (!container) return;
  const add = (key: string, value: unknown, from: string): void => {
    if (own(result, key) !== undefined) return;
    result[key] = value;
    moves.move([...path, key], ['security', 'container', from]);
  };
  if (container['readOnlyRootfs'] === true) add('read_only', true, 'readOnlyRootfs');
  if (container['noNewPrivileges'] === true)
    add('security_opt', ['no-new-privileges:true'], 'noNewPrivileges');
  const drop = asList(container['dropCapabilities']);
  if (drop && drop.length > 0) add('cap_drop', drop, 'dropCapabilities');
}
