import type { ResourceLimits, RestartSpec } from './docker-spec.ts';
import type { DocumentPath } from './document-path.ts';
import { readDuration, readHealthcheck } from './healthcheck.ts';
import { normaliseImage } from './image-reference.ts';
import type { Issues, Problem } from './issue.ts';
import { isProblem } from './issue.ts';
import type { FileModel, MountEntry, PortEntry, RouteModel, ServiceFields } from './kombination.ts';
import { normalisePath, parseMount, parseTmpfs, readMount, RELATIVE_BIND } from './mounts.ts';
import { parsePort, readPort } from './ports.ts';
import { readDependencies, readEnv, readLabels, readNetworks } from './service-lists.ts';
import { readSecretUses } from './service-secrets.ts';
import { splitWords } from './shell-words.ts';
import { parseBytes, parseCores } from './units.ts';
import type { Fields } from './values.ts';
import { asBoolean, asFields, asList, asNumber, asString, defined } from './values.ts';

/**
 * Reads the keys of one service into their normal form. Values of a wrong type are passed over, because the schema has
 * reported them; what only code can see (formats inside texts) is reported here.
 */
export function readServiceFields(fields: Fields, path: DocumentPath, issues: Issues): ServiceFields {
  const at = (key: string): DocumentPath => [...path, key];
  const healthcheck = asFields(fields['healthcheck']);
  const user = fields['user'];
  const volumes = readMounts(fields, path, issues);
  return defined({
    node: asString(fields['node']),
    image: readImage(fields['image'], at('image'), issues),
    pullPolicy: readPullPolicy(fields['pull_policy']),
    command: readWords(fields['command'], at('command'), issues),
    entrypoint: readWords(fields['entrypoint'], at('entrypoint'), issues),
    env: readEnv(fields, path, issues),
    ports: readPorts(fields['ports'], at('ports'), issues),
    mounts: volumes.mounts,
    relativeBinds: volumes.relativeBinds,
    networks: readNetworks(fields['networks'], at('networks')),
    networkMode: readNetworkMode(fields, path, issues),
    dependsOn: readDependencies(fields, path),
    healthcheck: healthcheck && readHealthcheck(healthcheck, at('healthcheck'), issues),
    restart: readRestart(fields['restart']),
    resources: readResources(fields, path, issues),
    labels: readLabels(fields['labels'], at('labels'), issues),
    user: typeof user === 'number' ? String(user) : asString(user),
    workingDir: asString(fields['working_dir']),
    hostname: asString(fields['hostname']),
    init: asBoolean(fields['init']),
    readOnly: asBoolean(fields['read_only']),
    stopSignal: asString(fields['stop_signal']),
    stopGracePeriodMs: readDuration(fields['stop_grace_period']),
    files: readFiles(fields['files'], at('files'), issues),
    secrets: readSecretUses(fields['secrets'], at('secrets'), issues),
    route: readRoute(fields['route']),
    config: asFields(fields['config']),
  });
}

/** Reports a problem with the value at a path; passes everything else through. */
function accept<T>(value: T | Problem, path: DocumentPath, issues: Issues): T | undefined {
  if (!isProblem(value)) return value;
  issues.error(value.code ?? 'INVALID_FORMAT', path, value.problem, { hint: value.hint });
  return undefined;
}

function readImage(value: unknown, path: DocumentPath, issues: Issues): string | undefined {
  return typeof value === 'string' ? accept(normaliseImage(value), path, issues) : undefined;
}

function readPullPolicy(value: unknown): 'missing' | 'always' | 'never' | undefined {
  if (value === 'if_not_present') return 'missing';
  return value === 'missing' || value === 'always' || value === 'never' ? value : undefined;
}

function readWords(value: unknown, path: DocumentPath, issues: Issues): readonly string[] | undefined {
  if (typeof value === 'string') return accept(splitWords(value), path, issues);
  return asList(value)?.map(String);
}

function readPorts(value: unknown, path: DocumentPath, issues: Issues): readonly PortEntry[] | undefined {
  return asList(value)?.flatMap((item, index): PortEntry[] => {
    const place = [...path, index];
    const fields = asFields(item);
    if (fields) {
      const port = accept(readPort(fields), place, issues);
      return port ? [{ port, path: place }] : [];
    }
    if (typeof item !== 'string' && typeof item !== 'number') return [];
    const ports = accept(parsePort(String(item)), place, issues) ?? [];
    return ports.map((port) => ({ port, path: place }));
  });
}

type Mounts = Pick<ServiceFields, 'relativeBinds'> & { readonly mounts: MountEntry[] };

function readMounts(service: Fields, path: DocumentPath, issues: Issues): Mounts {
  const mounts: MountEntry[] = [];
  const relativeBinds: { source: string; path: DocumentPath }[] = [];
  for (const [index, item] of (asList(service['volumes']) ?? []).entries()) {
    const place = [...path, 'volumes', index];
    const fields = asFields(item);
    const mount = fields ? readMount(fields) : typeof item === 'string' ? parseMount(item) : undefined;
    if (isProblem(mount) && mount.code === RELATIVE_BIND) {
      const source = fields ? asString(fields['source']) : asString(item)?.split(':')[0];
      relativeBinds.push({ source: source ?? '', path: place });
      continue;
    }
    const accepted = accept(mount, place, issues);
    if (accepted) mounts.push({ mount: accepted, path: place });
  }
  const tmpfs = service['tmpfs'];
  for (const [index, item] of (asList(tmpfs) ?? (tmpfs === undefined ? [] : [tmpfs])).entries()) {
    const place = [...path, 'tmpfs', ...(Array.isArray(tmpfs) ? [index] : [])];
    const mount = typeof item === 'string' ? accept(parseTmpfs(item), place, issues) : undefined;
    if (mount) mounts.push({ mount, path: place });
  }
  rejectSharedTargets(mounts, issues);
  return { mounts, relativeBinds };
}

function rejectSharedTargets(mounts: readonly MountEntry[], issues: Issues): void {
  const targets = new Set<string>();
  for (const { mount, path } of mounts) {
    if (targets.has(mount.target)) issues.error('INVALID_VALUE', path, `${mount.target} is mounted twice`);
    targets.add(mount.target);
  }
}

function readNetworkMode(service: Fields, path: DocumentPath, issues: Issues): 'host' | 'none' | undefined {
  const mode = service['network_mode'];
  if (mode !== 'host' && mode !== 'none') return undefined;
  for (const key of ['networks', 'ports', 'route']) {
    if (service[key] === undefined || service[key] === false) continue;
    issues.error('INVALID_VALUE', [...path, key], `${key} cannot be used with network_mode: ${mode}`, {
      hint: `take out ${key} or network_mode`,
      at: 'key',
    });
  }
  return mode;
}

function readRestart(value: unknown): RestartSpec | undefined {
  const [, policy, times] = /^(no|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(String(value)) ?? [];
  if (policy === 'on-failure') return times ? { policy, maxRetries: Number(times) } : { policy };
  return policy === 'no' || policy === 'always' || policy === 'unless-stopped' ? { policy } : undefined;
}

/** The engine refuses less than this. */
const LEAST_MEMORY = 6 * 1024 ** 2;

function readResources(service: Fields, path: DocumentPath, issues: Issues): ResourceLimits | undefined {
  const own = asFields(service['resources']) ?? {};
  const deploy = asFields(asFields(service['deploy'])?.['resources']) ?? {};
  const limits = asFields(deploy['limits']) ?? {};
  const reservations = asFields(deploy['reservations']) ?? {};
  const fromDeploy: DocumentPath = [...path, 'deploy', 'resources'];
  const amount = (
    places: readonly (readonly [Fields, DocumentPath, string])[],
    parse: (value: string | number) => number | Problem,
    least = 0,
  ): number | undefined => {
    for (const [fields, base, key] of places) {
      const value = fields[key];
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      const result = parse(value);
      // Texts of a wrong form are the schema's to report.
      if (isProblem(result) && result.code === undefined) return undefined;
      const number = accept(result, [...base, key], issues);
      if (number === undefined || number >= least) return number;
      issues.error('OUT_OF_RANGE', [...base, key], `${value} is less than an engine accepts`, {
        hint: 'at least 6m',
      });
    }
    return undefined;
  };
  const ownPath: DocumentPath = [...path, 'resources'];
  const result = defined({
    memoryBytes: amount(
      [
        [own, ownPath, 'memory'],
        [limits, [...fromDeploy, 'limits'], 'memory'],
      ],
      parseBytes,
      LEAST_MEMORY,
    ),
    memoryReservationBytes: amount(
      [
        [own, ownPath, 'memory_reservation'],
        [reservations, [...fromDeploy, 'reservations'], 'memory'],
      ],
      parseBytes,
      LEAST_MEMORY,
    ),
    nanoCpus: amount(
      [
        [own, ownPath, 'cpus'],
        [own, ownPath, 'cpu'],
        [limits, [...fromDeploy, 'limits'], 'cpus'],
      ],
      parseCores,
    ),
    pidsLimit: asNumber(own['pids']) ?? asNumber(limits['pids']),
  });
  return Object.keys(result).length > 0 ? result : undefined;
}

function readFiles(value: unknown, path: DocumentPath, issues: Issues): readonly FileModel[] {
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
      issues.error(source === undefined ? 'REQUIRED' : 'INVALID_VALUE', place, message);
      return [];
    }
    const inside = normalisePath(target);
    if (targets.has(inside)) issues.error('INVALID_VALUE', place, `${inside} is written by two files`);
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
  return fields && defined({ subdomain: asString(fields['subdomain']), port: asNumber(fields['port']) });
}
