import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { LiveObject } from '../../../reconciler/adapters/kubernetes/cache/live-object.ts';
import { factsOf } from '../../../reconciler/adapters/kubernetes/inventory/facts-of-kinds.ts';
import { keepLittle } from '../../../reconciler/adapters/kubernetes/inventory/kept-fields.ts';
import { maskArguments } from '../../../reconciler/adapters/kubernetes/inventory/mask-arguments.ts';
import { toSeenObject } from '../../../reconciler/adapters/kubernetes/inventory/seen-object.ts';

const NOW = Date.UTC(2026, 10, 30);
const SHOP = { stack: 'shop', now: NOW, mask: (text: string) => text };

function live(kind: string, rest: object = {}, metadata: object = {}): LiveObject {
  const common = { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' };
  return { apiVersion: 'v1', kind, metadata: { ...common, ...metadata }, ...rest };
}

const POD = live('Pod', {
  spec: {
    nodeName: 'n1',
    containers: [
      {
        name: 'web',
        image: 'nginx:1.29',
        args: ['--password=hunter2', '--port', '80'],
        env: [{ name: 'API_KEY', value: 'hunter3' }],
        ports: [{ containerPort: 80 }],
        resources: { requests: { cpu: '100m' }, limits: { memory: '64Mi' } },
      },
    ],
    volumes: [{ name: 'x' }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.7',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'web',
        ready: true,
        restartCount: 2,
        state: { running: { startedAt: '2026-11-30T00:00:00Z' } },
        lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
      },
    ],
  },
});

describe('facts of Kubernetes objects', () => {
  it.each([
    [
      'Deployment',
      { spec: { replicas: 3 }, status: { readyReplicas: 1, availableReplicas: 1 } },
      { replicas: 3, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 0 },
    ],
    [
      'DaemonSet',
      {
        spec: { updateStrategy: { type: 'OnDelete' } },
        status: { desiredNumberScheduled: 2, numberReady: 1 },
      },
      { desiredNumberScheduled: 2, numberReady: 1, numberAvailable: 0, updateStrategy: 'OnDelete' },
    ],
    [
      'Job',
      { spec: { completions: 2 }, status: { succeeded: 1, startTime: '2026-11-30T00:00:00Z' } },
      { completions: 2, jobSucceeded: 1, jobFailed: 0, startTime: '2026-11-30T00:00:00Z' },
    ],
    [
      'CronJob',
      { spec: { schedule: '0 3 * * *', concurrencyPolicy: 'Forbid' }, status: { active: [{}] } },
      { schedule: '0 3 * * *', concurrencyPolicy: 'Forbid', suspend: false, activeJobs: 1 },
    ],
    [
      'Service',
      {
        spec: { type: 'LoadBalancer', clusterIP: '10.1.1.1', ports: [{ port: 80, targetPort: 8080 }] },
        status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } },
      },
      {
        serviceType: 'LoadBalancer',
        clusterIP: '10.1.1.1',
        externalIPs: ['1.2.3.4'],
        ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
    ],
    [
      'Ingress',
      { spec: { ingressClassName: 'nginx', rules: [{ host: 'a.org', http: { paths: [{}, {}] } }] } },
      { ingressClass: 'nginx', ingressHosts: ['a.org'], ingressRules: 1, ingressPaths: 2 },
    ],
    [
      'PersistentVolumeClaim',
      { spec: { storageClassName: 's', accessModes: ['A'] }, status: { capacity: { storage: '1Gi' } } },
      { storageClass: 's', accessModes: ['A'], capacity: '1Gi' },
    ],
    [
      'HorizontalPodAutoscaler',
      {
        spec: {
          maxReplicas: 5,
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
        },
      },
      { maxReplicas: 5, targetCPUUtilization: 80, scaleTargetRef: 'Deployment/web', currentReplicas: 0 },
    ],
    [
      'NetworkPolicy',
      { spec: { policyTypes: ['Ingress'], ingress: [{}], podSelector: { matchLabels: { app: 'web' } } } },
      {
        policyTypes: ['Ingress'],
        ingressRulesCount: 1,
        egressRulesCount: 0,
        podSelectorLabels: { app: 'web' },
      },
    ],
    [
      'Node',
      { status: { capacity: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '9Gi', pods: '110' } } },
      { nodeCapacity: { cpu: '4', memory: '8Gi', storage: '9Gi', pods: '110' }, nodeAllocated: {} },
    ],
    ['ConfigMap', { data: { a: 'b' } }, {}],
    ['Secret', { data: { a: 'aHVudGVyMg==' } }, {}],
    ['constructor', {}, {}],
    ['Deployment', { spec: 7, status: [] }, { replicas: 1 }],
  ])('of a %s', (kind, rest, facts) => {
    expect(factsOf(live(kind, rest))).toMatchObject(facts);
  });

  it('of a pod tell of its containers, without variables and passwords', () => {
    const seen = toSeenObject(keepLittle(POD), SHOP);
    expect(seen).toMatchObject({ kind: 'Pod', stack: 'shop', status: 'running', version: '7' });
    expect(seen.facts).toMatchObject({
      nodeName: 'n1',
      podIP: '10.0.0.7',
      containers: [
        {
          name: 'web',
          args: ['--password=***', '--port', '80'],
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { requestsCPU: '100m', limitsMemory: '64Mi' },
          restartCount: 2,
          ready: true,
          state: 'running',
          lastState: 'terminated: OOMKilled',
          terminationReason: 'OOMKilled',
        },
      ],
    });
    expect(JSON.stringify([seen, keepLittle(POD)])).not.toContain('hunter3');
    expect(JSON.stringify(seen)).not.toContain('hunter');
  });

  it('never hold what a Secret holds, nor annotations that do', () => {
    const whole = '{"data":{"password":"hunter2"}}';
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': whole,
      'kapp.k14s.io/original': whole,
      'objectset.rio.cattle.io/applied': gzipSync(whole).toString('base64'),
      'x/token': 'hunter2',
      'x/note': 'kept',
    };
    const labels = { tier: 'a', 'my-secret': 'hunter2' };
    const secret = live('Secret', { data: { password: 'hunter2' } }, { annotations, labels });
    const seen = toSeenObject(secret, SHOP);
    expect(seen).toMatchObject({ labels: { tier: 'a', 'my-secret': '***' }, status: 'running' });
    expect(seen.annotations).toEqual({ 'x/token': '***', 'x/note': 'kept' });
    expect(JSON.stringify(seen)).not.toContain('hunter2');
  });

  it.each([
    [{ type: 'Ready', status: 'True' }, 'running'],
    [{ type: 'Ready', status: 'Unknown', message: 'no heartbeat' }, 'failed'],
  ])('of a node say whether it is ready', (condition, status) => {
    const node = live('Node', { status: { conditions: [condition] } });
    expect(toSeenObject(node, { ...SHOP, stack: null }).status).toBe(status);
  });

  it('of a pod that cannot fetch its image say why', () => {
    const waiting = { reason: 'ImagePullBackOff', message: 'no such image' };
    const status = { phase: 'Pending', containerStatuses: [{ name: 'web', state: { waiting } }] };
    expect(toSeenObject(live('Pod', { status }), SHOP)).toMatchObject({
      status: 'failed',
      message: 'container web of pod web: ImagePullBackOff: no such image',
    });
  });
});

it('masks words of programs that name a secret, and no others', () => {
  expect(
    maskArguments({
      command: ['sh', '-c', 'PASSWORD="a b" x --token=abc; y postgres://u:pw@db/x'],
      args: ['--api-key', 'abc', '--user', 'ada', '--password', '--force'],
    }),
  ).toEqual({
    command: ['sh', '-c', 'PASSWORD=*** x --token=***; y postgres://u:***@db/x'],
    args: ['--api-key', '***', '--user', 'ada', '--password', '--force'],
  });
  expect(maskArguments({ command: [], args: [] })).toEqual({});
});
