import { isDeepStrictEqual } from 'node:util';
import { amountOf } from '../../../reconciler/pods/quantity.ts';
import type { Members, Value } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';
import { at, listAt, membersAt } from './members.ts';
import type { ServedKind } from './kinds.ts';
import { resourceName } from './kinds.ts';
import { invalid, Refusal } from './refusal.ts';

/** Adds what the server fills in. `serial` makes addresses differ. */
export function withDefaults(object: Members, kind: ServedKind, serial: number): Members {
  const spec = membersAt(object, 'spec');
  switch (kind.kind) {
    case 'Deployment':
      return {
        ...object,
        spec: {
          progressDeadlineSeconds: 600,
          replicas: 1,
          revisionHistoryLimit: 10,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
          ...spec,
          template: templateDefaults(membersAt(spec, 'template')),
        },
      };
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return {
        ...object,
        spec: {
          ...(kind.kind === 'StatefulSet' ? { podManagementPolicy: 'OrderedReady', replicas: 1 } : {}),
          ...spec,
          template: templateDefaults(membersAt(spec, 'template')),
        },
      };
    case 'Service': {
      const ports = listAt(spec, 'ports').map((port) => ({
        protocol: 'TCP',
        targetPort: port['port'] ?? 0,
        ...port,
      }));
      const address = spec['clusterIP'] ?? `10.96.${serial >> 8}.${serial & 255}`;
      const given = { type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' };
      return { ...object, spec: { ...given, ...spec, clusterIP: address, clusterIPs: [address], ports } };
    }
    case 'PersistentVolumeClaim':
      return { ...object, spec: { volumeMode: 'Filesystem', ...spec } };
    case 'Secret':
      return { type: 'Opaque', ...object };
    case 'Namespace':
      return { ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
    default:
      return object;
  }
}

/** Annotation of the class that claims without one are given. */
export const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Gives a new claim that names no class the one that is the default, as the admission of a server does. */
export function withDefaultClass(object: Members, kind: ServedKind, classes: readonly Members[]): Members {
  const spec = membersAt(object, 'spec');
  if (kind.kind !== 'PersistentVolumeClaim' || spec['storageClassName'] !== undefined) return object;
  const found = classes.find((one) => at(one, 'metadata', 'annotations', DEFAULT_CLASS) === 'true');
  const name = found && at(found, 'metadata', 'name');
  return name === undefined ? object : { ...object, spec: { ...spec, storageClassName: name } };
}

function templateDefaults(template: Members): Members {
  const spec = membersAt(template, 'spec');
  const containers = listAt(spec, 'containers').map((container) => ({
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
    ...(isMembers(container['resources']) ? { resources: canonicalAmounts(container['resources']) } : {}),
    ...(Array.isArray(container['ports'])
      ? { ports: container['ports'].filter(isMembers).map((port) => ({ protocol: 'TCP', ...port })) }
      : {}),
  }));
  const given = { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler' };
  return { ...template, spec: { ...given, terminationGracePeriodSeconds: 30, ...spec, containers } };
}

/** `1000m` is stored as `1`. */
function canonicalAmounts(resources: Members): Members {
  const canonical = (amounts: Value): Value =>
    isMembers(amounts)
      ? Object.fromEntries(
          Object.entries(amounts).map(([key, value]) => [
            key,
            typeof value === 'string' && /^\d+000m$/.test(value) ? `${amountOf(value)}` : textOf(value),
          ]),
        )
      : amounts;
  return Object.fromEntries(Object.entries(resources).map(([key, value]) => [key, canonical(value)]));
}

/** Tells of a type of Service whether it has ports of the nodes. */
function hasNodePorts(service: Members): boolean {
  return ['NodePort', 'LoadBalancer'].includes(textOf(at(service, 'spec', 'type') ?? ''));
}

/** The first number that a server gives out. */
const FIRST_GIVEN_PORT = 30_000;

/**
 * A Service with what a server fills in where an address or a port of the nodes is left out: the one that the object has, a port being the same that
 * has the same name, else another one.
 */
export function withAllocated(
  service: Members,
  before: Members | undefined,
  peers: readonly Members[],
): Members {
  const { clusterIP: chosen, ...spec } = membersAt(service, 'spec');
  const isChosen = chosen !== undefined && chosen !== '';
  const address = isChosen ? chosen : at(before ?? {}, 'spec', 'clusterIP');
  const kept = address === undefined || spec['type'] === 'ExternalName' ? {} : { clusterIP: address };
  if (spec['ports'] === undefined) return { ...service, spec: { ...spec, ...kept } };
  const portsOf = (one: Members | undefined) =>
    one && hasNodePorts(one) ? listAt(one, 'spec', 'ports') : [];
  const old = new Map(portsOf(before).map((port) => [port['name'] ?? '', port['nodePort']]));
  const used = new Set([service, ...peers].flatMap(portsOf).map((port) => port['nodePort']));
  const ports = listAt(spec, 'ports').map((port) => {
    const { nodePort: number, ...rest } = port;
    if (!hasNodePorts(service)) return rest;
    if (number !== undefined) return port;
    const known = old.get(port['name'] ?? '');
    const given = known === undefined || used.has(known) ? firstFree([...used, ...old.values()]) : known;
    used.add(given);
    return { ...rest, nodePort: given };
  });
  return { ...service, spec: { ...spec, ...kept, ports } };
}

function firstFree(used: readonly (Value | undefined)[]): number {
  for (let number = FIRST_GIVEN_PORT; ; number += 1) if (!used.includes(number)) return number;
}

const STATEFULSET_MUTABLE =
  'replicas ordinals template updateStrategy revisionHistoryLimit persistentVolumeClaimRetentionPolicy minReadySeconds'.split(
    ' ',
  );

type Forbid = (fields: readonly string[], message: string) => void;

/** Refuses changes of what cannot be changed, in the server's own words. */
export function checkImmutable(before: Members, after: Members, kind: ServedKind): void {
  const name = textOf(at(after, 'metadata', 'name'));
  const same = (...path: readonly string[]) => isDeepStrictEqual(at(before, ...path), at(after, ...path));
  const stuck = (field: string, ...path: readonly string[]) => {
    if (same(...path)) return;
    const value = JSON.stringify(at(after, ...path) ?? null);
    throw invalid(kind, name, {
      field,
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${value}: field is immutable`,
    });
  };
  const forbid: Forbid = (fields, message) => {
    const reason = 'FieldValueForbidden';
    throw invalid(
      kind,
      name,
      ...fields.map((field) => ({ field, reason, message: `Forbidden: ${message}` })),
    );
  };
  switch (kind.kind) {
    case 'Deployment':
    case 'DaemonSet':
      return stuck('spec.selector', 'spec', 'selector');
    case 'Job':
      stuck('spec.template', 'spec', 'template');
      return stuck('spec.completions', 'spec', 'completions');
    case 'StatefulSet': {
      const fixed = (object: Members) =>
        Object.fromEntries(
          Object.entries(membersAt(object, 'spec')).filter(([key]) => !STATEFULSET_MUTABLE.includes(key)),
        );
      if (isDeepStrictEqual(fixed(before), fixed(after))) return;
      const list = `${STATEFULSET_MUTABLE.slice(0, -1)
        .map((key) => `'${key}'`)
        .join(', ')} and 'minReadySeconds'`;
      return forbid(['spec'], `updates to statefulset spec for fields other than ${list} are forbidden`);
    }
    case 'PersistentVolumeClaim':
      return checkClaim(before, after, forbid);
    case 'Secret':
      stuck('type', 'type');
      return checkFrozen();
    case 'ConfigMap':
      return checkFrozen();
    case 'Service':
      if (before['spec'] && !same('spec', 'clusterIP')) {
        const value = JSON.stringify(at(after, 'spec', 'clusterIP'));
        throw invalid(kind, name, {
          field: 'spec.clusterIPs[0]',
          reason: 'FieldValueInvalid',
          message: `Invalid value: [${value}]: may not change once set`,
        });
      }
      return;
    default:
  }
  function checkFrozen(): void {
    if (before['immutable'] !== true) return;
    const fields = [...(after['immutable'] === true ? [] : ['immutable']), ...(same('data') ? [] : ['data'])];
    if (fields.length > 0) forbid(fields, 'field is immutable when `immutable` is set');
  }
}

/** Growing is for bound claims, a class may be named once. */
function checkClaim(before: Members, after: Members, forbid: Forbid): void {
  const bound = at(before, 'status', 'phase') === 'Bound';
  const { resources: asked, ...old } = membersAt(before, 'spec');
  const { resources: asks, ...now } = membersAt(after, 'spec');
  const named =
    old['storageClassName'] === undefined && !bound
      ? { ...old, storageClassName: now['storageClassName'] ?? null }
      : old;
  const rest = { ...now, storageClassName: now['storageClassName'] ?? null };
  const same =
    isDeepStrictEqual(
      { volumeName: null, storageClassName: null, ...named },
      { volumeName: null, ...rest },
    ) &&
    (bound || isDeepStrictEqual(asked, asks));
  if (same) return;
  const rule =
    'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  // The server adds how the two differ, in the words of its own types.
  forbid(
    ['spec'],
    `${rule}\n@@ -1,6 +1,6 @@\n {\n-  "Spec": ${JSON.stringify(membersAt(before, 'spec'))},\n+  "Spec": ${JSON.stringify(membersAt(after, 'spec'))},\n  "DataSource": null,\n  "DataSourceRef": null,\n`,
  );
}

/** ResourceQuota and LimitRange of the namespace. */
export function checkLimits(
  object: Members,
  kind: ServedKind,
  peers: { readonly quotas: readonly Members[]; readonly ranges: readonly Members[]; readonly used: number },
): void {
  const name = textOf(at(object, 'metadata', 'name'));
  for (const range of peers.ranges) {
    for (const limit of listAt(range, 'spec', 'limits')) {
      if (limit['type'] !== kind.kind || kind.kind !== 'PersistentVolumeClaim') continue;
      const most = textOf(at(limit, 'max', 'storage') ?? '');
      const least = textOf(at(limit, 'min', 'storage') ?? '0');
      const asked = textOf(at(object, 'spec', 'resources', 'requests', 'storage') ?? '0');
      const small = amountOf(asked) < amountOf(least);
      if (!small && (most === '' || amountOf(asked) <= amountOf(most))) continue;
      const rule = small
        ? `minimum storage usage per PersistentVolumeClaim is ${least}`
        : `maximum storage usage per PersistentVolumeClaim is ${most}`;
      const message = `${rule}, but request is ${asked}`;
      throw new Refusal(403, 'Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${message}`);
    }
  }
  for (const quota of peers.quotas) {
    for (const [key, hard] of Object.entries(membersAt(quota, 'spec', 'hard'))) {
      if (key !== kind.plural && key !== `count/${resourceName(kind)}`) continue;
      if (peers.used < amountOf(textOf(hard))) continue;
      const message = `exceeded quota: ${textOf(at(quota, 'metadata', 'name'))}, requested: ${key}=1, used: ${key}=${peers.used}, limited: ${key}=${textOf(hard)}`;
      throw new Refusal(403, 'Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${message}`);
    }
  }
}
