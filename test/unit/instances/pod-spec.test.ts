import { describe, expect, it } from 'vitest';
import { designInstance } from '../../../reconciler/pods/pod-spec.ts';
import { checkLimitRange, checkQuota } from '../../../reconciler/pods/limits.ts';
import { byteQuantity, milliQuantity } from '../../../reconciler/pods/quantity.ts';
import { podOf } from '../../support/instances-rig.ts';

const PORTS = [{ containerPort: 80, protocol: 'TCP' }];
const RESOURCES = 'resources: { requests: { cpu: 100m, memory: 128Mi } }';

/** Returns what is said about a pod; `null` when there is nothing to say. */
function fault(podSpec: string, ports = PORTS): string | null {
  try {
    designInstance(podSpec, ports);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function pod(spec: string, container = ''): string {
  return `kind: Pod
spec:
  containers:
    - { name: app, image: nginx, ports: [{ containerPort: 80 }], ${RESOURCES}${container} }
${spec}`;
}

describe('a pod spec', () => {
  it.each([
    ['blank', '  \n', /^invalid pod spec: pod_spec is required$/],
    ['no YAML', 'a: [', /^invalid pod spec: /],
    ['only a comment', '# nothing', /^invalid pod spec: pod_spec is empty$/],
    ['a list', '- a', /^invalid pod spec: the document: must be an object, not a list$/],
    ['two documents', `${podOf()}---\nkind: Pod\n`, /^invalid pod spec: pod_spec must be one document$/],
    ['another kind', 'kind: Deployment', /^invalid pod spec: kind must be Pod$/],
    ['hostNetwork', pod('  hostNetwork: true'), /hostNetwork is not allowed/],
    ['hostPID', pod('  hostPID: true'), /hostPID is not allowed/],
    ['hostIPC', pod('  hostIPC: yes'), /hostIPC is not allowed/],
    ['a security context, empty too', pod('  securityContext: {}'), /: securityContext is not allowed/],
    ['a service account', pod('  serviceAccountName: root'), /serviceAccountName is not allowed/],
    ['a node', pod('  nodeName: n1'), /nodeName is not allowed/],
    ['a runtime class', pod('  runtimeClassName: kata'), /runtimeClassName is not allowed/],
    [
      'ephemeral containers',
      pod('  ephemeralContainers: [{ name: x }]'),
      /ephemeralContainers is not allowed/,
    ],
    ['claims on devices', pod('  resourceClaims: [{ name: gpu }]'), /resourceClaims is not allowed/],
    ['hostPath', pod('  volumes: [{ name: v, hostPath: { path: / } }]'), /volume v: hostPath is not allowed/],
    [
      'a driver of the node',
      pod('  volumes: [{ name: v, flexVolume: { driver: x } }]'),
      /flexVolume is not allowed/,
    ],
    [
      'a service account token',
      pod('  volumes: [{ name: v, projected: { sources: [{ serviceAccountToken: { path: t } }] } }]'),
      /projected serviceAccountToken is not allowed/,
    ],
    ['no containers', 'kind: Pod\nspec: {}', /at least one container is required/],
    [
      'ports of an init container',
      pod('  initContainers: [{ name: i, image: x, ports: [{ containerPort: 1 }] }]'),
      /ports are not allowed/,
    ],
    [
      'a security context of an init container',
      pod('  initContainers: [{ name: i, image: x, securityContext: {} }]'),
      /init container i: securityContext/,
    ],
    ['no name', `kind: Pod\nspec: { containers: [{ image: x }] }`, /container name is required/],
    ['no image', `kind: Pod\nspec: { containers: [{ name: x }] }`, /image is required/],
    [
      'a security context of a container',
      pod('', ', securityContext: { privileged: true }'),
      /container app: securityContext is not allowed/,
    ],
    ['no memory', podOf().replaceAll(', memory: 128Mi', ''), /container app: memory is required/],
    ['no CPU', podOf().replaceAll('cpu: 100m', 'cpu: 0'), /container app: cpu is required/],
    ['a negative amount', podOf().replace('memory: 128Mi', 'memory: -1'), /must not be negative/],
    [
      'an amount that is none',
      podOf().replace('100m', 'much'),
      /resources.requests.cpu: "much" is no quantity/,
    ],
    ['hostPort', podOf().replace('protocol: TCP', 'hostPort: 80'), /hostPort is not allowed/],
    ['hostIP', podOf().replace('protocol: TCP', 'hostIP: 10.0.0.1'), /hostIP is not allowed/],
    [
      'a port that is none',
      podOf().replace('containerPort: 80', 'containerPort: 70000'),
      /between 1 and 65535/,
    ],
    [
      'a port that is text',
      podOf().replace('containerPort: 80', 'containerPort: "80"'),
      /containerPort: must be a whole number, not string/,
    ],
    [
      'a protocol in small letters',
      podOf().replace('protocol: TCP', 'protocol: tcp'),
      /port protocol must be TCP or UDP/,
    ],
    ['no port', podOf().replace(/ {6}ports:[^]*?TCP\n/, ''), /at least one containerPort is required/],
    [
      'a block device',
      pod('', ', volumeDevices: [{ name: d, devicePath: /dev/x }]'),
      /volumeDevices are not allowed/,
    ],
    [
      'mounts that spread',
      pod('', ', volumeMounts: [{ name: v, mountPath: /v, mountPropagation: Bidirectional }]'),
      /mountPropagation is not allowed/,
    ],
    [
      'a profile that confines less',
      podOf().replace(
        'name: challenge',
        'annotations: { container.apparmor.security.beta.kubernetes.io/app: unconfined }',
      ),
      /annotation .* is not allowed/,
    ],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x]\n${'bcdefghijk'
        .split('')
        .map((key, index) => `${key}: &${key} [${`*${'abcdefghij'[index]},`.repeat(8)}]`)
        .join('\n')}`,
      /^invalid pod spec: /,
    ],
    ['nesting without end', '['.repeat(50_000), /^invalid pod spec: /],
  ])('with %s is refused', (_, podSpec, message) => {
    expect(fault(podSpec)).toMatch(message);
  });

  it.each([
    ['none', [], 'target_port is required'],
    [
      'too many',
      Array.from({ length: 25 }, (_, index) => ({ containerPort: index + 1, protocol: 'TCP' })),
      'target_port has more than 24 entries',
    ],
    ['0', [{ containerPort: 0, protocol: 'TCP' }], 'target_port container_port must be between 1 and 65535'],
    ['without protocol', [{ containerPort: 80, protocol: '' }], 'target_port protocol must be TCP or UDP'],
    ['SCTP', [{ containerPort: 80, protocol: 'SCTP' }], 'target_port protocol must be TCP or UDP'],
    ['twice', [...PORTS, { containerPort: 80, protocol: 'tcp' }], 'target_port has 80/TCP twice'],
  ])('with target ports: %s is refused', (_, ports, message) => {
    // The pod is as bad: what is asked for comes first.
    expect(fault('kind: Service', ports)).toBe(`invalid input: ${message}`);
  });

  it('must declare what is to be reached, with the same protocol', () => {
    expect(fault(podOf(), [{ containerPort: 80, protocol: 'udp' }])).toBe(
      'invalid pod spec: target_port 80/UDP is not a port of a container',
    );
    expect(fault(podOf(), [{ containerPort: 80, protocol: 'tcp' }])).toBeNull();
  });

  it('tells the first of several faults, in the order of the reference', () => {
    const everything = `kind: Pod
spec:
  hostNetwork: true
  securityContext: {}
  volumes: [{ name: v, hostPath: { path: / } }]
  initContainers: [{ name: i, image: x, securityContext: {} }]
  containers: [{ name: app, image: x, securityContext: {}, ports: [{ containerPort: 1 }] }]
`;
    const steps = [/hostNetwork/, /^ {2}securityContext/m, /volumes/, /initContainers/, /containers/];
    const told: (string | null)[] = [];
    let text = everything;
    for (const step of steps) {
      told.push(fault(text));
      text = text
        .split('\n')
        .filter((line) => !step.test(line))
        .join('\n');
    }
    expect(told).toEqual([
      'invalid pod spec: hostNetwork is not allowed',
      'invalid pod spec: securityContext is not allowed',
      'invalid pod spec: volume v: hostPath is not allowed',
      'invalid pod spec: init container i: securityContext is not allowed',
      'invalid pod spec: container app: securityContext is not allowed',
    ]);
  });

  it('comes back with what is forced on it, and without what nobody knows', () => {
    const { pod, podSpec, cpuMilli, memoryBytes } = designInstance(
      `apiVersion: v1
kind: pod
metadata: { name: challenge, labels: { team: red }, finalizers: [x], uid: 1 }
status: { phase: Running }
spec:
  restartPolicy: Always
  automountServiceAccountToken: true
  hostNetwork: false
  unheardOf: true
  initContainers:
    - name: seed
      image: busybox
      resources: { limits: { cpu: 2, memory: 64Mi } }
  containers:
    - name: app
      image: nginx
      privileged: true
      env: [{ name: PORT, value: 8080 }, { name: DEBUG, value: yes }, { name: EMPTY, value: "" }]
      ports: [{ containerPort: 80 }]
      resources:
        requests: { cpu: 100m, memory: 256Mi, ephemeral-storage: 1Gi }
        limits: { cpu: 0.5, memory: 128Mi, nvidia.com/gpu: 1 }
    - name: side
      image: side
      resources: { requests: { cpu: 1, memory: 1G } }
`,
      PORTS,
    );
    expect(podSpec).toBe(`apiVersion: v1
kind: pod
metadata:
  labels:
    team: red
  name: challenge
spec:
  automountServiceAccountToken: false
  containers:
  - env:
    - name: PORT
      value: "8080"
    - name: DEBUG
      value: "true"
    - name: EMPTY
    image: nginx
    name: app
    ports:
    - containerPort: 80
    resources:
      limits:
        cpu: 500m
        memory: 256Mi
      requests:
        cpu: 500m
        memory: 256Mi
    securityContext:
      allowPrivilegeEscalation: false
      privileged: false
      seccompProfile:
        type: RuntimeDefault
  - image: side
    name: side
    resources:
      limits:
        cpu: "1"
        memory: 1G
      requests:
        cpu: "1"
        memory: 1G
    securityContext:
      allowPrivilegeEscalation: false
      privileged: false
      seccompProfile:
        type: RuntimeDefault
  enableServiceLinks: false
  initContainers:
  - image: busybox
    name: seed
    resources:
      limits:
        cpu: "2"
        memory: 64Mi
      requests:
        cpu: "2"
        memory: 64Mi
    securityContext:
      allowPrivilegeEscalation: false
      privileged: false
      seccompProfile:
        type: RuntimeDefault
  restartPolicy: Never
  securityContext:
    seccompProfile:
      type: RuntimeDefault
status: {}
`);
    expect(pod).not.toHaveProperty('status');
    // The largest init container needs more CPU than all containers together, and less memory.
    expect([cpuMilli, memoryBytes]).toEqual([2_000, 268_435_456 + 1_000_000_000]);
  });
});

describe('limits', () => {
  const design = designInstance(podOf(), PORTS);

  it('of one container are told in the words of Kubernetes', () => {
    const range = { max: { cpu: milliQuantity(50), memory: byteQuantity(64 * 2 ** 20) } };
    expect(() => checkLimitRange(range, design, 'stack-1')).toThrow(
      'invalid pod spec: pods "stack-1" is forbidden: [maximum cpu usage per Container is 50m, but limit is 100m, maximum memory usage per Container is 64Mi, but limit is 128Mi]',
    );
    expect(() => checkLimitRange({ min: { cpu: milliQuantity(200) } }, design, 'stack-1')).toThrow(
      'invalid pod spec: pods "stack-1" is forbidden: minimum cpu usage per Container is 200m, but request is 100m',
    );
    expect(() => checkLimitRange({ max: { cpu: milliQuantity(100) } }, design, 'stack-1')).not.toThrow();
  });

  it('of all together are told in the words of Kubernetes', () => {
    const used = { cpuMilli: 950, memoryBytes: 0, pods: 3 };
    const check = (quota: Parameters<typeof checkQuota>[0]['quota']) => () =>
      checkQuota({ quota, used, name: 'stacks' }, design, 'stack-1');
    expect(check({ cpuMilli: 1_000 })).toThrow(
      'cluster saturated: pods "stack-1" is forbidden: exceeded quota: stacks, requested: limits.cpu=100m, used: limits.cpu=950m, limited: limits.cpu=1',
    );
    expect(check({ pods: 3 })).toThrow(/requested: pods=1, used: pods=3, limited: pods=3$/);
    expect(check({ cpuMilli: 1_050, memoryBytes: 134_217_728, pods: 4 })).not.toThrow();
  });
});
