import type { Json, JsonObject } from '../../../base/json.ts';
import { asFields, asList, asNumber, asString, own } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { containersOf } from './containers.ts';

type Read = (parts: { readonly spec: Fields; readonly status: Fields }) => Readonly<Record<string, unknown>>;

/** Returns what is worth knowing of an object, flat. Never anything of what a Secret or ConfigMap holds. */
export function factsOf(live: LiveObject): JsonObject {
  const read = own<Read>(BY_KIND, live.kind);
  if (read === undefined) return {};
  const parts = { spec: asFields(live['spec']) ?? {}, status: asFields(live['status']) ?? {} };
  const known = Object.entries(read(parts)).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(known) as JsonObject;
}

const REPLICAS = ['replicas', 'availableReplicas', 'readyReplicas', 'updatedReplicas'];

function counts(status: Fields, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, asNumber(own(status, name)) ?? 0]));
}

function workload({ spec, status }: { readonly spec: Fields; readonly status: Fields }) {
  const template = asFields(asFields(spec['template'])?.['spec']);
  return {
    ...counts(status, REPLICAS),
    replicas: asNumber(spec['replicas']) ?? 1,
    currentReplicas: asNumber(status['currentReplicas']),
    ...(template === undefined ? {} : { containers: containersOf(template, {}) }),
  };
}

const BY_KIND: Readonly<Record<string, Read>> = {
  Deployment: workload,
  StatefulSet: workload,
  ReplicaSet: workload,
  DaemonSet: ({ spec, status }) => ({
    ...counts(status, [
      'desiredNumberScheduled',
      'currentNumberScheduled',
      'numberMisscheduled',
      'numberReady',
      'numberAvailable',
    ]),
    updateStrategy: asString(asFields(spec['updateStrategy'])?.['type']),
    containers: containersOf(asFields(asFields(spec['template'])?.['spec']) ?? {}, {}),
  }),
  Job: ({ spec, status }) => ({
    completions: asNumber(spec['completions']),
    parallelism: asNumber(spec['parallelism']),
    backoffLimit: asNumber(spec['backoffLimit']),
    jobSucceeded: asNumber(status['succeeded']) ?? 0,
    jobFailed: asNumber(status['failed']) ?? 0,
    jobActive: asNumber(status['active']) ?? 0,
    startTime: asString(status['startTime']),
    completionTime: asString(status['completionTime']),
  }),
  CronJob: ({ spec, status }) => ({
    schedule: asString(spec['schedule']),
    suspend: spec['suspend'] === true,
    concurrencyPolicy: asString(spec['concurrencyPolicy']),
    lastScheduleTime: asString(status['lastScheduleTime']),
    lastSuccessfulTime: asString(status['lastSuccessfulTime']),
    activeJobs: (asList(status['active']) ?? []).length,
  }),
  HorizontalPodAutoscaler: ({ spec, status }) => {
    const target = asFields(spec['scaleTargetRef']) ?? {};
    return {
      minReplicas: asNumber(spec['minReplicas']),
      maxReplicas: asNumber(spec['maxReplicas']),
      currentReplicas: asNumber(status['currentReplicas']) ?? 0,
      desiredReplicas: asNumber(status['desiredReplicas']) ?? 0,
      targetCPUUtilization: utilization(spec['metrics'], 'cpu', 'target'),
      targetMemoryUtilization: utilization(spec['metrics'], 'memory', 'target'),
      currentCPUUtilization: utilization(status['currentMetrics'], 'cpu', 'current'),
      currentMemoryUtilization: utilization(status['currentMetrics'], 'memory', 'current'),
      scaleTargetRef: `${asString(target['kind']) ?? ''}/${asString(target['name']) ?? ''}`,
    };
  },
  NetworkPolicy: ({ spec }) => ({
    policyTypes: texts(spec['policyTypes']),
    ingressRulesCount: (asList(spec['ingress']) ?? []).length,
    egressRulesCount: (asList(spec['egress']) ?? []).length,
    podSelectorLabels: asFields(asFields(spec['podSelector'])?.['matchLabels']) ?? {},
  }),
  Pod: ({ spec, status }) => ({
    containers: containersOf(spec, status),
    nodeName: asString(spec['nodeName']),
    podIP: asString(status['podIP']),
    hostIP: asString(status['hostIP']),
    phase: asString(status['phase']),
    startTime: asString(status['startTime']),
  }),
  Service: ({ spec, status }) => ({
    serviceType: asString(spec['type']) ?? 'ClusterIP',
    clusterIP: asString(spec['clusterIP']),
    externalIPs: [...texts(spec['externalIPs']), ...addressesOf(status)],
    ports: portsOf(spec['ports']),
  }),
  Ingress: ({ spec, status }) => {
    const rules = (asList(spec['rules']) ?? []).map((rule) => asFields(rule) ?? {});
    const paths = rules.flatMap((rule) => asList(asFields(rule['http'])?.['paths']) ?? []);
    return {
      ingressClass: asString(spec['ingressClassName']),
      ingressHosts: rules.flatMap((rule) => asString(rule['host']) ?? []),
      ingressRules: rules.length,
      ingressPaths: paths.length,
      loadBalancerIP: addressesOf(status)[0],
    };
  },
  PersistentVolumeClaim: ({ spec, status }) => ({
    storageClass: asString(spec['storageClassName']),
    accessModes: texts(spec['accessModes']),
    capacity: amount(asFields(status['capacity']), 'storage'),
    requested: amount(asFields(asFields(spec['resources'])?.['requests']), 'storage'),
    volumeName: asString(spec['volumeName']),
    phase: asString(status['phase']),
  }),
  Node: ({ spec, status }) => ({
    nodeCapacity: resourcesOf(asFields(status['capacity'])),
    nodeAllocated: resourcesOf(asFields(status['allocatable'])),
    unschedulable: spec['unschedulable'] === true,
  }),
};

function texts(value: unknown): readonly string[] {
  return (asList(value) ?? []).filter((item) => typeof item === 'string');
}

function addressesOf(status: Fields): readonly string[] {
  const given = asList(asFields(status['loadBalancer'])?.['ingress']) ?? [];
  return given.flatMap(
    (one) => asString(asFields(one)?.['ip']) ?? asString(asFields(one)?.['hostname']) ?? [],
  );
}

function portsOf(value: unknown): readonly JsonObject[] {
  return (asList(value) ?? []).map((item) => {
    const port = asFields(item) ?? {};
    const known: readonly (readonly [string, Json | undefined])[] = [
      ['name', asString(port['name'])],
      ['port', asNumber(port['port']) ?? 0],
      ['targetPort', asNumber(port['targetPort'])],
      ['nodePort', asNumber(port['nodePort'])],
      ['protocol', asString(port['protocol']) ?? 'TCP'],
    ];
    return Object.fromEntries(known.filter(([, one]) => one !== undefined)) as JsonObject;
  });
}

function utilization(metrics: unknown, name: string, side: 'target' | 'current'): number | undefined {
  for (const metric of asList(metrics) ?? []) {
    const resource = asFields(asFields(metric)?.['resource']);
    if (resource?.['name'] === name) return asNumber(asFields(resource[side])?.['averageUtilization']);
  }
  return undefined;
}

function resourcesOf(fields: Fields | undefined): JsonObject {
  const all = [
    ['cpu', amount(fields, 'cpu')],
    ['memory', amount(fields, 'memory')],
    ['storage', amount(fields, 'ephemeral-storage')],
    ['pods', amount(fields, 'pods')],
  ] as const;
  return Object.fromEntries(all.filter(([, value]) => value !== undefined)) as JsonObject;
}

function amount(fields: Fields | undefined, name: string): string | undefined {
  const value = fields === undefined ? undefined : own(fields, name);
  return asString(value) ?? asNumber(value)?.toString();
}
