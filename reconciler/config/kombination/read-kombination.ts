import { readClusterNode } from './cluster-node.ts';
import { readConnection } from '../../model/connection.ts';
import { readBackup } from './service/database.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { formatPath } from '../../base/document-path.ts';
import type { IpamPool, IpamSpec } from '../../model/docker/docker-spec.ts';
import { readAdopts, readDataDir } from './data-dir.ts';
import { readDriftPolicy } from './drift-policy.ts';
import { readNotify } from './notify-policy.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { accept } from '../../base/document-diagnostic.ts';
import { isProblem } from '../../base/problem.ts';
import type {
  NetworkModel,
  NodeModel,
  PolicyModel,
  VolumeModel,
  WrittenKombination,
  WrittenService,
} from './kombination.ts';
import { readTexts, texts } from '../../model/docker/options/option-values.ts';
import { readManifests } from './manifests/read-manifests.ts';
import { readTls } from './proxy-tls.ts';
import { readServiceFields } from './service/service-fields.ts';
import { readLabels } from './service/service-lists.ts';
import { readSecretModels } from './service/service-secrets.ts';
import type { IgnoredField, PruneMode, SyncMode } from '../../model/stack.ts';
import { parseBytes, parseDuration } from '../../base/units.ts';
import { DEFAULT_NODE } from './service/service-node.ts';
import type { Fields } from '../../base/values.ts';
import {
  asBoolean,
  asFields,
  asList,
  asNumber,
  asString,
  defined,
  own,
  toRecord,
} from '../../base/values.ts';

/** The schema refuses more. */
const MAX_SERVICES = 1_000;

/**
 * Reads a kombination that has been checked against the schema (and may have failed: what has a wrong type is passed
 * over, so that the rest can be checked as well).
 */
export function readKombination(value: unknown, diagnostics: DiagnosticCollector): WrittenKombination {
  const document = asFields(value) ?? {};
  const meta = asFields(document['meta']) ?? {};
  rejectTwice(document, meta, diagnostics);
  const backup = readBackup(document['backup'], diagnostics);
  return {
    name: asString(meta['name']) ?? '',
    domain: asString(meta['domain']) ?? asString(document['domain']),
    email: asString(meta['email']) ?? asString(document['email']),
    stackkit: asString(document['stackkit']),
    addons: readAddons(document['addons']),
    tls: readTls(document['ssl']),
    nodes: readNodes(document['nodes'], diagnostics),
    services: readServices(document, diagnostics),
    networks: readNetworkModels(document['networks'], diagnostics),
    volumes: readVolumeModels(document['volumes'], diagnostics),
    secrets: readSecretModels(document['secrets'], diagnostics),
    policy: readPolicy(document, diagnostics),
    ...(backup === undefined ? {} : { backup }),
    ...readDataDir(document, diagnostics),
    ...readAdopts(document),
    ...readManifests(document),
  };
}

function rejectTwice(document: Fields, meta: Fields, diagnostics: DiagnosticCollector): void {
  for (const key of ['domain', 'email']) {
    if (
      own(document, key) === undefined ||
      own(meta, key) === undefined ||
      own(document, key) === own(meta, key)
    )
      continue;
    diagnostics.error('INVALID_VALUE', [key], `${key} and meta.${key} say different things`, {
      hint: `keep meta.${key}`,
    });
  }
}

function readAddons(value: unknown): WrittenKombination['addons'] {
  return (asList(value) ?? []).flatMap((item, index) =>
    typeof item === 'string' ? [{ name: item, path: ['addons', index] }] : [],
  );
}

function readNodes(value: unknown, diagnostics: DiagnosticCollector): readonly NodeModel[] {
  const list = asList(value);
  if (!list) return [{ name: DEFAULT_NODE, connection: { type: 'local' }, path: ['nodes'] }];
  const seen = new Map<string, DocumentPath>();
  return list.flatMap((item, index): NodeModel[] => {
    const fields = asFields(item);
    const name = asString(fields?.['name']);
    if (!fields || name === undefined) return [];
    const path = ['nodes', index];
    const first = seen.get(name);
    if (first) {
      diagnostics.error(
        'DUPLICATE_NAME',
        [...path, 'name'],
        `${formatPath(first)} has the name ${name} already`,
      );
    }
    seen.set(name, path);
    const cluster = readClusterNode(fields, path, diagnostics);
    if (cluster) return [{ name, cluster, path }];
    const connection = readConnectionAt(fields['connection'], path, diagnostics);
    return [defined({ name, connection, ...readNodeFacts(fields), path })];
  });
}

const CLOUD_TYPES = ['cloud', 'vps', 'external'];
const AT_HOME = ['local', 'docker', 'proxmox'];

function readNodeFacts(fields: Fields): Partial<Pick<NodeModel, 'resources' | 'place'>> {
  const written = asFields(fields['resources']);
  const gigabytes = asNumber(written?.['memory_gb']);
  const megabytes = asNumber(written?.['memory']) ?? (gigabytes && gigabytes * 1024);
  const text = asString(written?.['memory']);
  const bytes = text === undefined ? megabytes && megabytes * 1024 ** 2 : parseBytes(text);
  const provider = asString(fields['provider']) ?? asString(asFields(fields['provider'])?.['type']);
  const cloud =
    CLOUD_TYPES.includes(asString(fields['type']) ?? '') ||
    (provider !== undefined && !AT_HOME.includes(provider));
  const memoryBytes = typeof bytes === 'number' ? bytes : undefined;
  const resources = written && defined({ cpu: asNumber(written['cpu']), memoryBytes });
  return defined({ resources, place: cloud ? ('cloud' as const) : undefined });
}

/** The connection of a node; left out when there is none or when it is wrong (reported). */
export function readConnectionAt(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): NodeModel['connection'] | undefined {
  const fields = asFields(value);
  checkKeyPaths(fields, path, diagnostics);
  const connection = fields && readConnection(fields);
  if (!isProblem(connection)) return connection;
  const { code = 'INVALID_FORMAT', problem, hint } = connection;
  diagnostics.error(code, [...path, 'connection', 'host'], problem, { hint });
  // Something stands there: do not look for a shared node instead.
  return { type: 'local' };
}

/** A path that climbs is one that somebody wants to lead elsewhere than it seems to. */
function checkKeyPaths(
  connection: Fields | undefined,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): void {
  const tls = asFields(connection?.['tls']);
  const places = [
    [connection?.['ssh_key'], ['ssh_key']],
    ...['ca', 'cert', 'key'].map((key) => [own(tls, key), ['tls', key]] as const),
  ] as const;
  for (const [value, keys] of places) {
    if (typeof value !== 'string' || !value.split(/[/\\]/).includes('..')) continue;
    diagnostics.error(
      'INSECURE_PATH',
      [...path, 'connection', ...keys],
      `${keys.at(-1)} must not contain ".."`,
      {
        hint: 'write the whole path',
      },
    );
  }
}

function readServices(document: Fields, diagnostics: DiagnosticCollector): readonly WrittenService[] {
  const value = document['services'];
  const active = new Set(texts(document['profiles']));
  const services: WrittenService[] = [];
  const seen = new Map<string, DocumentPath>();
  const add = (name: string, settings: unknown, path: DocumentPath): void => {
    if (services.length >= MAX_SERVICES) return;
    const first = seen.get(name);
    if (first) {
      diagnostics.error('DUPLICATE_NAME', path, `the service ${name} is listed twice`, {
        hint: `first: ${formatPath(first)}`,
      });
      return;
    }
    seen.set(name, path);
    const fields = asFields(settings) ?? {};
    const profiles = texts(fields['profiles']);
    const wanted =
      profiles.length === 0 || active.has('*') || profiles.some((profile) => active.has(profile));
    const enabled =
      typeof settings === 'boolean' ? settings : wanted && (asBoolean(fields['enabled']) ?? true);
    const ownImage = fields['image'] !== undefined || fields['build'] !== undefined;
    const type = asString(fields['type']) ?? asString(fields['kind']);
    const model = { name, enabled, ownImage, fields: readServiceFields(fields, path, diagnostics), path };
    services.push(type === undefined ? model : { ...model, type });
  };
  for (const [index, item] of (asList(value) ?? []).entries()) {
    const name = asString(item) ?? asString(asFields(item)?.['name']);
    if (name !== undefined) add(name, item, ['services', index]);
  }
  for (const [name, settings] of Object.entries(asFields(value) ?? {})) {
    if (asFields(settings)?.['name'] !== undefined) {
      const place = ['services', name, 'name'];
      diagnostics.error('UNKNOWN_KEY', place, 'name is only for services written as a list', { at: 'key' });
    }
    add(name, settings, ['services', name]);
  }
  return services;
}

function readNetworkModels(
  value: unknown,
  diagnostics: DiagnosticCollector,
): Readonly<Record<string, NetworkModel>> {
  return toRecord(
    Object.entries(asFields(value) ?? {}).map(([key, settings]) => {
      const fields = asFields(settings) ?? {};
      const path = ['networks', key];
      return [
        key,
        defined({
          ...readCommon(fields, path, diagnostics),
          internal: asBoolean(fields['internal']) || undefined,
          attachable: asBoolean(fields['attachable']) || undefined,
          driverOpts: readTexts(fields['driver_opts']),
          enableIpv4: fields['enable_ipv4'] === false ? false : undefined,
          enableIpv6: asBoolean(fields['enable_ipv6']) || undefined,
          ipam: readIpam(fields['ipam']),
        }),
      ];
    }),
  );
}

function readVolumeModels(
  value: unknown,
  diagnostics: DiagnosticCollector,
): Readonly<Record<string, VolumeModel>> {
  return toRecord(
    Object.entries(asFields(value) ?? {}).map(([key, settings]) => {
      const fields = asFields(settings) ?? {};
      const path = ['volumes', key];
      return [
        key,
        defined({
          ...readCommon(fields, path, diagnostics),
          driverOpts: readTexts(fields['driver_opts']),
        }),
      ];
    }),
  );
}

function readIpam(value: unknown): IpamSpec | undefined {
  const fields = asFields(value);
  if (!fields) return undefined;
  const config = (asList(fields['config']) ?? []).map((item): IpamPool => {
    const pool = asFields(item) ?? {};
    return defined({
      subnet: asString(pool['subnet']),
      ipRange: asString(pool['ip_range']),
      gateway: asString(pool['gateway']),
      auxAddresses: readTexts(pool['aux_addresses']),
    });
  });
  const driver = asString(fields['driver']);
  const ipam = defined({
    driver: driver === 'default' ? undefined : driver,
    config: config.length > 0 ? config : undefined,
    options: readTexts(fields['options']),
  });
  return Object.keys(ipam).length > 0 ? ipam : undefined;
}

const EXTERNAL_KEEPS_OWN = [
  'driver',
  'driver_opts',
  'internal',
  'labels',
  'attachable',
  'enable_ipv4',
  'enable_ipv6',
  'ipam',
];

function readCommon(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector) {
  // Compose used to write the name inside of `external`.
  const named = asFields(fields['external']);
  const external = named !== undefined || asBoolean(fields['external']) || undefined;
  for (const key of EXTERNAL_KEEPS_OWN) {
    if (!external || own(fields, key) === undefined) continue;
    diagnostics.error('INVALID_VALUE', [...path, key], `${key} cannot be set on something external`, {
      at: 'key',
    });
  }
  const labels = readLabels(fields['labels'], [...path, 'labels'], diagnostics);
  return defined({
    driver: asString(fields['driver']),
    external,
    name: asString(fields['name']) ?? asString(named?.['name']),
    labels: Object.keys(labels).length > 0 ? labels : undefined,
    path,
  });
}

/** `policy`, of a stack or of the repository. */
export function readPolicy(document: Fields, diagnostics: DiagnosticCollector): PolicyModel {
  const fields = asFields(document['policy']) ?? {};
  return defined({
    ...readDriftPolicy(document, diagnostics),
    sync: readSync(fields['sync']),
    prune: readPrune(fields['prune']),
    maxDeletions: asNumber(fields['maxDeletions']),
    stableMs: readStable(fields['stable'], diagnostics),
    takeOver: asList(fields['takeOver'])?.filter((name) => typeof name === 'string'),
    ignoreDrift: asList(fields['ignoreDrift'])?.flatMap(readIgnored),
    notify: readNotify(fields['notify']),
  });
}

function readIgnored(value: unknown): readonly IgnoredField[] {
  const fields = asFields(value) ?? {};
  const [resource, field] = [asString(fields['resource']), asString(fields['field'])];
  return resource === undefined || field === undefined ? [] : [{ resource, field }];
}

function readStable(value: unknown, diagnostics: DiagnosticCollector): number | undefined {
  const text = asString(value);
  return text === undefined ? undefined : accept(parseDuration(text), ['policy', 'stable'], diagnostics);
}

function readSync(value: unknown): SyncMode | undefined {
  return value === 'auto' || value === 'manual' ? value : undefined;
}

function readPrune(value: unknown): PruneMode | undefined {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === 'yes' || value === 'no' || value === 'confirm' ? value : undefined;
}
