import { secretValues } from '../../../config/workflow/analyze-workflow.ts';
import { isClusterScoped } from '../../../model/kubernetes/kubernetes-object.ts';
import type { ObjectSpec } from '../../../model/kubernetes/kubernetes-object.ts';
import type { Spec } from '../../../model/secret.ts';
import { Secret } from '../../../model/secret.ts';
import { asFields, asString, own } from '../../../base/values.ts';
import { PLUGIN_KEYS } from '../../../config/catalogue/plugin-node.ts';
import type { NodeType, Workflow } from '../../../config/workflow/workflow.ts';
import type { FilledNode } from '../../../config/workflow/workflow-values.ts';
import { compact, pick, textMap, textOf, toSpec } from '../fields.ts';
import { renderAutoscaler, renderIngress, renderNetworkPolicy, renderService } from './network.ts';
import {
  renderClaimSpec,
  renderCronJob,
  renderDaemonSet,
  renderDeployment,
  renderJob,
  renderStatefulSet,
} from './workloads.ts';

export interface ObjectContext {
  readonly workflow: Workflow;
  /** Workloads that an autoscaler scales, by kind and name: `Deployment shop/web`. */
  readonly scaled: ReadonlySet<string>;
  /** `undefined` for references that lead nowhere. */
  readonly lookup: (reference: string) => Secret | undefined;
}

type Renderer = (node: FilledNode, context: ObjectContext) => ObjectSpec;

const RENDERERS: Readonly<Record<NodeType, Renderer>> = {
  deployment: (node, context) =>
    object('apps/v1', 'Deployment', node, {
      spec: renderDeployment(node, isScaled('Deployment', node, context)),
    }),
  statefulset: (node, context) =>
    object('apps/v1', 'StatefulSet', node, {
      spec: renderStatefulSet(node, isScaled('StatefulSet', node, context)),
    }),
  daemonset: (node) => object('apps/v1', 'DaemonSet', node, { spec: renderDaemonSet(node) }),
  job: (node) => object('batch/v1', 'Job', node, { spec: renderJob(node) }),
  cronjob: (node) => object('batch/v1', 'CronJob', node, { spec: renderCronJob(node) }),
  service: (node) => object('v1', 'Service', node, { spec: renderService(node) }),
  ingress: (node) => object('networking.k8s.io/v1', 'Ingress', node, { spec: renderIngress(node) }),
  configmap: (node) => object('v1', 'ConfigMap', node, compact({ data: textMap(node.data['data']) })),
  secret: (node, context) =>
    object('v1', 'Secret', node, {
      type: textOf(node.data['secretType']) ?? 'Opaque',
      ...secretData(node, context),
    }),
  persistentvolumeclaim: (node) =>
    object('v1', 'PersistentVolumeClaim', node, { spec: renderClaimSpec(node.data) }),
  hpa: (node) => object('autoscaling/v2', 'HorizontalPodAutoscaler', node, { spec: renderAutoscaler(node) }),
  networkpolicy: (node) =>
    object('networking.k8s.io/v1', 'NetworkPolicy', node, { spec: renderNetworkPolicy(node) }),
  plugin: renderPlugin,
  manifest: renderManifest,
};

/** The Kubernetes object of one node, without the marks of its owner. */
export function renderObject(node: FilledNode, context: ObjectContext): ObjectSpec {
  return RENDERERS[node.type](node, context);
}

function object(apiVersion: string, kind: string, node: FilledNode, body: Spec): ObjectSpec {
  const { name, namespace, data } = node;
  const labels = textMap(data['labels']);
  const app = LABELLED.has(kind) ? { app: name, ...pick(data, 'version') } : {};
  const metadata = {
    name,
    namespace,
    ...compact({ labels: { ...labels, ...app }, annotations: textMap(data['annotations']) }),
  };
  return { apiVersion, kind, metadata, ...body };
}

/** Kinds that carry the label their pods are found by. */
const LABELLED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']);

function isScaled(kind: string, { namespace, name }: FilledNode, { scaled }: ObjectContext): boolean {
  return scaled.has(`${kind} ${namespace}/${name}`);
}

/** Values of a Secret; one that cannot be looked up is left out, which is an error elsewhere. */
function secretData(node: FilledNode, { workflow, lookup }: ObjectContext): Spec {
  const values = secretValues(node, workflow).flatMap(({ key, reference }): (readonly [string, Secret])[] => {
    const value = reference.startsWith('secret://') ? lookup(reference) : inClear(node, key, reference);
    return value === undefined ? [] : [[key, value]];
  });
  return values.length === 0 ? {} : { data: Object.fromEntries(values) };
}

/** A value that stands in a manifest is in the repository for all to read; in plans and logs it is masked all the same. */
function inClear({ data }: FilledNode, key: string, value: string): Secret {
  const manifest = asFields(data['manifest']);
  const plain = own(asFields(manifest?.['stringData']), key) === value;
  return new Secret(plain ? value : Buffer.from(value, 'base64'), 'the manifest');
}

function renderPlugin(node: FilledNode): ObjectSpec {
  const { data } = node;
  const fields = Object.entries(data).filter(([key]) => !PLUGIN_KEYS.includes(key) && !key.startsWith('_'));
  const spec = { ...toSpec(asFields(data['spec']) ?? {}), ...toSpec(Object.fromEntries(fields)) };
  return object(asString(data['apiVersion']) ?? '', asString(data['kind']) ?? '', node, compact({ spec }));
}

/** Renders a manifest as it is, but for what only a server may write and values of secrets. */
function renderManifest(node: FilledNode, context: ObjectContext): ObjectSpec {
  const manifest = asFields(node.data['manifest']) ?? {};
  const { status: _status, metadata, ...rest } = toSpec(manifest);
  const apiVersion = asString(manifest['apiVersion']) ?? '';
  const kind = asString(manifest['kind']) ?? '';
  const place = isClusterScoped({ apiVersion, kind }) ? {} : { namespace: node.namespace };
  const body = kind === 'Secret' && apiVersion === 'v1' ? secretBody(rest, node, context) : rest;
  return {
    ...body,
    apiVersion,
    kind,
    metadata: { ...toSpec(asFields(metadata) ?? {}), name: node.name, ...place },
  };
}

function secretBody(
  { data: _data, stringData: _text, ...rest }: Spec,
  node: FilledNode,
  context: ObjectContext,
): Spec {
  return { ...rest, ...secretData(node, context) };
}
