import { checkImageUpdate } from '../checks/image-update.ts';
import { readBuild } from './build.ts';
import { readDatabase } from './database.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { readHealthcheck } from '../../../model/docker/healthcheck.ts';
import { normaliseImage } from '../../../model/docker/image-reference.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept, createDiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { FileModel, PortEntry, RouteModel, ServiceFields } from '../kombination.ts';
import { normalisePath } from '../../../model/docker/normalise-path.ts';
import type { PublishedPort } from '../../../model/docker/ports.ts';
import { parsePort, readPort } from '../../../model/docker/ports.ts';
import { readLifecycle, readWords } from '../../../model/docker/lifecycle.ts';
import { readDeploy, readPullPolicy, readRestart } from './service-deploy.ts';
import { readDependencies, readEnv, readLabels } from './service-lists.ts';
import { readMounts } from './service-mounts.ts';
import {
  impliedDependencies,
  readLinks,
  readNetworkMode,
  readNetworks,
  readVolumesFrom,
} from './service-network.ts';
import { checkOptions } from './service-options.ts';
import { readOptions } from '../../../model/docker/options/container-options.ts';
import { readResources } from './service-resources.ts';
import { readRollout } from './service-rollout.ts';
import { readSecretUses } from './service-secrets.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asNumber, asString, defined, own } from '../../../base/values.ts';

/** Filled in before services are read; left over where a part of a service is written, as in a kit. */
const WORDS_OF_SERVICES = ['env_file', 'label_file', 'extends', 'configs'];

/**
 * Reads the keys of one service into their normal form. Values of a wrong type are passed over, because the schema has
 * reported them; what only code can see (formats inside texts) is reported here.
 */
export function readServiceFields(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): ServiceFields {
  // The service beside one from a kit often says nothing itself.
  return Object.keys(fields).length === 0 ? EMPTY_SERVICE_FIELDS : readFields(fields, path, diagnostics);
}

function readFields(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): ServiceFields {
  const at = (key: string): DocumentPath => [...path, key];
  const healthcheck = asFields(fields['healthcheck']);
  const volumes = readMounts(fields, path, diagnostics);
  checkOptions(fields, path, diagnostics);
  checkImageUpdate(fields, path, diagnostics);
  readDeploy(fields, path, diagnostics);
  for (const key of WORDS_OF_SERVICES) {
    // A value that is no list of configs is the schema's to complain of.
    if (own(fields, key) === undefined || (key === 'configs' && !asList(fields[key]))) continue;
    diagnostics.error('UNSUPPORTED_KEY', at(key), `${key} can only stand in a service of a kombination`, {
      at: 'key',
    });
  }
  return defined({
    node: asString(fields['node']),
    image: readImage(fields['image'], at('image'), diagnostics),
    build: readBuild(fields['build'], at('build'), diagnostics),
    ...readRollout(fields, path, diagnostics),
    containerName: asString(fields['container_name']),
    pullPolicy: readPullPolicy(fields, path, diagnostics),
    command: readWords(fields['command'], at('command'), diagnostics),
    entrypoint: readWords(fields['entrypoint'], at('entrypoint'), diagnostics),
    env: readEnv(fields, path, diagnostics),
    ports: publishes(fields['network_mode'])
      ? readPorts(fields['ports'], at('ports'), diagnostics)
      : undefined,
    mounts: volumes.mounts,
    dataMounts: volumes.dataMounts,
    networks: readNetworks(fields['networks'], at('networks')),
    links: readLinks(fields, path),
    volumesFrom: readVolumesFrom(fields['volumes_from'], at('volumes_from'), diagnostics),
    networkMode: readNetworkMode(fields, path, diagnostics),
    dependsOn: [...readDependencies(fields, path), ...impliedDependencies(fields, path)],
    healthcheck: healthcheck && readHealthcheck(healthcheck, at('healthcheck'), diagnostics),
    ...readLifecycle(fields, path, diagnostics),
    restart: readRestart(fields, path, diagnostics),
    resources: readResources(fields, path, diagnostics),
    labels: readLabels(fields['labels'], at('labels'), diagnostics),
    options: readOptions(fields, path, diagnostics),
    files: readFiles(fields['files'], at('files'), diagnostics),
    secrets: readSecretUses(fields['secrets'], at('secrets'), diagnostics),
    database: readDatabase(fields['database'], at('database')),
    route: readRoute(fields['route']),
    config: asFields(fields['config']),
  });
}

function readImage(value: unknown, path: DocumentPath, diagnostics: DiagnosticCollector): string | undefined {
  return typeof value === 'string' ? accept(normaliseImage(value), path, diagnostics) : undefined;
}

/** Compose takes ports where they have no effect, and so does a kombination, with a warning. */
function publishes(networkMode: unknown): boolean {
  return networkMode !== 'host' && networkMode !== 'none';
}

/** Ports of one service, ranges spelled out; as many as one range may have. */
const MAX_PORTS = 1_000;

function readPorts(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly PortEntry[] | undefined {
  const list = asList(value);
  if (list === undefined) return undefined;
  const entries: PortEntry[] = [];
  for (const [index, item] of list.entries()) {
    entries.push(...readPortItem(item, [...path, index], diagnostics));
    if (entries.length <= MAX_PORTS) continue;
    diagnostics.error('OUT_OF_RANGE', path, `a service may have ${MAX_PORTS} ports, ranges spelled out`);
    return entries.slice(0, MAX_PORTS);
  }
  return entries;
}

function readPortItem(
  item: unknown,
  place: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly PortEntry[] {
  const fields = asFields(item);
  if (fields) {
    const port = accept(readPort(fields), place, diagnostics);
    return port ? [toEntry(port, place)] : [];
  }
  if (typeof item !== 'string' && typeof item !== 'number') return [];
  const ports = accept(parsePort(String(item)), place, diagnostics) ?? [];
  return ports.map((port) => toEntry(port, place));
}

function toEntry({ lastHostPort, ...port }: PublishedPort, path: DocumentPath): PortEntry {
  return defined({ port, lastHostPort, path });
}

function readFiles(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly FileModel[] {
  const targets = new Set<string>();
  return (asList(value) ?? []).flatMap((item, index): FileModel[] => {
    const fields = asFields(item);
    const target = asString(fields?.['target']);
    if (!fields || !target?.startsWith('/')) return [];
    const place = [...path, index];
    const source = asString(fields['source']);
    const content = asString(fields['content']);
    if ((source === undefined) === (content === undefined)) {
      const message =
        source === undefined ? 'a file needs a source or a content' : 'has both a source and a content';
      diagnostics.error(source === undefined ? 'REQUIRED' : 'INVALID_VALUE', place, message);
      return [];
    }
    const inside = normalisePath(target);
    if (targets.has(inside)) diagnostics.error('INVALID_VALUE', place, `${inside} is written by two files`);
    targets.add(inside);
    const mode = asString(fields['mode']);
    return [
      defined({
        source,
        content,
        target: inside,
        mode: mode !== undefined && /^[0-7]{3,5}$/.test(mode) ? Number.parseInt(mode, 8) : undefined,
        uid: asNumber(fields['uid']),
        gid: asNumber(fields['gid']),
        path: place,
      }),
    ];
  });
}

function readRoute(value: unknown): RouteModel | false | undefined {
  if (value === false) return false;
  if (value === true) return {};
  const fields = asFields(value);
  return (
    fields &&
    defined({
      subdomain: asString(fields['subdomain']),
      host: asString(fields['host']),
      port: asNumber(fields['port']),
      middlewares: asList(fields['middlewares'])?.map(String),
    })
  );
}

/** Keys that are read without a look at the others. */
export function isLoose(key: string): boolean {
  return key === 'env' || key === 'labels' || key === 'command' || key === 'files';
}

/** Some of these keys alone. */
export function readLooseFields(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Partial<ServiceFields> {
  const { env, labels, command, files } = fields;
  const at = (key: string): DocumentPath => [...path, key];
  return defined({
    env: env === undefined ? undefined : readEnv({ env }, path, diagnostics),
    labels: labels === undefined ? undefined : readLabels(labels, at('labels'), diagnostics),
    command: readWords(command, at('command'), diagnostics),
    files: files === undefined ? undefined : readFiles(files, at('files'), diagnostics),
  });
}

/** A service that says nothing. */
export const EMPTY_SERVICE_FIELDS: ServiceFields = readFields({}, [], createDiagnosticCollector());
