import type { ObjectType } from './typed.ts';
import { list, map, object } from './typed.ts';

/*
 * The members of a Pod (core/v1) that are read. Whatever is not in here does not get through, so a field that a newer Kubernetes adds stays
 * out until somebody has looked at what it lets a pod do.
 */

const KEY_REFERENCE = object({ key: 'text!', name: 'text', optional: 'flag?' });

const ENVIRONMENT = object({
  name: 'text!',
  value: 'text',
  valueFrom: object({
    configMapKeyRef: KEY_REFERENCE,
    secretKeyRef: KEY_REFERENCE,
    fieldRef: object({ apiVersion: 'text', fieldPath: 'text!' }),
    resourceFieldRef: object({ containerName: 'text', divisor: 'quantity!', resource: 'text!' }),
  }),
});

const SOURCE = object({ name: 'text', optional: 'flag?' });

const PORT = object({
  name: 'text',
  containerPort: 'whole!',
  protocol: 'text',
  hostIP: 'text',
  hostPort: 'whole',
});

const RESOURCES = object({ limits: map('quantity'), requests: map('quantity'), claims: list('any') }, true);

const CONTAINER: ObjectType = object({
  name: 'text!',
  image: 'text',
  command: list('text'),
  args: list('text'),
  workingDir: 'text',
  ports: list(PORT),
  env: list(ENVIRONMENT),
  envFrom: list(object({ prefix: 'text', configMapRef: SOURCE, secretRef: SOURCE })),
  resources: RESOURCES,
  restartPolicy: 'text?',
  volumeMounts: list(
    object({
      name: 'text!',
      mountPath: 'text!',
      mountPropagation: 'text?',
      readOnly: 'flag',
      recursiveReadOnly: 'text?',
      subPath: 'text',
      subPathExpr: 'text',
    }),
  ),
  volumeDevices: list('any'),
  livenessProbe: 'any',
  readinessProbe: 'any',
  startupProbe: 'any',
  lifecycle: 'any',
  terminationMessagePath: 'text',
  terminationMessagePolicy: 'text',
  imagePullPolicy: 'text',
  securityContext: 'any',
  stdin: 'flag',
  stdinOnce: 'flag',
  tty: 'flag',
});

const ITEMS = list(object({ key: 'text!', mode: 'whole?', path: 'text!' }));

/** Every other kind of volume is kept as `any`, to be refused by name. */
const VOLUME = object({
  name: 'text!',
  emptyDir: object({ medium: 'text', sizeLimit: 'quantity?' }),
  configMap: object({ name: 'text', items: ITEMS, defaultMode: 'whole?', optional: 'flag?' }),
  secret: object({ secretName: 'text', items: ITEMS, defaultMode: 'whole?', optional: 'flag?' }),
  downwardAPI: 'any',
  projected: object({ sources: list('any'), defaultMode: 'whole?' }),
  persistentVolumeClaim: object({ claimName: 'text!', readOnly: 'flag' }),
  ephemeral: 'any',
  ...Object.fromEntries(
    (
      'hostPath nfs csi iscsi rbd cephfs cinder fc flexVolume flocker gitRepo glusterfs azureFile azureDisk ' +
      'awsElasticBlockStore gcePersistentDisk vsphereVolume quobyte photonPersistentDisk portworxVolume scaleIO storageos image'
    )
      .split(' ')
      .map((kind) => [kind, 'any'] as const),
  ),
});

const SPEC = object(
  {
    containers: list(CONTAINER),
    initContainers: list(CONTAINER),
    ephemeralContainers: list('any'),
    volumes: list(VOLUME),
    restartPolicy: 'text',
    terminationGracePeriodSeconds: 'whole?',
    activeDeadlineSeconds: 'whole?',
    dnsPolicy: 'text',
    dnsConfig: 'any',
    nodeSelector: map('text'),
    serviceAccountName: 'text',
    serviceAccount: 'text',
    automountServiceAccountToken: 'flag?',
    nodeName: 'text',
    hostNetwork: 'flag',
    hostPID: 'flag',
    hostIPC: 'flag',
    hostUsers: 'flag?',
    shareProcessNamespace: 'flag?',
    securityContext: 'any',
    imagePullSecrets: list(object({ name: 'text' })),
    hostname: 'text',
    subdomain: 'text',
    affinity: 'any',
    schedulerName: 'text',
    tolerations: list('any'),
    hostAliases: list(object({ ip: 'text!', hostnames: list('text') })),
    priorityClassName: 'text',
    priority: 'whole?',
    preemptionPolicy: 'text?',
    readinessGates: list('any'),
    runtimeClassName: 'text?',
    enableServiceLinks: 'flag?',
    overhead: map('quantity'),
    topologySpreadConstraints: list('any'),
    setHostnameAsFQDN: 'flag?',
    os: object({ name: 'text!' }),
    schedulingGates: list('any'),
    resourceClaims: list('any'),
    resources: object({ limits: map('quantity'), requests: map('quantity'), claims: list('any') }),
  },
  true,
);

export const POD: ObjectType = object({
  apiVersion: 'text',
  kind: 'text',
  metadata: object(
    { name: 'text', generateName: 'text', namespace: 'text', labels: map('text'), annotations: map('text') },
    true,
  ),
  spec: SPEC,
});
