import { isDeepStrictEqual } from 'node:util';
import { quantity } from '../../../reconciler/adapters/kubernetes/quantity.ts';
import type { Members, Value } from './field-set.ts';
import { isMembers, textOf } from './field-set.ts';
import type { ServedKind } from './kinds.ts';
import { resourceName } from './kinds.ts';
import { invalid, Refusal } from './refusal.ts';

function at(object: Members | undefined, ...path: readonly string[]): Value | undefined {
  let value: Value | undefined = object;
  for (const key of path) value = isMembers(value) ? value[key] : undefined;
  return value;
}

function membersAt(object: Members, ...path: readonly string[]): Members {
  const value = at(object, ...path);
  return isMembers(value) ? value : {};
}

function listAt(object: Members, ...path: readonly string[]): Members[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.filter(isMembers) : [];
}

/** What the server fills in. `serial` makes addresses differ. */
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
            typeof value === 'string' && /^\d+000m$/.test(value) ? `${quantity(value)}` : textOf(value),
          ]),
        )
      : amounts;
  return Object.fromEntries(Object.entries(resources).map(([key, value]) => [key, canonical(value)]));
}

const STATEFULSET_MUTABLE =
  'replicas ordinals template updateStrategy revisionHistoryLimit persistentVolumeClaimRetentionPolicy minReadySeconds'.split(
    ' ',
  );

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
  const forbid = (field: string, message: string) => {
    throw invalid(kind, name, { field, reason: 'FieldValueForbidden', message: `Forbidden: ${message}` });
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
      return forbid('spec', `updates to statefulset spec for fields other than ${list} are forbidden`);
    }
    case 'PersistentVolumeClaim': {
      const fixed = (object: Members) => ({
        ...membersAt(object, 'spec'),
        resources: null,
        volumeName: null,
      });
      if (isDeepStrictEqual(fixed(before), fixed(after))) return;
      return forbid(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      );
    }
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
    if (before['immutable'] === true && !same('data'))
      forbid('data', 'field is immutable when `immutable` is set');
  }
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ['apiVersion', 'kind', 'metadata', 'data', 'binaryData', 'immutable'],
  Secret: ['apiVersion', 'kind', 'metadata', 'data', 'stringData', 'type', 'immutable'],
  Deployment: ['apiVersion', 'kind', 'metadata', 'spec', 'status'],
};

/** What the schema of a kind says, as far as tests ask. */
export function checkSchema(object: Members, kind: ServedKind): void {
  const name = textOf(at(object, 'metadata', 'name'));
  const unknown = Object.keys(object).find((key) => KNOWN[kind.kind]?.includes(key) === false);
  if (unknown !== undefined) {
    const place = `${textOf(at(object, 'metadata', 'namespace'))}/${name}; ${kind.version}, Kind=${kind.kind}`;
    throw new Refusal(
      500,
      '',
      `failed to create typed patch object (${place}): .${unknown}: field not declared in schema`,
    );
  }
  if (kind.kind !== 'Deployment') return;
  const labels = membersAt(object, 'spec', 'template', 'metadata', 'labels');
  const wanted = Object.entries(membersAt(object, 'spec', 'selector', 'matchLabels'));
  if (wanted.every(([key, value]) => labels[key] === value) && wanted.length > 0) return;
  throw invalid(kind, name, {
    field: 'spec.template.metadata.labels',
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
  });
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
      const asked = textOf(at(object, 'spec', 'resources', 'requests', 'storage') ?? '0');
      if (most === '' || quantity(asked) <= quantity(most)) continue;
      const message = `maximum storage usage per PersistentVolumeClaim is ${most}, but request is ${asked}`;
      throw new Refusal(403, 'Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${message}`);
    }
  }
  for (const quota of peers.quotas) {
    for (const [key, hard] of Object.entries(membersAt(quota, 'spec', 'hard'))) {
      if (key !== kind.plural && key !== `count/${resourceName(kind)}`) continue;
      if (peers.used < quantity(textOf(hard))) continue;
      const message = `exceeded quota: ${textOf(at(quota, 'metadata', 'name'))}, requested: ${key}=1, used: ${key}=${peers.used}, limited: ${key}=${textOf(hard)}`;
      throw new Refusal(403, 'Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${message}`);
    }
  }
}
