import type { Health } from '../../../model/resource.ts';
import { asFields, asList, asNumber, asString, own } from '../../../base/values.ts';
import type { Fields } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { hasEnded } from '../cache/live-object.ts';
import { isStopped } from '../stopped-object.ts';
import type { Version } from './version-pods.ts';

const HEALTHY: Health = { status: 'healthy' };

interface Parts {
  readonly metadata: LiveObject['metadata'];
  readonly spec: Fields;
  readonly status: Fields;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Judges an object as far as it tells itself; of workloads that do not come up the pods know more (`pods.ts`).
 * @param now milliseconds since the epoch
 */
export function healthOf(live: LiveObject, now: number): Health {
  const { metadata } = live;
  if (metadata.deletionTimestamp !== undefined && !hasEnded(live)) return starting('is being deleted');
  if (isStopped(live)) return { status: 'stopped', reason: 'stopped by hand' };
  const spec = asFields(live['spec']) ?? {};
  const status = asFields(live['status']) ?? {};
  if (isUnseen(live)) return starting('the change has not been seen yet');
  const check = BY_KIND.get(`${live.apiVersion.split('/')[0]} ${live.kind}`) ?? genericHealth;
  return check({ metadata, spec, status, now });
}

/** Tells whether the controller of an object has not seen its newest change yet: its status and its pods are those of an older one. */
export function isUnseen(live: LiveObject): boolean {
  const observed = asNumber((asFields(live['status']) ?? {})['observedGeneration']);
  return observed !== undefined && observed < (live.metadata.generation ?? 0);
}

const BY_KIND: ReadonlyMap<string, (parts: Parts) => Health> = new Map([
  ['apps Deployment', deploymentHealth],
  ['apps StatefulSet', statefulSetHealth],
  ['apps DaemonSet', daemonSetHealth],
  ['batch Job', jobHealth],
  ['batch CronJob', () => HEALTHY],
  ['v1 Pod', podHealth],
  ['v1 Service', serviceHealth],
  ['v1 PersistentVolumeClaim', claimHealth],
  ['v1 Namespace', () => HEALTHY],
  // The controller of an ingress decides who answers it, and whether it ever says so.
  ['networking.k8s.io Ingress', () => HEALTHY],
  ['autoscaling HorizontalPodAutoscaler', autoscalerHealth],
  ['apiextensions.k8s.io CustomResourceDefinition', definitionHealth],
]);

function starting(reason: string): Health {
  return { status: 'starting', reason };
}

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function conditionOf(status: Fields, type: string): Condition | undefined {
  const found = (asList(status['conditions']) ?? []).map(asFields).find((one) => one?.['type'] === type);
  if (!found) return undefined;
  const text = (key: string): string => asString(own(found, key)) ?? '';
  return { status: text('status'), reason: text('reason'), message: text('message') };
}

function count(fields: Fields, key: string, fallback = 0): number {
  return asNumber(own(fields, key)) ?? fallback;
}

function deploymentHealth({ metadata, spec, status }: Parts): Health {
  const wanted = count(spec, 'replicas', 1);
  if (asNumber(status['observedGeneration']) === undefined && (metadata.generation ?? 0) > 0) {
    return starting('the change has not been seen yet');
  }
  const updated = count(status, 'updatedReplicas');
  const old = count(status, 'replicas') - updated;
  const ready = count(status, 'availableReplicas');
  // The conditions may still tell what was wrong with an older version.
  if (updated >= wanted && old <= 0 && ready >= wanted) return HEALTHY;
  const progress = conditionOf(status, 'Progressing');
  if (progress?.reason === DEADLINE) return { status: 'failed', reason: progress.message };
  const failure = conditionOf(status, REFUSED);
  if (failure?.status === 'True') return { status: 'failed', reason: failure.message };
  if (updated < wanted) return starting(`${updated} of ${wanted} pods are made`);
  return old > 0
    ? starting(`${old} old pods are still there`)
    : starting(`${ready} of ${wanted} pods are ready`);
}

const DEADLINE = 'ProgressDeadlineExceeded';
/** Condition of a Deployment, and of each of its ReplicaSets, whose pods are refused. */
const REFUSED = 'ReplicaFailure';

/**
 * Holds what a Deployment tells of its ReplicaSets against the one that is described now: the conditions of the others stay until the last of
 * their pods is gone.
 */
export function aboutVersion(health: Health, live: LiveObject, { replicaSet }: Version): Health {
  if (live.kind !== 'Deployment' || health.status !== 'failed' || replicaSet === undefined) return health;
  const status = asFields(live['status']) ?? {};
  const progress = conditionOf(status, 'Progressing');
  const name = asString(asFields(replicaSet['metadata'])?.['name']) ?? '';
  if (progress?.reason === DEADLINE && progress.message.includes(`"${name}"`)) return health;
  const refused = conditionOf(asFields(replicaSet['status']) ?? {}, REFUSED);
  return refused?.status === 'True'
    ? { status: 'failed', reason: refused.message }
    : starting('pods of this version are being made');
}

function statefulSetHealth({ metadata, spec, status }: Parts): Health {
  const wanted = count(spec, 'replicas', 1);
  if (asNumber(status['observedGeneration']) === undefined && (metadata.generation ?? 0) > 0) {
    return starting('the change has not been seen yet');
  }
  const ready = count(status, 'readyReplicas');
  if (ready < wanted) return starting(`${ready} of ${wanted} pods are ready`);
  if (asFields(spec['updateStrategy'])?.['type'] === 'OnDelete') return HEALTHY;
  const partition = count(asFields(asFields(spec['updateStrategy'])?.['rollingUpdate']) ?? {}, 'partition');
  const updated = count(status, 'updatedReplicas');
  const due = wanted - partition;
  const same = status['updateRevision'] === status['currentRevision'];
  return same || updated >= due ? HEALTHY : starting(`${updated} of ${due} pods are updated`);
}

function daemonSetHealth({ spec, status }: Parts): Health {
  if (asNumber(status['observedGeneration']) === undefined)
    return starting('the change has not been seen yet');
  const wanted = count(status, 'desiredNumberScheduled');
  const ready = count(status, 'numberAvailable');
  if (ready < wanted) return starting(`${ready} of ${wanted} pods are ready`);
  if (asFields(spec['updateStrategy'])?.['type'] === 'OnDelete') return HEALTHY;
  const updated = count(status, 'updatedNumberScheduled');
  return updated < wanted ? starting(`${updated} of ${wanted} pods are updated`) : HEALTHY;
}

/** Written by the renderer of services. */
const RUNS = 'run.kombinator.io/service';

function jobHealth({ metadata, spec, status }: Parts): Health {
  const failed = conditionOf(status, 'Failed');
  if (failed?.status === 'True') {
    return { status: 'failed', reason: failed.message || failed.reason || 'the job failed' };
  }
  if (conditionOf(status, 'Complete')?.status === 'True') return { status: 'completed' };
  if (spec['suspend'] === true) return { status: 'stopped', reason: 'is suspended' };
  // Nobody waits for the end of it: that it runs is as well as it can be.
  const isService = metadata.annotations?.[RUNS] === 'true';
  if (isService && count(status, 'ready') >= count(spec, 'parallelism', 1)) return HEALTHY;
  const done = count(status, 'succeeded');
  return starting(`${done} of ${count(spec, 'completions', 1)} pods are done`);
}

function podHealth({ status }: Parts): Health {
  switch (status['phase']) {
    case 'Succeeded':
      return { status: 'completed' };
    case 'Failed':
      return {
        status: 'failed',
        reason: asString(status['message']) ?? asString(status['reason']) ?? 'the pod failed',
      };
    case 'Running':
      return conditionOf(status, 'Ready')?.status === 'True' ? HEALTHY : starting('is not ready');
    default:
      return starting('is not running yet');
  }
}

function serviceHealth({ spec, status }: Parts): Health {
  if (spec['type'] !== 'LoadBalancer') return HEALTHY;
  const addresses = asList(asFields(status['loadBalancer'])?.['ingress']) ?? [];
  return addresses.length > 0 ? HEALTHY : starting('has no address from a load balancer yet');
}

function claimHealth({ status }: Parts): Health {
  if (status['phase'] === 'Bound') return HEALTHY;
  if (status['phase'] === 'Lost') return { status: 'failed', reason: 'its volume is gone' };
  return starting('is not bound to a volume yet');
}

function autoscalerHealth({ status }: Parts): Health {
  const able = conditionOf(status, 'AbleToScale');
  if (able?.status === 'False') return { status: 'unhealthy', reason: able.message };
  return HEALTHY;
}

function definitionHealth({ status }: Parts): Health {
  const named = conditionOf(status, 'NamesAccepted');
  if (named?.status === 'False') return { status: 'failed', reason: named.message };
  return conditionOf(status, 'Established')?.status === 'True' ? HEALTHY : starting('is not established yet');
}

/** Judges by what most operators write: Stalled and Failed are final, Ready or Available say that it is well. */
function genericHealth({ status }: Parts): Health {
  for (const type of ['Stalled', 'Failed']) {
    const bad = conditionOf(status, type);
    if (bad?.status === 'True') return { status: 'failed', reason: bad.message || bad.reason };
  }
  if (conditionOf(status, 'Reconciling')?.status === 'True') return starting('is being reconciled');
  for (const type of ['Ready', 'Available', 'Established']) {
    const good = conditionOf(status, type);
    if (good && good.status !== 'True') return starting(good.message || good.reason || `is not ${type}`);
    if (good) return HEALTHY;
  }
  return HEALTHY;
}
