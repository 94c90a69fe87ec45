import type { WorkflowAssessment } from '../../model/assess-workflow.ts';
import type { Position } from '../../model/diagnostic.ts';
import type { ObjectSpec } from '../../model/kubernetes-object.ts';
import {
  groupOf,
  isGuarded,
  objectId,
  qualifiedKind,
  qualifiedName,
  rankOf,
} from '../../model/kubernetes-object.ts';
import type { Dependency, DependencyCondition, DesiredResource, ResourceId } from '../../model/resource.ts';
import { hashSpec } from '../../model/resource.ts';
import type { Secret } from '../../model/secret.ts';
import { asFields, asString, compareText } from '../../model/values.ts';
import type { FilledNode } from '../../model/workflow-values.ts';
import { renderObject } from './object.ts';

export interface RenderWorkflowOptions {
  readonly assessment: WorkflowAssessment;
  /** Repository path of the workflow. */
  readonly file: string;
  /** Name of the target. */
  readonly target: string;
  /** `undefined` for references that lead nowhere. */
  readonly lookup: (reference: string) => Secret | undefined;
}

/** Namespaces that every cluster has. */
const GIVEN = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
/** A rollout may pull images and wait for probes: 5 minutes. */
const WORKLOAD_TIMEOUT_MS = 300_000;

interface Rendered {
  readonly node: FilledNode | null;
  readonly id: ResourceId;
  readonly spec: ObjectSpec;
  readonly origin: Position;
  /** Not the stack's own: a namespace that it only lives in. */
  readonly shared: boolean;
}

/**
 * The Kubernetes objects of a workflow: one for each node, and the namespaces that they live in. Pure: the same input
 * gives the same resources in the same order.
 */
export function renderWorkflow(options: RenderWorkflowOptions): readonly DesiredResource[] {
  const objects = renderObjects(options);
  const byNode = new Map(objects.flatMap((one) => (one.node ? [[one.node.id, one] as const] : [])));
  const edges = Map.groupBy(options.assessment.edges, (edge) => edge.target);
  const first = objects.filter(({ spec }) => rankOf(spec) < 2);
  return objects.map((one) => {
    const dependsOn = new Map<ResourceId, Dependency>();
    for (const { source } of (one.node && edges.get(one.node.id)) ?? []) {
      const before = byNode.get(source);
      if (before) dependsOn.set(before.id, { id: before.id, until: conditionOf(before.spec, one.spec) });
    }
    for (const before of first) {
      const until = implied(before.spec, one.spec);
      if (until !== null && !dependsOn.has(before.id)) dependsOn.set(before.id, { id: before.id, until });
    }
    return toResource(options.target, one, [...dependsOn.values()]);
  });
}

function renderObjects({ assessment, file, target, lookup }: RenderWorkflowOptions): readonly Rendered[] {
  const { workflow, nodes, document } = assessment;
  const scaled = new Set(
    nodes
      .filter(({ type }) => type === 'hpa')
      .map(
        ({ data, namespace }) =>
          `${asString(data['scaleTargetKind'])} ${namespace}/${asString(data['scaleTargetName'])}`,
      ),
  );
  const own = nodes.map((node): Rendered => {
    const spec = renderObject(node, { workflow, scaled, lookup });
    const origin = { file, ...document.position([...node.path, 'id'], 'value') };
    return { node, id: objectId(target, refer(spec)), spec, origin, shared: false };
  });
  const known = new Set(own.map(({ id }) => id));
  const spaces = new Map<ResourceId, Rendered>();
  for (const { spec: member, origin } of own) {
    const name = member.metadata.namespace;
    if (name === undefined || GIVEN.has(name)) continue;
    const spec: ObjectSpec = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    const id = objectId(target, refer(spec));
    if (!known.has(id) && !spaces.has(id)) spaces.set(id, { node: null, id, spec, origin, shared: true });
  }
  return [...spaces.values(), ...own].sort(
    (a, b) => rankOf(a.spec) - rankOf(b.spec) || compareText(a.id, b.id),
  );
}

function refer({ apiVersion, kind, metadata: { name, namespace } }: ObjectSpec) {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** How far the source of an edge must have come: a job to its end, pods until they are well, everything else is there at once. */
function conditionOf(before: ObjectSpec, after: ObjectSpec): DependencyCondition {
  if (before.kind === 'Job' && groupOf(before.apiVersion) === 'batch') return 'completed';
  const runs = WORKLOADS.has(after.kind) || after.kind === 'Job' || after.kind === 'CronJob';
  return WORKLOADS.has(before.kind) && runs ? 'healthy' : 'applied';
}

/** What no edge has to say: namespaces, definitions and classes come before what uses them. */
function implied(before: ObjectSpec, after: ObjectSpec): DependencyCondition | null {
  if (before === after) return null;
  if (before.kind === 'Namespace') {
    return after.metadata.namespace === before.metadata.name ? 'applied' : null;
  }
  if (before.kind === 'CustomResourceDefinition') return defines(before, after) ? 'healthy' : null;
  return rankOf(before) < rankOf(after) ? 'applied' : null;
}

function defines(definition: ObjectSpec, { apiVersion, kind }: ObjectSpec): boolean {
  const spec = asFields(definition['spec']);
  return spec?.['group'] === groupOf(apiVersion) && asFields(spec?.['names'])?.['kind'] === kind;
}

function toResource(target: string, one: Rendered, dependsOn: readonly Dependency[]): DesiredResource {
  const { id, spec, origin, shared } = one;
  const timeout = WORKLOADS.has(spec.kind) || spec.kind === 'Job';
  return {
    id,
    target,
    kind: qualifiedKind(spec),
    name: qualifiedName(spec.metadata),
    spec,
    hash: hashSpec(spec, []),
    updatable: Object.keys(spec),
    dependsOn: dependsOn.toSorted((a, b) => compareText(a.id, b.id)),
    origin,
    ...(shared ? { shared: true } : {}),
    ...(!shared && isGuarded(spec) ? { guarded: true } : {}),
    ...(timeout ? { healthTimeoutMs: WORKLOAD_TIMEOUT_MS } : {}),
  };
}
