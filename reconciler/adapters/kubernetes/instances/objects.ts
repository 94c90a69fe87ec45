import type { UnplacedInstance } from '../../../ports/instance-backend.ts';
import type { Json, JsonObject } from '../../../base/json.ts';
import { asFields, asString } from '../../../base/values.ts';
import { MANAGED_BY } from '../cache/live-object.ts';

/** The installation that made an object; what it has made is found by it. */
export const OWNER_LABEL = 'kombinator.io/instances';
export const ID_LABEL = 'smctf.io/stack-id';

export interface ObjectInput {
  readonly instance: UnplacedInstance;
  readonly owner: string;
  /** Value of the label `role` of nodes that it may run on; empty: any. */
  readonly nodeRole: string;
}

function labelsOf({ instance, owner }: ObjectInput): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'smctf-stack',
    'app.kubernetes.io/instance': instance.id,
    [ID_LABEL]: instance.id,
    [OWNER_LABEL]: owner,
  };
}

/** The Pod of an instance, with its author's labels but for those that would make it a part of something else. */
export function buildPod(input: ObjectInput): JsonObject {
  const { instance, nodeRole } = input;
  const metadata = asFields(instance.pod['metadata']) ?? {};
  const labels = Object.entries(textsOf(metadata['labels'])).filter(
    ([key]) => key !== MANAGED_BY && !key.startsWith('kombinator.io/'),
  );
  const annotations = textsOf(metadata['annotations']);
  const spec = asFields(instance.pod['spec']) ?? {};
  const role: Record<string, string> = nodeRole === '' ? {} : { role: nodeRole };
  const nodeSelector = { ...textsOf(spec['nodeSelector']), ...role };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: instance.podId,
      namespace: instance.namespace,
      labels: { ...Object.fromEntries(labels), ...labelsOf(input) },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...(spec as JsonObject),
      ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    },
  };
}

export function buildService(input: ObjectInput): JsonObject {
  const { id, namespace, serviceName, ports } = input.instance;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: serviceName, namespace, labels: labelsOf(input) },
    spec: {
      type: 'NodePort',
      selector: { [ID_LABEL]: id },
      ports: ports.map(({ containerPort, protocol, nodePort }): Json => ({
        name: `p-${containerPort}-${protocol.toLowerCase()}`,
        port: containerPort,
        targetPort: containerPort,
        protocol,
        nodePort,
      })),
    },
  };
}

function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(asFields(value) ?? {});
  return Object.fromEntries(entries.map(([key, text]) => [key, asString(text) ?? '']));
}
