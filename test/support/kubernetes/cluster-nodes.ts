/** Nodes of workflows, for tests that do not care about more. */
export const CONFIG =
  '{ id: conf, type: configmap, data: { name: conf, data: { LEVEL: debug, MODE: fast } } }';
export const WEB =
  '{ id: web, type: deployment, data: { name: web, image: "nginx:1.29", replicas: 2, resources: { limits: { cpu: 1000m } } } }';
export const AGENT = manifest('agent', {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent' },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: {
      metadata: { labels: { app: 'agent' } },
      spec: { containers: [{ name: 'agent', image: 'nginx:1.29' }] },
    },
  },
});
export const SERVICE = '{ id: svc, type: service, data: { name: web, targetApp: web } }';
export const SECRET = '{ id: sec, type: secret, data: { name: sec, keys: [{ name: TOKEN }] } }';
export const CLAIM = '{ id: disk, type: persistentvolumeclaim, data: { name: disk, storage: 1Gi } }';

/** A node that carries an object as it is. */
export function manifest(id: string, object: object): string {
  return `{ id: ${id}, type: manifest, data: { manifest: ${JSON.stringify(object)} } }`;
}

export interface CupVersion {
  readonly name: string;
  readonly storage: boolean;
}

/** Definition of the kind `Cup`, which takes any fields. */
export function cupDefinition(
  group: string,
  versions: readonly CupVersion[] = [{ name: 'v1', storage: true }],
): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `cups.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Cup', plural: 'cups', singular: 'cup', listKind: 'CupList' },
      versions: versions.map((version) => ({ ...version, served: true, schema })),
    },
  };
}
