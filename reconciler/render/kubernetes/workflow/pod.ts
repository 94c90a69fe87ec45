import type { Spec, SpecValue } from '../../../model/secret.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import type { FilledNode } from '../../../config/workflow/workflow-values.ts';
import { compact, pick, textMap, textOf, toSpec, toSpecValue } from '../fields.ts';

/** Kubernetes' names of what a volume can come from. */
const VOLUME_SOURCES: Readonly<Record<string, (name: string) => Spec>> = {
  configmap: (name) => ({ configMap: { name } }),
  secret: (name) => ({ secret: { secretName: name } }),
  persistentVolumeClaim: (name) => ({ persistentVolumeClaim: { claimName: name } }),
};

/** The label by which services, policies and controllers find the pods of a node. */
export function selectorOf({ name }: FilledNode): Spec {
  return { app: name };
}

export function podLabels(node: FilledNode): Spec {
  return { ...textMap(node.data['labels']), ...selectorOf(node), ...pick(node.data, 'version') };
}

/** @param restartPolicy left out: always */
export function renderPodTemplate(node: FilledNode, restartPolicy?: string): Spec {
  const { data } = node;
  return {
    metadata: { labels: podLabels(node) },
    spec: {
      containers: [renderContainer(node)],
      ...compact({
        volumes: renderVolumes(node),
        imagePullSecrets: (asList(data['imagePullSecrets']) ?? []).map((item) =>
          typeof item === 'string' ? { name: item } : item,
        ),
        restartPolicy,
      }),
      ...pick(data, 'serviceAccountName', 'nodeSelector', 'tolerations'),
      ...(data['hostNetwork'] === true ? { hostNetwork: true } : {}),
      ...(data['hostPID'] === true ? { hostPID: true } : {}),
    },
  };
}

function renderContainer(node: FilledNode): Spec {
  const { data, name } = node;
  const mounts = [...volumeMounts(node), ...claimMounts(node)];
  return {
    name: containerName(name),
    ...pick(data, 'image', 'imagePullPolicy', 'command', 'args'),
    ...(data['port'] === undefined ? {} : { ports: [{ containerPort: toSpecValue(data['port']) }] }),
    ...compact({ env: renderEnv(node), volumeMounts: mounts, resources: renderResources(data['resources']) }),
    ...pick(data, 'livenessProbe', 'readinessProbe', 'startupProbe', 'securityContext'),
  };
}

/** A container's name has no dots and at most 63 characters, an object's may. */
function containerName(name: string): string {
  return name.replaceAll('.', '-').slice(0, 63).replace(/-+$/, '');
}

function renderEnv({ data, envSources }: FilledNode): readonly Spec[] {
  const given = new Set(envSources.flatMap(({ variable, from }) => (from === 'given' ? [variable] : [])));
  const written = Object.entries(textMap(data['env']))
    .filter(([name]) => !given.has(name))
    .map(([name, value]) => ({ name, value }));
  const linked = envSources
    .filter(({ variable }) => !written.some(({ name }) => name === variable))
    .map(({ variable, from, name }): Spec => {
      const reference = { name, key: variable };
      return {
        name: variable,
        valueFrom: from === 'configmap' ? { configMapKeyRef: reference } : { secretKeyRef: reference },
      };
    });
  return [...written, ...linked];
}

function renderResources(value: unknown): Spec {
  const { requests, limits } = toSpec(asFields(value) ?? {});
  return compact({ requests: textMap(requests), limits: textMap(limits) });
}

interface Mount {
  readonly volume: string;
  readonly source: Spec;
  readonly mount: Spec;
}

function readMounts({ data }: FilledNode): readonly Mount[] {
  return (asList(data['volumeMounts']) ?? []).map((item) => {
    const fields = asFields(item) ?? {};
    const name = asString(fields['name']) ?? '';
    const type = asString(fields['type']) ?? 'persistentVolumeClaim';
    const volume = `${type.toLowerCase()}-${name}`.replaceAll('.', '-').slice(0, 63).replace(/-+$/, '');
    const source = own(VOLUME_SOURCES, type)?.(name) ?? {};
    return { volume, source, mount: { name: volume, ...pick(fields, 'mountPath', 'subPath', 'readOnly') } };
  });
}

function volumeMounts(node: FilledNode): readonly Spec[] {
  return readMounts(node).map(({ mount }) => mount);
}

/** A statefulset's own claims. */
function claimMounts({ data }: FilledNode): readonly Spec[] {
  return (asList(data['volumeClaimTemplates']) ?? []).map((item) => {
    const fields = asFields(item) ?? {};
    return { name: textOf(fields['name']) ?? '', mountPath: textOf(fields['mountPath']) ?? '/data' };
  });
}

function renderVolumes(node: FilledNode): readonly SpecValue[] {
  const volumes = new Map(
    readMounts(node).map(({ volume, source }) => [volume, { name: volume, ...source }]),
  );
  return [...volumes.values()];
}
