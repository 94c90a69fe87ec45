import type { DocumentPath } from '../../base/document-path.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, defined } from '../../base/values.ts';
import type { WorkflowStatus, WorkflowSummary } from '../../model/stack.ts';

export const NODE_TYPES = [
  'deployment',
  'statefulset',
  'daemonset',
  'job',
  'cronjob',
  'service',
  'ingress',
  'configmap',
  'secret',
  'persistentvolumeclaim',
  'hpa',
  'networkpolicy',
  'plugin',
  'manifest',
] as const;

export type NodeType = (typeof NODE_TYPES)[number];

/** Kinds of the objects that nodes become, where the type of the node tells. */
export const KIND_OF_TYPE: Readonly<Partial<Record<NodeType, string>>> = {
  deployment: 'Deployment',
  statefulset: 'StatefulSet',
  daemonset: 'DaemonSet',
  job: 'Job',
  cronjob: 'CronJob',
  service: 'Service',
  ingress: 'Ingress',
  configmap: 'ConfigMap',
  secret: 'Secret',
  persistentvolumeclaim: 'PersistentVolumeClaim',
  hpa: 'HorizontalPodAutoscaler',
  networkpolicy: 'NetworkPolicy',
};

/** One object of a workflow, as written or, after `resolveValues`, with its blanks filled. */
export interface WorkflowNode {
  readonly id: string;
  readonly type: NodeType;
  /** Checked against the schema of the type. */
  readonly data: Fields;
  /** Path of the node; its fields stand under `data`. */
  readonly path: DocumentPath;
}

export interface WorkflowEdge {
  readonly source: string;
  readonly target: string;
  readonly sourceHandle?: string;
  readonly targetHandle?: string;
  readonly path: DocumentPath;
}

/** A workflow file as a typed graph. */
export interface Workflow {
  readonly name: string;
  /** Name of the cluster; empty when the file does not say. */
  readonly cluster: string;
  readonly namespace: string;
  readonly status: WorkflowStatus;
  readonly tags: readonly string[];
  readonly nodes: readonly WorkflowNode[];
  readonly edges: readonly WorkflowEdge[];
}

/** Returns the part of a workflow's document that lists show. */
export function summariseWorkflow(value: unknown): WorkflowSummary {
  const fields = asFields(value) ?? {};
  const { name, cluster, status } = readWorkflow({ ...fields, nodes: [], edges: [] });
  return {
    id: asString(fields['id']) ?? null,
    title: asString(fields['title']) ?? name,
    description: asString(fields['description']) ?? '',
    status,
    cluster,
    nodes: (asList(fields['nodes']) ?? []).length,
  };
}

/** Reads a document that was checked against the schema; what that has complained about is left out. */
export function readWorkflow(value: unknown): Workflow {
  const fields = asFields(value) ?? {};
  const status = asString(fields['status']);
  return {
    name: asString(fields['name']) ?? '',
    cluster: asString(fields['cluster']) ?? '',
    namespace: asString(fields['namespace']) ?? 'default',
    status: status === 'published' || status === 'archived' ? status : 'draft',
    tags: (asList(fields['tags']) ?? []).filter((tag) => typeof tag === 'string'),
    nodes: (asList(fields['nodes']) ?? []).flatMap((item, index) => readNode(item, ['nodes', index])),
    edges: (asList(fields['edges']) ?? []).flatMap((item, index) => readEdge(item, ['edges', index])),
  };
}

function readNode(value: unknown, path: DocumentPath): readonly WorkflowNode[] {
  const fields = asFields(value) ?? {};
  const id = asString(fields['id']);
  const type = NODE_TYPES.find((known) => known === fields['type']);
  const data = asFields(fields['data']);
  return id === undefined || type === undefined || data === undefined ? [] : [{ id, type, data, path }];
}

function readEdge(value: unknown, path: DocumentPath): readonly WorkflowEdge[] {
  const fields = asFields(value) ?? {};
  const source = asString(fields['source']);
  const target = asString(fields['target']);
  if (source === undefined || target === undefined) return [];
  const sourceHandle = asString(fields['sourceHandle']);
  const targetHandle = asString(fields['targetHandle']);
  return [defined({ source, target, sourceHandle, targetHandle, path })];
}

/** Ids that the document gives to nodes, of whatever type. */
export function writtenIds(value: unknown): ReadonlySet<string> {
  const nodes = asList(asFields(value)?.['nodes']) ?? [];
  return new Set(nodes.flatMap((node) => asString(asFields(node)?.['id']) ?? []));
}
