import { readClusterConnection } from '../config/fleet/cluster-document.ts';
import { readConnection } from '../model/connection.ts';
import type { DocumentPath } from '../base/document-path.ts';
import type { LimitRange, ResourceBounds, ResourceQuota } from '../pods/limits.ts';
import type { Quantity } from '../pods/quantity.ts';
import { parseQuantity, toMilli, toUnits } from '../pods/quantity.ts';
import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import { accept } from '../base/document-diagnostic.ts';
import type { DockerConnection, KubernetesConnection } from '../model/target.ts';
import { parseDuration } from '../base/units.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asNumber, asString, defined, own } from '../base/values.ts';
import type { InstanceSettings } from '../run/instances/context.ts';
import { DEFAULT_SETTINGS } from '../run/instances/context.ts';

/** `instances` of the operator's configuration. */
export interface InstancesConfig {
  readonly enabled: boolean;
  readonly place:
    | { readonly kind: 'docker'; readonly connection: DockerConnection }
    | { readonly kind: 'kubernetes'; readonly connection: KubernetesConnection };
  readonly settings: InstanceSettings;
  readonly nodeRole: string;
  readonly publishAddress?: string;
  readonly publicIp?: string;
  readonly pidsLimit?: number;
}

export const DEFAULT_INSTANCES: InstancesConfig = {
  enabled: true,
  place: { kind: 'docker', connection: { type: 'local' } },
  settings: DEFAULT_SETTINGS,
  nodeRole: 'stack',
};

const ROOT = 'instances';
const MIN_DURATION_MS = 100;

/** Reads what the schema has passed; what it cannot tell is added to the collector. */
export function readInstancesConfig(fields: Fields, diagnostics: DiagnosticCollector): InstancesConfig {
  return {
    enabled: fields['enabled'] !== false,
    place: readPlace(fields, diagnostics),
    settings: readSettings(fields, diagnostics),
    nodeRole: asString(fields['nodeRole']) ?? DEFAULT_INSTANCES.nodeRole,
    ...defined({
      publishAddress: asString(fields['publishAddress']),
      publicIp: asString(fields['publicIp']),
      pidsLimit: asNumber(fields['pidsLimit']),
    }),
  };
}

function readPlace(fields: Fields, diagnostics: DiagnosticCollector): InstancesConfig['place'] {
  const engine = asFields(fields['engine']);
  const cluster = asFields(fields['cluster']);
  if (engine !== undefined && cluster !== undefined)
    diagnostics.error('INVALID_VALUE', [ROOT, 'cluster'], 'instances run on an engine or on a cluster', {
      hint: 'take out engine or cluster',
    });
  if (cluster !== undefined) {
    const connection = readClusterConnection(cluster, below([ROOT, 'cluster'], diagnostics));
    if (connection !== undefined) return { kind: 'kubernetes', connection: withPrograms(connection) };
  }
  const connection = accept(readConnection(engine ?? {}), [ROOT, 'engine', 'host'], diagnostics);
  return connection === undefined ? DEFAULT_INSTANCES.place : { kind: 'docker', connection };
}

/** It is the operator's own file that names the kubeconfig. */
function withPrograms(connection: KubernetesConnection): KubernetesConnection {
  return connection.type === 'kubeconfig' ? { ...connection, exec: true } : connection;
}

function readSettings(fields: Fields, diagnostics: DiagnosticCollector): InstanceSettings {
  const duration = (key: string) => readDuration(own(fields, key), [ROOT, key], diagnostics);
  return {
    ...DEFAULT_SETTINGS,
    ...defined({
      namespace: asString(fields['namespace']),
      ttlMs: duration('ttl'),
      passMs: duration('interval'),
      portLockMs: duration('portLock'),
      schedulingTimeoutMs: duration('schedulingTimeout'),
      orphanGraceMs: duration('orphanGrace'),
      keepJobsMs: duration('keepJobs'),
      createConcurrency: asNumber(fields['createConcurrency']),
      deleteConcurrency: asNumber(fields['deleteConcurrency']),
    }),
    nodePorts: readRange(asFields(fields['nodePorts']) ?? {}, diagnostics),
    limitRange: readLimitRange(asFields(fields['limitRange']) ?? {}, diagnostics),
    quota: readQuota(asFields(fields['quota']) ?? {}, diagnostics),
  };
}

function readDuration(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): number | undefined {
  const written = asString(value);
  if (written === undefined) return undefined;
  const milliseconds = accept(parseDuration(written), path, diagnostics);
  if (milliseconds !== undefined && milliseconds < MIN_DURATION_MS)
    diagnostics.error('OUT_OF_RANGE', path, `${written} is too short`, { hint: 'at least 100ms' });
  return milliseconds;
}

function readRange(fields: Fields, diagnostics: DiagnosticCollector): InstanceSettings['nodePorts'] {
  const min = asNumber(fields['min']) ?? DEFAULT_SETTINGS.nodePorts.min;
  const max = asNumber(fields['max']) ?? DEFAULT_SETTINGS.nodePorts.max;
  if (min > max)
    diagnostics.error('OUT_OF_RANGE', [ROOT, 'nodePorts'], `there is no port from ${min} to ${max}`, {
      hint: 'min must not be greater than max',
    });
  return { min, max };
}

function readLimitRange(fields: Fields, diagnostics: DiagnosticCollector): LimitRange {
  const bounds = (side: 'min' | 'max'): ResourceBounds | undefined => {
    const given = asFields(fields[side]);
    if (given === undefined) return undefined;
    const amount = (kind: string) =>
      readAmount(own(given, kind), [ROOT, 'limitRange', side, kind], diagnostics);
    return defined({ cpu: amount('cpu'), memory: amount('memory') });
  };
  return defined({ min: bounds('min'), max: bounds('max') });
}

function readQuota(fields: Fields, diagnostics: DiagnosticCollector): ResourceQuota {
  const cpu = readAmount(fields['cpu'], [ROOT, 'quota', 'cpu'], diagnostics);
  const memory = readAmount(fields['memory'], [ROOT, 'quota', 'memory'], diagnostics);
  return defined({
    cpuMilli: cpu === undefined ? undefined : toMilli(cpu),
    memoryBytes: memory === undefined ? undefined : toUnits(memory),
    pods: asNumber(fields['pods']),
  });
}

function readAmount(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Quantity | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return accept(parseQuantity(String(value)), path, diagnostics);
}

/** A collector whose paths start at a part of the document. */
export function below(prefix: DocumentPath, diagnostics: DiagnosticCollector): DiagnosticCollector {
  return {
    list: diagnostics.list,
    add: (diagnostic) => diagnostics.add({ ...diagnostic, path: [...prefix, ...diagnostic.path] }),
    error: (code, path, message, details) => diagnostics.error(code, [...prefix, ...path], message, details),
    warning: (code, path, message, details) =>
      diagnostics.warning(code, [...prefix, ...path], message, details),
  };
}
