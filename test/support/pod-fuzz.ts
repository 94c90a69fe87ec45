import * as fc from 'fast-check';
import { stringify } from 'yaml';

type Fields = Record<string, unknown>;

/** Members that would reach out of a pod, and such as are harmless, wherever they are put. */
const MEMBERS: Readonly<Record<string, readonly unknown[]>> = {
  hostNetwork: [true, 'true', 1, false, null],
  hostPID: [true, 'yes', false],
  hostIPC: [true, {}, false],
  hostUsers: [true, false],
  hostname: ['web', '../x', '', 7],
  shareProcessNamespace: [true, false],
  securityContext: [
    { privileged: true },
    {},
    null,
    { capabilities: { add: ['SYS_ADMIN'] } },
    { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] },
    { seccompProfile: { type: 'Unconfined' } },
    { procMount: 'Unmasked', runAsUser: 0 },
  ],
  privileged: [true],
  capabilities: [{ add: ['ALL'] }],
  devices: [['/dev/kmsg']],
  volumes: [
    [{ name: 'v', hostPath: { path: '/' } }],
    [{ name: 'v', emptyDir: {} }],
    [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } }],
    [{ name: 'v', emptyDir: {}, hostPath: { path: '/var/run/docker.sock' } }],
    [{ name: '../../x', emptyDir: {} }],
    [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
    [{ name: 'v', configMap: { name: 'c' } }],
    [{ name: 'v', csi: { driver: 'x' } }],
    [{ name: 'v', gitRepo: { repository: 'x' } }],
    'v',
  ],
  volumeMounts: [
    [{ name: 'v', mountPath: '/data' }],
    [{ name: 'v', mountPath: '/', mountPropagation: 'Bidirectional' }],
    [{ name: 'v', mountPath: '/data', subPath: '../..' }],
    [{ name: '/etc', mountPath: '/etc' }],
  ],
  volumeDevices: [[{ name: 'v', devicePath: '/dev/sda' }]],
  ports: [
    [{ containerPort: 80 }],
    [{ containerPort: 80, hostPort: 22 }],
    [{ containerPort: 80, hostIP: '0.0.0.0' }],
    [{ containerPort: -1 }],
    [{ containerPort: 80, protocol: 'SCTP' }],
    [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
    {},
  ],
  resources: [
    { limits: { cpu: '50m', memory: '16Mi' } },
    { limits: { cpu: 1e9, memory: '9999Ei' } },
    { requests: { cpu: '-1', memory: '1' } },
    { limits: { cpu: 1, memory: '64Mi' }, claims: [{ name: 'gpu' }] },
    { limits: { cpu: 'x' } },
    [],
  ],
  image: ['nginx:stable', '../../containers/json?all=1#', 'nginx:stable ', 'http://x/y', 7, ''],
  imagePullPolicy: ['Always', 'Never', 'Sometimes'],
  name: ['app', 'app/../x', '', 'A', 5],
  command: [['sh', '-c', 'exit 0'], ['$(HOME)', '$$(X)', '$('], 'sh', [null]],
  env: [
    [
      { name: 'A', value: 'x' },
      { name: 'B', value: '$(A)$(A)$(B)' },
    ],
    [{ name: 'A=B', value: 'x' }],
    [{ name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
    [{ name: 'N', value: '\u0000' }],
  ],
  serviceAccountName: ['admin', ''],
  nodeName: ['master'],
  runtimeClassName: ['privileged'],
  ephemeralContainers: [[{ name: 'x' }], []],
  resourceClaims: [[{ name: 'gpu' }]],
  initContainers: [[{ name: 'i', image: 'nginx:stable', command: ['exit 0'] }], [{ name: 'i' }], 'i'],
  lifecycle: [{ postStart: { exec: { command: ['x'] } } }],
  livenessProbe: [{ httpGet: { path: '/', port: 80, host: '169.254.169.254' } }],
  tolerations: [[{ operator: 'Exists' }]],
  nodeSelector: [{ role: 'control-plane' }],
  annotations: [
    { 'container.apparmor.security.beta.kubernetes.io/app': 'unconfined' },
    { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
    { note: 'x' },
  ],
  labels: [
    { 'io.kombinator.stack': 'prod', 'traefik.enable': 'true' },
    { 'io.kombinator.instance.owner': 'x' },
  ],
  restartPolicy: ['Always'],
  kind: ['Pod', 'Deployment', 'POD'],
  __proto__: [{ privileged: true }],
  constructor: [1],
};

const member: fc.Arbitrary<readonly [string, unknown]> = fc
  .constantFrom(...Object.keys(MEMBERS))
  .chain((key) =>
    fc
      .oneof(
        { weight: 8, arbitrary: fc.constantFrom(...(MEMBERS[key] ?? [null])) },
        { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
      )
      .map((value) => [key, value] as const),
  );

const PLACES = ['pod', 'metadata', 'spec', 'spec', 'container', 'container'] as const;

function buildPod(
  changes: readonly (readonly [(typeof PLACES)[number], readonly [string, unknown]])[],
): Fields {
  const container: Fields = {
    name: 'app',
    image: 'nginx:stable',
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    resources: { limits: { cpu: '100m', memory: '16Mi' } },
  };
  const metadata: Fields = { name: 'fuzzed' };
  const spec: Fields = { containers: [container] };
  const places = {
    pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec } as Fields,
    metadata,
    spec,
    container,
  };
  for (const [place, [key, value]] of changes)
    Object.defineProperty(places[place], key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return places.pod;
}

const pod = fc
  .array(fc.tuple(fc.constantFrom(...PLACES), member), { maxLength: 4 })
  .map((changes) => buildPod(changes));

/** Texts that are pods, nearly pods, and no pods at all. */
export const podTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 10, arbitrary: pod.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: pod.map((value) => stringify(value, { version: '1.1' })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        pod,
        fc.nat(),
        fc.constantFrom('{', '}', ':', '- ', '\n', '&a ', '*a', '!!binary ', '---\n', '"', '\t', '<<: '),
      )
      .map(([value, at, text]) => {
        const written = stringify(value);
        const place = at % (written.length + 1);
        return written.slice(0, place) + text + written.slice(place);
      }),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
);

export const portLists = fc.oneof(
  { weight: 6, arbitrary: fc.constant([{ containerPort: 80, protocol: 'TCP' }]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record({
        containerPort: fc.oneof(fc.constantFrom(80, 0, 65_536, -1), fc.integer()),
        protocol: fc.constantFrom('TCP', 'udp', 'SCTP', ''),
      }),
      { maxLength: 26 },
    ),
  },
);
