import { describe, expect, it } from 'vitest';
import { healthOf } from '../../../reconciler/adapters/kubernetes/workloads/health.ts';
import { runOf, troubleOf } from '../../../reconciler/adapters/kubernetes/workloads/pods.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');

function health(apiVersion: string, kind: string, body: object): string {
  const metadata = { name: 'x', namespace: 'n', uid: 'u', resourceVersion: '1', generation: 2 };
  const { status, reason } = healthOf({ apiVersion, kind, metadata, ...body }, NOW);
  return reason === undefined ? status : `${status}: ${reason}`;
}

const condition = (type: string, status: string, reason = '', message = '') => ({
  type,
  status,
  reason,
  message,
});
const seen = { observedGeneration: 2 };

describe('healthOf', () => {
  it.each([
    ['apps/v1', 'Deployment', {}, 'starting: the change has not been seen yet'],
    [
      'apps/v1',
      'Deployment',
      { status: { observedGeneration: 1 } },
      'starting: the change has not been seen yet',
    ],
    [
      'apps/v1',
      'Deployment',
      { spec: { replicas: 2 }, status: { ...seen, updatedReplicas: 1 } },
      'starting: 1 of 2 pods are made',
    ],
    [
      'apps/v1',
      'Deployment',
      { status: { ...seen, replicas: 2, updatedReplicas: 1, availableReplicas: 1 } },
      'starting: 1 old pods are still there',
    ],
    [
      'apps/v1',
      'Deployment',
      { status: { ...seen, replicas: 1, updatedReplicas: 1, availableReplicas: 1 } },
      'healthy',
    ],
    ['apps/v1', 'Deployment', { spec: { replicas: 0 }, status: seen }, 'healthy'],
    [
      'apps/v1',
      'Deployment',
      {
        status: {
          ...seen,
          conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'timed out')],
        },
      },
      'failed: timed out',
    ],
    [
      'apps/v1',
      'Deployment',
      {
        status: {
          ...seen,
          conditions: [condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota: small')],
        },
      },
      'failed: exceeded quota: small',
    ],
    ['apps/v1', 'StatefulSet', { status: { ...seen, readyReplicas: 0 } }, 'starting: 0 of 1 pods are ready'],
    [
      'apps/v1',
      'StatefulSet',
      {
        spec: { replicas: 2 },
        status: { ...seen, readyReplicas: 2, updatedReplicas: 1, updateRevision: 'b', currentRevision: 'a' },
      },
      'starting: 1 of 2 pods are updated',
    ],
    [
      'apps/v1',
      'StatefulSet',
      { status: { ...seen, readyReplicas: 1, updateRevision: 'a', currentRevision: 'a' } },
      'healthy',
    ],
    [
      'apps/v1',
      'DaemonSet',
      { status: { ...seen, desiredNumberScheduled: 3, numberAvailable: 2 } },
      'starting: 2 of 3 pods are ready',
    ],
    [
      'apps/v1',
      'DaemonSet',
      { status: { ...seen, desiredNumberScheduled: 1, numberAvailable: 1, updatedNumberScheduled: 1 } },
      'healthy',
    ],
    ['batch/v1', 'Job', { status: {} }, 'starting: 0 of 1 pods are done'],
    ['batch/v1', 'Job', { status: { conditions: [condition('Complete', 'True')] } }, 'completed'],
    [
      'batch/v1',
      'Job',
      { status: { conditions: [condition('Failed', 'True', 'BackoffLimitExceeded', 'too many')] } },
      'failed: too many',
    ],
    ['batch/v1', 'CronJob', {}, 'healthy'],
    ['v1', 'Pod', { status: { phase: 'Pending' } }, 'starting: is not running yet'],
    ['v1', 'Pod', { status: { phase: 'Running', conditions: [condition('Ready', 'True')] } }, 'healthy'],
    ['v1', 'Pod', { status: { phase: 'Succeeded' } }, 'completed'],
    ['v1', 'Pod', { status: { phase: 'Failed', reason: 'Evicted' } }, 'failed: Evicted'],
    ['v1', 'Service', { spec: { type: 'ClusterIP' } }, 'healthy'],
    [
      'v1',
      'Service',
      { spec: { type: 'LoadBalancer' } },
      'starting: has no address from a load balancer yet',
    ],
    [
      'v1',
      'Service',
      { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } } },
      'healthy',
    ],
    [
      'v1',
      'PersistentVolumeClaim',
      { status: { phase: 'Pending' } },
      'starting: is not bound to a volume yet',
    ],
    ['v1', 'PersistentVolumeClaim', { status: { phase: 'Bound' } }, 'healthy'],
    ['v1', 'PersistentVolumeClaim', { status: { phase: 'Lost' } }, 'failed: its volume is gone'],
    ['networking.k8s.io/v1', 'Ingress', {}, 'healthy'],
    [
      'autoscaling/v2',
      'HorizontalPodAutoscaler',
      { status: { conditions: [condition('AbleToScale', 'False', '', 'no target')] } },
      'unhealthy: no target',
    ],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', {}, 'starting: is not established yet'],
    [
      'apiextensions.k8s.io/v1',
      'CustomResourceDefinition',
      { status: { conditions: [condition('NamesAccepted', 'False', '', 'cups is taken')] } },
      'failed: cups is taken',
    ],
    ['example.org/v1', 'Cup', {}, 'healthy'],
    [
      'example.org/v1',
      'Cup',
      { status: { conditions: [condition('Ready', 'False', '', 'brewing')] } },
      'starting: brewing',
    ],
    ['example.org/v1', 'Cup', { status: { conditions: [condition('Ready', 'True')] } }, 'healthy'],
    [
      'example.org/v1',
      'Cup',
      { status: { conditions: [condition('Stalled', 'True', '', 'broken')] } },
      'failed: broken',
    ],
  ])('%s %s %j is %s', (apiVersion, kind, body, expected) => {
    expect(health(apiVersion, kind, body)).toBe(expected);
  });

  it('is not well while it is being deleted', () => {
    const metadata = { name: 'x', uid: 'u', resourceVersion: '1', deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(healthOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, NOW).status).toBe('starting');
  });
});

describe('troubleOf', () => {
  const container = (state: object, restartCount = 0) => ({
    metadata: { name: 'p' },
    status: {
      containerStatuses: [
        { name: 'c', restartCount, state, lastState: { terminated: { exitCode: 1, reason: 'OOMKilled' } } },
      ],
    },
  });
  const missing = (startTime: string) => {
    const waiting = { reason: 'CreateContainerConfigError', message: 'secret "login" not found' };
    const pod = container({ waiting });
    return { ...pod, status: { ...pod.status, startTime } };
  };
  const unplaced = (since: string) => ({
    metadata: { name: 'p' },
    status: {
      conditions: [
        { ...condition('PodScheduled', 'False', 'Unschedulable', '0/3 nodes'), lastTransitionTime: since },
      ],
    },
  });

  it.each([
    ['runs', container({ running: {} }), null],
    ['is being made', container({ waiting: { reason: 'ContainerCreating' } }), null],
    ['pulls for the first time', container({ waiting: { reason: 'ErrImagePull' } }), { final: false }],
    ['cannot pull', container({ waiting: { reason: 'ImagePullBackOff' } }), { final: true }],
    ['misses a key', container({ waiting: { reason: 'CreateContainerConfigError' } }), { final: true }],
    ['misses a Secret that may yet be made', missing('2026-01-01T00:00:10Z'), { final: false }],
    ['has missed a Secret for a minute', missing('2026-01-01T00:00:00Z'), { final: true }],
    ['has crashed once', container({ waiting: { reason: 'CrashLoopBackOff' } }, 1), { final: false }],
    [
      'keeps crashing',
      container({ waiting: { reason: 'CrashLoopBackOff' } }, 2),
      {
        final: true,
        crashed: { pod: 'p', container: 'c', isCurrent: false },
        reason: 'container c of pod p exited with 1 (out of memory), 2 restarts',
      },
    ],
    ['waits for room', unplaced('2026-01-01T00:00:55Z'), { final: false }],
    [
      'finds no room',
      unplaced('2026-01-01T00:00:00Z'),
      { final: true, reason: 'pod p cannot be scheduled: 0/3 nodes' },
    ],
  ])('of a pod that %s', (_what, pod, expected) => {
    const trouble = troubleOf(pod, NOW);
    if (expected === null) expect(trouble).toBeNull();
    else expect(trouble).toMatchObject(expected);
  });
});

describe('runOf', () => {
  const pod = (restartPolicy: string, state: object, restartCount = 0) => ({
    metadata: { name: 'p' },
    spec: { restartPolicy, containers: [{ name: 'c' }] },
    status: { containerStatuses: [{ name: 'c', restartCount, state }] },
  });

  it.each([
    {
      of: 'a container that has ended and is to stay',
      pods: [pod('Always', { terminated: {} })],
      restarts: 1,
    },
    { of: 'one that was restarted', pods: [pod('Always', { running: {} }, 2)], restarts: 2 },
    { of: 'a job whose work is done', pods: [pod('Never', { terminated: { exitCode: 0 } })], restarts: 0 },
    { of: 'a job that tries again', pods: [pod('OnFailure', { running: {} }, 2)], restarts: 0 },
  ])('counts $restarts restarts of $of', ({ pods, restarts }) => {
    expect(runOf(pods, NOW)?.facts.restarts).toBe(restarts);
  });

  it('tells with which code the run before ended, which says what to write of one that is done', () => {
    const again = { ...pod('Always', { waiting: { reason: 'CrashLoopBackOff' } }, 3) };
    const [status] = again.status.containerStatuses;
    const ended = { ...status, lastState: { terminated: { exitCode: 0 } } };
    const facts = runOf([{ ...again, status: { containerStatuses: [ended] } }], NOW)?.facts;
    expect(facts).toMatchObject({ restarts: 3, exitCode: 0 });
    expect(runOf([pod('Always', { running: {} })], NOW)?.facts).not.toHaveProperty('exitCode');
  });
});
