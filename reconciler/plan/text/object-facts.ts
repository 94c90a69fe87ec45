import type { JsonObject } from '../../base/json.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, asText } from '../../base/values.ts';

/** One thing that what is new is given: what it is called, and the words. */
export type Fact = readonly [name: string, text: string];

/** Tells what matters of an object of a cluster. */
export function objectFacts(object: JsonObject): readonly Fact[] {
  const spec = asFields(object['spec']) ?? {};
  switch (object['kind']) {
    case 'Service':
      return [
        ['type', asString(spec['type']) ?? ''],
        ['ports', fieldsIn(spec['ports']).map(servicePort).join(', ')],
      ];
    case 'Ingress':
      return [['hosts', hostsIn(spec['rules'])]];
    case 'ConfigMap':
    case 'Secret':
      return [
        ['keys', [object['data'], object['binaryData'], object['stringData']].flatMap(keysOf).join(', ')],
      ];
    case 'PersistentVolumeClaim':
      return [
        ['size', asString(asFields(asFields(spec['resources'])?.['requests'])?.['storage']) ?? ''],
        ['class', asString(spec['storageClassName']) ?? ''],
      ];
    default:
      return podFacts(spec);
  }
}

/** Facts of whatever makes pods, wherever it has their template. */
function podFacts(spec: Fields): readonly Fact[] {
  const jobs = asFields(asFields(spec['jobTemplate'])?.['spec']) ?? spec;
  const pod = asFields(asFields(jobs['template'])?.['spec']) ?? spec;
  const containers = [...fieldsIn(pod['initContainers']), ...fieldsIn(pod['containers'])];
  if (containers.length === 0) return [];
  const { replicas } = spec;
  return [
    ['image', listOnce(containers.map(({ image }) => asString(image) ?? ''))],
    ['replicas', typeof replicas === 'number' ? `${replicas}` : ''],
    ['schedule', asString(spec['schedule']) ?? ''],
    [
      'ports',
      listOnce(
        containers.flatMap(({ ports }) => fieldsIn(ports).map(({ containerPort }) => asText(containerPort))),
      ),
    ],
    [
      'mounts',
      listOnce(
        containers.flatMap(({ volumeMounts }) =>
          fieldsIn(volumeMounts).map(({ name, mountPath }) => `${asText(name)} → ${asText(mountPath)}`),
        ),
      ),
    ],
    ['env', listOnce(containers.flatMap(({ env }) => fieldsIn(env).map(({ name }) => asText(name))))],
    ['account', asString(pod['serviceAccountName']) ?? ''],
  ];
}

/** Containers of a pod mostly share what they have. */
function listOnce(texts: readonly string[]): string {
  return [...new Set(texts)].join(', ');
}

function servicePort({ port, targetPort, nodePort }: Fields): string {
  const inside = targetPort === undefined || targetPort === port ? '' : ` → ${asText(targetPort)}`;
  return `${asText(port)}${inside}${nodePort === undefined ? '' : ` (node port ${asText(nodePort)})`}`;
}

function fieldsIn(value: unknown): readonly Fields[] {
  return (asList(value) ?? []).flatMap((item): readonly Fields[] => {
    const fields = asFields(item);
    return fields === undefined ? [] : [fields];
  });
}

function hostsIn(rules: unknown): string {
  return fieldsIn(rules)
    .flatMap(({ host }) => asString(host) ?? [])
    .join(', ');
}

function keysOf(value: unknown): readonly string[] {
  return Object.keys(asFields(value) ?? {});
}
