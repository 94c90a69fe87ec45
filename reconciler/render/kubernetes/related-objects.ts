import { canonicalJson, sha256 } from '../../base/json.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import type { ObjectSpec } from '../../model/kubernetes/kubernetes-object.ts';
import { isRolled } from '../../model/kubernetes/kubernetes-object.ts';
import type { Spec } from '../../model/secret.ts';
import { ContentDigest, digestSpec, hidesAnything, visibleSpec } from '../../model/secret.ts';

/* Objects of one stack that say something about each other, however each of them is described. */

/** Digest of the ConfigMaps and Secrets that pods read when they start: another content starts them anew. */
const CONTENT = 'kombinator.io/content';

/**
 * Fits objects to each other: a workload that one of them scales is described without a number of pods, and one whose containers read ConfigMaps
 * or Secrets of the stack as variables carries the digest of these.
 */
export function relateObjects(objects: readonly ObjectSpec[]): readonly ObjectSpec[] {
  const scaled = new Set(objects.flatMap(scaledBy));
  const read = new Map(
    objects.flatMap((one) => (isContent(one) ? [[keyOf(one.kind, one), one] as const] : [])),
  );
  return objects.map((one) => {
    const counted = scaled.has(keyOf(one.kind, one)) ? withoutReplicas(one) : one;
    const found = isRolled(one.kind) ? contentsOf(one).flatMap((key) => read.get(key) ?? []) : [];
    return found.length === 0 ? counted : withDigest(counted, found);
  });
}

function keyOf(kind: string, { metadata }: ObjectSpec, name: string = metadata.name): string {
  return `${kind} ${metadata.namespace ?? ''}/${name}`;
}

function scaledBy(object: ObjectSpec): readonly string[] {
  if (object.kind !== 'HorizontalPodAutoscaler') return [];
  const target = asFields(asFields(object['spec'])?.['scaleTargetRef']) ?? {};
  const [kind, name] = [asString(target['kind']), asString(target['name'])];
  return kind === undefined || name === undefined ? [] : [keyOf(kind, object, name)];
}

function withoutReplicas(object: ObjectSpec): ObjectSpec {
  const { replicas: _replicas, ...spec } = (object['spec'] ?? {}) as Spec;
  return { ...object, spec };
}

function isContent({ apiVersion, kind }: ObjectSpec): boolean {
  return apiVersion === 'v1' && (kind === 'ConfigMap' || kind === 'Secret');
}

/** Keys of what the containers of a workload read into their environment. */
function contentsOf(object: ObjectSpec): readonly string[] {
  const pod = asFields(asFields(asFields(object['spec'])?.['template'])?.['spec']) ?? {};
  const containers = [...(asList(pod['initContainers']) ?? []), ...(asList(pod['containers']) ?? [])];
  const keys = containers.flatMap((item) => {
    const container = asFields(item) ?? {};
    const wholes = (asList(container['envFrom']) ?? []).map((one) => asFields(one) ?? {});
    const singles = (asList(container['env']) ?? []).map(
      (one) => asFields(asFields(one)?.['valueFrom']) ?? {},
    );
    return [
      ...wholes.flatMap((one) => [
        refer('ConfigMap', one['configMapRef']),
        refer('Secret', one['secretRef']),
      ]),
      ...singles.flatMap((one) => [
        refer('ConfigMap', one['configMapKeyRef']),
        refer('Secret', one['secretKeyRef']),
      ]),
    ];
  });
  return [
    ...new Set(keys.flatMap((one) => (one === null ? [] : [keyOf(one.kind, object, one.name)]))),
  ].sort();
}

function refer(kind: string, reference: unknown): { readonly kind: string; readonly name: string } | null {
  const name = asString(asFields(reference)?.['name']);
  return name === undefined ? null : { kind, name };
}

function withDigest(object: ObjectSpec, contents: readonly ObjectSpec[]): ObjectSpec {
  const parts = contents.map(({ data = {}, stringData = {}, binaryData = {} }) => ({
    data,
    stringData,
    binaryData,
  }));
  const digest = sha256(canonicalJson(parts.map(digestSpec))).slice(0, 16);
  const visible = sha256(canonicalJson(parts.map(visibleSpec))).slice(0, 32);
  const spec = (object['spec'] ?? {}) as Spec & { readonly template?: Spec & { readonly metadata?: Spec } };
  const metadata = spec.template?.metadata ?? {};
  const annotations = {
    ...(metadata['annotations'] as Spec | undefined),
    [CONTENT]: parts.some(hidesAnything) ? new ContentDigest(digest, visible) : digest,
  };
  return {
    ...object,
    spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } },
  };
}
