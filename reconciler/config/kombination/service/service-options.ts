import type {
  ContainerOptions,
  DeviceRequestSpec,
  DeviceSpec,
} from '../../../model/docker/docker-options.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { Problem } from '../../../base/problem.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import { isProblem } from '../../../base/problem.ts';
import {
  extraHost,
  optionalNumber,
  parseDevice,
  parseExpose,
  parseExtraHost,
  parseMicroseconds,
  readBlkio,
  readDevice,
  readGpus,
  readLogging,
  readRequest,
  readTexts,
  readUlimits,
  texts,
} from '../../../model/docker/option-values.ts';
import { readPlainPairs } from './service-lists.ts';
import { parseBytes } from '../../../base/units.ts';
import type { Fields } from '../../../base/values.ts';
import { asBoolean, asFields, asList, asString, compareText, defined } from '../../../base/values.ts';

/** The settings of a container that only the engine has to understand. References to services are as written. */
export function readOptions(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): ContainerOptions {
  const at = (key: string): DocumentPath => [...path, key];
  return defined({
    ...readCpuOptions(fields, path, diagnostics),
    ...readNameOptions(fields, path, diagnostics),
    annotations: readPlainPairs(fields['annotations'], at('annotations'), diagnostics),
    blkio: readBlkio(fields['blkio_config']),
    capAdd: sorted(texts(fields['cap_add'])),
    capDrop: sorted(texts(fields['cap_drop'])),
    cgroup: readCgroup(fields['cgroup']),
    cgroupParent: asString(fields['cgroup_parent']),
    deviceCgroupRules: filled(texts(fields['device_cgroup_rules'])),
    devices: filled(readDevices(fields['devices'], at('devices'), diagnostics)),
    deviceRequests: filled(readDeviceRequests(fields, path, diagnostics)),
    groupAdd: sorted(texts(fields['group_add'])),
    ipc: filledText(fields['ipc']),
    logging: readLogging(fields['logging']),
    memSwappiness: optionalNumber(fields['mem_swappiness']),
    oomKillDisable: asBoolean(fields['oom_kill_disable']) || undefined,
    oomScoreAdj: optionalNumber(fields['oom_score_adj']) || undefined,
    pid: filledText(fields['pid']),
    platform: filledText(fields['platform']),
    privileged: asBoolean(fields['privileged']) || undefined,
    runtime: filledText(fields['runtime']),
    securityOpt: filled(readSecurity(fields['security_opt'], at('security_opt'), diagnostics)),
    shmSize: readSize(fields['shm_size'], at('shm_size'), diagnostics),
    stdinOpen: asBoolean(fields['stdin_open']) || undefined,
    storageOpt: readTexts(fields['storage_opt']),
    sysctls: readPlainPairs(fields['sysctls'], at('sysctls'), diagnostics),
    tty: asBoolean(fields['tty']) || undefined,
    ulimits: readUlimits(fields['ulimits']),
    usernsMode: filledText(fields['userns_mode']),
    uts: filledText(fields['uts']),
  });
}

/** How the container is called, and whom it knows by name. */
function readNameOptions(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Pick<
  ContainerOptions,
  'dns' | 'dnsOpt' | 'dnsSearch' | 'domainname' | 'expose' | 'extraHosts' | 'macAddress'
> {
  return defined({
    dns: filled(texts(fields['dns'])),
    dnsOpt: filled(texts(fields['dns_opt'])),
    dnsSearch: filled(texts(fields['dns_search'])),
    domainname: filledText(fields['domainname']),
    expose: filled(readExpose(fields['expose'], [...path, 'expose'], diagnostics)),
    extraHosts: filled(readExtraHosts(fields['extra_hosts'], [...path, 'extra_hosts'], diagnostics)),
    macAddress: asString(fields['mac_address'])?.toLowerCase(),
  });
}

function readCpuOptions(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Pick<ContainerOptions, 'cpuPeriod' | 'cpuQuota' | 'cpuRtPeriod' | 'cpuRtRuntime'> {
  const amount = (key: string): number | undefined => {
    const value = fields[key];
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    return accept(parseMicroseconds(value), [...path, key], diagnostics) || undefined;
  };
  return defined({
    cpuPeriod: amount('cpu_period'),
    cpuQuota: amount('cpu_quota'),
    cpuRtPeriod: amount('cpu_rt_period'),
    cpuRtRuntime: amount('cpu_rt_runtime'),
  });
}

function readCgroup(value: unknown): 'host' | 'private' | undefined {
  return value === 'host' || value === 'private' ? value : undefined;
}

/** Accepts each, reports what is wrong where it stands. */
function readEach<T>(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
  read: (item: unknown) => T | Problem | undefined,
): readonly T[] {
  return (asList(value) ?? []).flatMap((item, index) => {
    const result = read(item);
    const accepted = result === undefined ? undefined : accept(result, [...path, index], diagnostics);
    return accepted === undefined ? [] : [accepted];
  });
}

function readDevices(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly DeviceSpec[] {
  return readEach(value, path, diagnostics, (item) => {
    const fields = asFields(item);
    return fields ? readDevice(fields) : typeof item === 'string' ? parseDevice(item) : undefined;
  });
}

function readDeviceRequests(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly DeviceRequestSpec[] {
  const gpus = readGpus(fields['gpus']).flatMap((request, index) => {
    const accepted = accept(request, [...path, 'gpus', ...(isProblem(request) ? [index] : [])], diagnostics);
    return accepted ? [accepted] : [];
  });
  const deploy = asFields(asFields(fields['deploy'])?.['resources']);
  const devices = asFields(deploy?.['reservations'])?.['devices'];
  const place = [...path, 'deploy', 'resources', 'reservations', 'devices'];
  return [...gpus, ...readEach(devices, place, diagnostics, (item) => readRequest(asFields(item) ?? {}, []))];
}

function readExpose(value: unknown, path: DocumentPath, diagnostics: DiagnosticCollector): readonly string[] {
  const ports = readEach(value, path, diagnostics, (item) =>
    typeof item === 'string' || typeof item === 'number' ? parseExpose(String(item)) : undefined,
  );
  return [...new Set(ports.flat())].sort(compareText);
}

export function readExtraHosts(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly string[] {
  const list = readEach(value, path, diagnostics, (item) =>
    typeof item === 'string' ? parseExtraHost(item) : undefined,
  );
  const map = Object.entries(asFields(value) ?? {}).flatMap(([host, addresses]) =>
    texts(addresses).flatMap(
      (address) => accept(extraHost(host, address), [...path, host], diagnostics) ?? [],
    ),
  );
  return [...new Set([...list, ...map])].sort(compareText);
}

/** Names a file that is not on the engine, unless the profile itself stands there. */
const PROFILE = /^seccomp[=:](?!unconfined$|builtin$|\{)/;

function readSecurity(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly string[] {
  const list = readEach(value, path, diagnostics, (item): string | Problem | undefined => {
    if (typeof item !== 'string') return undefined;
    if (item.startsWith('credentialspec')) return unsupportedOption(item, 'it is for Windows');
    if (PROFILE.test(item)) return unsupportedOption(item, 'write the profile itself: seccomp={…}');
    return item.replace(/^(seccomp|apparmor|label|no-new-privileges|systempaths):/, '$1=');
  });
  return [...new Set(list)].sort(compareText);
}

function unsupportedOption(text: string, hint: string): Problem {
  return { problem: `${text} is not supported`, hint, code: 'UNSUPPORTED_KEY' };
}

export function readSize(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const bytes = parseBytes(value);
  // Texts of a wrong form are the schema's to report.
  if (isProblem(bytes) && bytes.code === undefined) return undefined;
  return accept(bytes, path, diagnostics) || undefined;
}

/** The key that is said twice in ways that exclude each other; see the engine's "conflicting options". */
export function checkOptions(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const cores = asFields(asFields(asFields(fields['deploy'])?.['resources'])?.['limits'])?.['cpus'];
  const own = asFields(fields['resources']);
  const limited = [fields['cpus'], cores, own?.['cpus'], own?.['cpu']].some((value) => value !== undefined);
  for (const key of ['cpu_period', 'cpu_quota']) {
    if (!limited || fields[key] === undefined) continue;
    diagnostics.error('INVALID_VALUE', [...path, key], `${key} cannot be used together with cpus`, {
      hint: `take one of them out of ${formatPath(path)}`,
      at: 'key',
    });
  }
}

function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function filledText(value: unknown): string | undefined {
  return asString(value) || undefined;
}

function sorted(list: readonly string[]): readonly string[] | undefined {
  return filled([...new Set(list)].sort(compareText));
}
