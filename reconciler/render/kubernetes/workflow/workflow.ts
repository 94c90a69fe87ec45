import type { WorkflowAnalysis } from '../../../config/workflow/analyze-workflow.ts';
import { givenVariables } from '../../../config/workflow/analyze-workflow.ts';
import type { ObjectSpec } from '../../../model/kubernetes/kubernetes-object.ts';
import { groupOf, objectId, rankOf } from '../../../model/kubernetes/kubernetes-object.ts';
import type {
  Dependency,
  DependencyCondition,
  DesiredResource,
  ResourceId,
} from '../../../model/resource.ts';
import type { RegistryCredentials } from '../../../model/registry.ts';
import type { Secret } from '../../../model/secret.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import { hasPods } from '../../../config/workflow/workflow-edges.ts';
import type { FilledNode } from '../../../config/workflow/workflow-values.ts';
import { impliedCondition, inOrder, namespacesOf, referTo, toResource } from '../described-objects.ts';
import type { DescribedObject } from '../described-objects.ts';
import { renderObject } from './object.ts';
import type { RegistrySecret } from '../registry-secret.ts';
import { relateObjects } from '../related-objects.ts';
import { createRegistrySecret } from '../registry-secret.ts';
import { labelsOf } from '../service-names.ts';

export interface RenderWorkflowOptions {
  readonly analysis: WorkflowAnalysis;
  /** Repository path of the workflow. */
  readonly file: string;
  /** Name of the target. */
  readonly target: string;
  /** `undefined` for references that lead nowhere. */
  readonly lookup: (reference: string) => Secret | undefined;
  /** Credentials with the passwords of this moment. */
  readonly registries: readonly RegistryCredentials[];
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

interface Rendered extends DescribedObject {
  readonly node: FilledNode | null;
  /** The Secret that its pods pull their image with, where it needs one. */
  readonly pullsWith: ResourceId | null;
  /** The Secret with variables that were given for it. */
  readonly reads: ResourceId | null;
}

/**
 * The Kubernetes objects of a workflow: one for each node, the namespaces that they live in, and in each of those the credentials
 * that images are pulled with. Pure: the same input gives the same resources in the same order.
 */
export function renderWorkflow(options: RenderWorkflowOptions): readonly DesiredResource[] {
  const objects = renderObjects(options);
  const byNode = new Map(objects.flatMap((one) => (one.node ? [[one.node.id, one] as const] : [])));
  const edges = Map.groupBy(options.analysis.edges, ({ second }) => second.id);
  const first = objects.filter(({ spec }) => rankOf(spec) < 2);
  return objects.map((one) => {
    const dependsOn = new Map<ResourceId, Dependency>();
    for (const edge of (one.node && edges.get(one.node.id)) ?? []) {
      const before = byNode.get(edge.first.id);
      if (before) dependsOn.set(before.id, { id: before.id, until: conditionOf(before.spec, one.spec) });
    }
    for (const id of [one.pullsWith, one.reads])
      if (id && !dependsOn.has(id)) dependsOn.set(id, { id, until: 'applied' });
    for (const before of first) {
      const until = impliedCondition(before.spec, one.spec);
      if (until !== null && !dependsOn.has(before.id)) dependsOn.set(before.id, { id: before.id, until });
    }
    return toResource(options.target, one, [...dependsOn.values()]);
  });
}

function renderObjects(options: RenderWorkflowOptions): readonly Rendered[] {
  const nodes = renderNodes(options);
  const own = [...nodes, ...nodes.flatMap((one) => renderVariables(one, options))];
  const related = relateObjects(own.map(({ spec }) => spec));
  const fitted = own.map((one, index) => ({ ...one, spec: related[index] ?? one.spec }));
  const objects = [...fitted, ...renderCredentials(own, options)];
  const spaces = namespacesOf(options.target, objects).map((one): Rendered => ({
    ...one,
    node: null,
    pullsWith: null,
    reads: null,
  }));
  return [...spaces, ...objects].sort(inOrder);
}

function renderNodes(options: RenderWorkflowOptions): readonly Rendered[] {
  const { analysis, file, target, lookup } = options;
  const { workflow, nodes, document } = analysis;
  const secret = registrySecretOf(options);
  const scaled = new Set(
    nodes
      .filter(({ type }) => type === 'hpa')
      .map(
        ({ data, namespace }) =>
          `${asString(data['scaleTargetKind'])} ${namespace}/${asString(data['scaleTargetName'])}`,
      ),
  );
  return nodes.map((node): Rendered => {
    const pulls = isCovered(node, secret);
    const spec = renderObject(pulls ? withPullSecret(node, secret) : node, { workflow, scaled, lookup });
    const origin = { file, ...document.position([...node.path, 'id'], 'value') };
    const pullsWith = pulls ? objectId(target, secretIn(node, secret)) : null;
    const reads = variablesIn(node);
    return {
      node,
      id: objectId(target, referTo(spec)),
      spec,
      origin,
      pullsWith,
      reads: reads && objectId(target, reads),
      shared: false,
    };
  });
}

/** The Secret that holds variables which were given for a node; `null` when it takes none. */
function variablesIn({ envSources, namespace }: FilledNode) {
  const given = envSources.find(({ from }) => from === 'given');
  return given === undefined ? null : { apiVersion: 'v1', kind: 'Secret', name: given.name, namespace };
}

/** Variables are shown to everybody who may read their workload, so given ones are in a Secret beside it. */
function renderVariables(
  { node, reads, origin }: Rendered,
  options: RenderWorkflowOptions,
): readonly Rendered[] {
  const object = node && variablesIn(node);
  if (!node || !object || !reads) return [];
  const values = givenVariables(node, options.analysis.workflow).flatMap(({ key, reference }) => {
    const value = options.lookup(reference);
    return value === undefined ? [] : [[key, value] as const];
  });
  const { name, namespace } = object;
  const spec: ObjectSpec = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { app: node.name } },
    type: 'Opaque',
    ...(values.length === 0 ? {} : { data: Object.fromEntries(values) }),
  };
  return [{ node: null, id: reads, spec, origin, pullsWith: null, reads: null, shared: false }];
}

function registrySecretOf({ analysis, registries }: RenderWorkflowOptions): RegistrySecret {
  return createRegistrySecret(analysis.workflow.name, registries);
}

function isCovered(node: FilledNode, secret: RegistrySecret): boolean {
  return hasPods(node) && secret.covers(asString(node.data['image']) ?? '');
}

/** Adds a pull secret beside those that the node names itself. */
function withPullSecret(node: FilledNode, { name }: RegistrySecret): FilledNode {
  const named = asList(node.data['imagePullSecrets']) ?? [];
  if (named.some((item) => item === name || asFields(item)?.['name'] === name)) return node;
  return { ...node, data: { ...node.data, imagePullSecrets: [...named, name] } };
}

function secretIn({ namespace }: FilledNode, { name }: RegistrySecret) {
  return { apiVersion: 'v1', kind: 'Secret', name, namespace };
}

/** One Secret for each namespace whose pods need it, unless the workflow describes one of its name. */
function renderCredentials(own: readonly Rendered[], options: RenderWorkflowOptions): readonly Rendered[] {
  const { workflow } = options.analysis;
  const secret = registrySecretOf(options);
  const known = new Set(own.map(({ id }) => id));
  const pulling = own.filter(({ pullsWith }) => pullsWith !== null && !known.has(pullsWith));
  return [...Map.groupBy(pulling, ({ pullsWith }) => pullsWith)].flatMap(([id, users]): Rendered[] => {
    const images = users.map(({ node }) => asString(node?.data['image']) ?? '');
    const object = secret.objectFor(images, labelsOf(workflow.name));
    const [first] = users;
    if (!id || !object || !first) return [];
    const metadata = { ...object.metadata, namespace: first.node?.namespace ?? workflow.namespace };
    const { origin } = first;
    const spec = { ...object, metadata };
    return [{ node: null, id, spec, origin, pullsWith: null, reads: null, shared: false }];
  });
}

/** Returns how far the source of an edge must have come: a job to its end, pods until they are well, everything else is there at once. */
function conditionOf(before: ObjectSpec, after: ObjectSpec): DependencyCondition {
  if (before.kind === 'Job' && groupOf(before.apiVersion) === 'batch') return 'completed';
  const runs = WORKLOADS.has(after.kind) || after.kind === 'Job' || after.kind === 'CronJob';
  return WORKLOADS.has(before.kind) && runs ? 'healthy' : 'applied';
}
