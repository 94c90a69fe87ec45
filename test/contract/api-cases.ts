/** An answer of an API server. */
export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly message?: string;
  /** `field: message` */
  readonly causes?: readonly string[];
}

interface Case {
  readonly what: string;
  readonly path: string;
  readonly body: object;
  readonly answer: Answer;
  /** Applied first. */
  readonly after?: object;
}

export const config = (name: string, more: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
});
export const claim = (size: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'disk' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...more },
});
const workload = (container: object, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'a' } },
    template: {
      metadata: { labels: { app: 'a' } },
      spec: { containers: [{ name: 'c', image: 'i', ...container }] },
    },
    ...spec,
  },
});
const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec });

const FROZEN = 'Forbidden: field is immutable when `immutable` is set';
const TYPED = 'failed to create typed patch object';
export const CLAIM_FIXED =
  'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** One apply each, in a namespace of its own. */
export const CASES: readonly Case[] = [
  {
    what: 'a field that there is not',
    path: 'configmaps/conf',
    body: config('conf', { dat: {} }),
    answer: {
      status: 500,
      reason: '',
      message: `${TYPED} (/conf; /v1, Kind=ConfigMap): .dat: field not declared in schema`,
    },
  },
  {
    what: 'a value of another type',
    path: 'configmaps/conf',
    body: config('conf', { data: { a: 1 } }),
    answer: {
      status: 500,
      reason: '',
      message: `${TYPED} (/conf; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}`,
    },
  },
  {
    what: 'a kind that does not belong there',
    path: 'configmaps/conf',
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'conf' } },
    answer: { status: 400, reason: 'BadRequest', message: 'invalid object type: /v1, Kind=Secret' },
  },
  {
    what: 'bookkeeping that is the server’s',
    path: 'configmaps/conf',
    body: { ...config('conf', {}), metadata: { name: 'conf', managedFields: [{ manager: 'x' }] } },
    answer: { status: 400, reason: 'BadRequest', message: 'metadata.managedFields must be nil' },
  },
  {
    what: 'a change of what is frozen',
    path: 'configmaps/conf',
    after: config('conf', { data: { a: 'b' }, immutable: true }),
    body: config('conf', { data: { a: 'c' } }),
    answer: {
      status: 422,
      reason: 'Invalid',
      message: `ConfigMap "conf" is invalid: [immutable: ${FROZEN}, data: ${FROZEN}]`,
      causes: [`immutable: ${FROZEN}`, `data: ${FROZEN}`],
    },
  },
  {
    what: 'text where base64 has to be',
    path: 'secrets/sec',
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sec' }, data: { a: '%%' } },
    answer: {
      status: 500,
      reason: '',
      message:
        'failed to convert new object (/sec; /v1, Kind=Secret) to proper version: unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: illegal base64 data at input byte 0',
    },
  },
  {
    what: 'another type of secret',
    path: 'secrets/sec',
    after: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sec' }, data: { a: 'YQ==' } },

    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sec' }, type: 'x/y' },
    answer: {
      status: 422,
      reason: 'Invalid',
      message: 'Secret "sec" is invalid: type: Invalid value: "x/y": field is immutable',
      causes: ['type: Invalid value: "x/y": field is immutable'],
    },
  },
  {
    what: 'another class',
    path: 'persistentvolumeclaims/disk',
    after: claim('1Gi', { storageClassName: 'x' }),
    body: claim('1Gi', { storageClassName: 'y' }),
    answer: {
      status: 422,
      reason: 'Invalid',
      message: `PersistentVolumeClaim "disk" is invalid: ${CLAIM_FIXED}`,
    },
  },
  {
    what: 'more room for a claim that is not bound',
    path: 'persistentvolumeclaims/disk',
    // Nothing makes volumes of a class that there is not.
    after: claim('1Gi', { storageClassName: 'x' }),
    body: claim('2Gi', { storageClassName: 'x' }),
    answer: {
      status: 422,
      reason: 'Invalid',
      message: `PersistentVolumeClaim "disk" is invalid: ${CLAIM_FIXED}`,
    },
  },
  {
    what: 'a service without ports',
    path: 'services/web',
    body: service({ selector: { app: 'a' } }),
    answer: {
      status: 422,
      reason: 'Invalid',
      message: 'Service "web" is invalid: spec.ports: Required value',
    },
  },
  {
    what: 'ports without names',
    path: 'services/web',
    body: service({ ports: [{ port: 80 }, { port: 81 }] }),
    answer: {
      status: 422,
      reason: 'Invalid',
      message:
        'Service "web" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
    },
  },
  {
    what: 'an address taken away',
    path: 'services/web',
    after: service({ ports: [{ port: 80 }] }),
    body: service({ clusterIP: 'None', ports: [{ port: 80 }] }),
    answer: {
      status: 422,
      reason: 'Invalid',
      causes: ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'],
    },
  },
  {
    what: 'another selector',
    path: 'deployments/web',
    after: workload({}),
    body: workload(
      {},
      {
        selector: { matchLabels: { app: 'b' } },
        template: { metadata: { labels: { app: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    ),
    answer: {
      status: 422,
      reason: 'Invalid',
      causes: ['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'],
    },
  },
  {
    what: 'no container',
    path: 'deployments/web',
    body: workload({}, { template: { metadata: { labels: { app: 'a' } }, spec: { containers: [] } } }),
    answer: { status: 422, reason: 'Invalid', causes: ['spec.template.spec.containers: Required value'] },
  },
  {
    what: 'a request above its limit',
    path: 'deployments/web',
    body: workload({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }),
    answer: {
      status: 422,
      reason: 'Invalid',
      causes: [
        'spec.template.spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
    },
  },
  {
    what: 'the same variable twice',
    path: 'deployments/web',
    body: workload({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    }),
    answer: {
      status: 500,
      reason: '',
      message: `${TYPED} (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="c"].env: duplicate entries for key [name="A"]`,
    },
  },
  {
    what: 'a field deep inside that there is not',
    path: 'deployments/web',
    body: workload({ imagee: 'x' }),
    answer: {
      status: 500,
      reason: '',
      message: `${TYPED} (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="c"].imagee: field not declared in schema`,
    },
  },
];
