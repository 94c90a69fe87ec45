import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { rankOf } from '../../model/kubernetes/kubernetes-object.ts';
import { suggest } from '../../base/nearest.ts';
import { asFields, asString } from '../../base/values.ts';
import type { Link, LinkRule } from '../../model/workflow/connection.ts';
import type { NodeType, Workflow, WorkflowEdge, WorkflowNode } from './workflow.ts';

/** An edge between two nodes that are there and have something to do with each other. */
export interface ResolvedEdge extends WorkflowEdge {
  readonly from: WorkflowNode;
  readonly to: WorkflowNode;
  /** The node that is applied first: what the other one needs, however the edge is drawn. */
  readonly first: WorkflowNode;
  readonly second: WorkflowNode;
  /** `null`: only the order. */
  readonly link: {
    readonly kind: Link;
    readonly provider: WorkflowNode;
    readonly dependent: WorkflowNode;
  } | null;
}

const SERVERS: readonly NodeType[] = ['deployment', 'statefulset', 'daemonset'];
const SCALABLE: readonly NodeType[] = ['deployment', 'statefulset'];
export const RUNS: readonly NodeType[] = [...SERVERS, 'job', 'cronjob'];
const STORES: readonly NodeType[] = ['configmap', 'secret', 'persistentvolumeclaim'];
/** Types whose objects can be anything: only the order is known. */
export const OPEN_TYPES: readonly NodeType[] = ['plugin', 'manifest'];

/** Pairs that pass something on, and the fields that they fill in. */
export const LINKS: readonly (LinkRule & {
  readonly provider: readonly NodeType[];
  readonly dependent: readonly NodeType[];
})[] = [
  {
    kind: 'service',
    provider: SERVERS,
    dependent: ['service'],
    fields: ['targetApp', 'targetPort', 'namespace'],
  },
  {
    kind: 'ingress',
    provider: ['service'],
    dependent: ['ingress'],
    fields: ['serviceName', 'servicePort', 'paths', 'namespace'],
  },
  {
    kind: 'hpa',
    provider: SCALABLE,
    dependent: ['hpa'],
    fields: ['scaleTargetName', 'scaleTargetKind', 'namespace'],
  },
  { kind: 'mount', provider: STORES, dependent: RUNS, fields: ['volumeMounts', 'envKeys'] },
  {
    kind: 'networkpolicy',
    provider: RUNS,
    dependent: ['networkpolicy'],
    fields: ['podSelector', 'namespace'],
  },
  {
    kind: 'certificate',
    provider: ['secret'],
    dependent: ['ingress'],
    fields: ['tlsSecretName', 'namespace'],
  },
];

/** Tells whether a node says what its pods are made from. */
export function hasPods({ type }: Pick<WorkflowNode, 'type'>): boolean {
  return RUNS.includes(type);
}

/** Checks the graph: ids, ends of edges, what they can mean, and that there is an order. */
export function resolveEdges(
  workflow: Workflow,
  written: ReadonlySet<string>,
  diagnostics: DiagnosticCollector,
): readonly ResolvedEdge[] {
  const byId = new Map<string, WorkflowNode>();
  for (const node of workflow.nodes) {
    if (byId.has(node.id)) {
      diagnostics.error('DUPLICATE_NODE', [...node.path, 'id'], `two nodes have the id ${node.id}`);
    } else byId.set(node.id, node);
  }
  const resolved = workflow.edges.flatMap((edge) => resolveEdge(edge, { byId, written, diagnostics }));
  checkCycles(workflow, resolved, diagnostics);
  return resolved;
}

interface Names {
  readonly byId: ReadonlyMap<string, WorkflowNode>;
  /** Ids of nodes that are written, of unknown types too. */
  readonly written: ReadonlySet<string>;
  readonly diagnostics: DiagnosticCollector;
}

function resolveEdge(edge: WorkflowEdge, { byId, written, diagnostics }: Names): readonly ResolvedEdge[] {
  for (const end of ['source', 'target'] as const) {
    if (written.has(edge[end])) continue;
    const message = `the edge's ${end} ${edge[end]} is not a node of this workflow`;
    diagnostics.error('UNKNOWN_NODE', [...edge.path, end], message, {
      hint: suggest(edge[end], [...written]),
    });
  }
  const from = byId.get(edge.source);
  const to = byId.get(edge.target);
  if (!from || !to) return [];
  if (from === to) {
    diagnostics.error('MEANINGLESS_EDGE', edge.path, `the edge leads from ${from.id} to itself`);
    return [];
  }
  const link = findLink(from, to);
  const problem = link === null ? whyMeaningless(from, to) : undefined;
  if (problem !== undefined) {
    diagnostics.error('MEANINGLESS_EDGE', edge.path, problem.message, { hint: problem.hint });
    return [];
  }
  const [first, second] = link === null ? [from, to] : [link.provider, link.dependent];
  return [{ ...edge, from, to, first, second, link }];
}

/** Pairs may be drawn either way round, with the same result. */
function findLink(from: WorkflowNode, to: WorkflowNode): ResolvedEdge['link'] {
  for (const { kind, provider, dependent } of LINKS) {
    if (provider.includes(from.type) && dependent.includes(to.type)) {
      return { kind, provider: from, dependent: to };
    }
    if (provider.includes(to.type) && dependent.includes(from.type)) {
      return { kind, provider: to, dependent: from };
    }
  }
  return null;
}

function whyMeaningless(
  from: WorkflowNode,
  to: WorkflowNode,
): { readonly message: string; readonly hint?: string } | undefined {
  if (rank(to) < rank(from)) {
    return { message: `${to.id} is applied before ${from.id} anyway`, hint: 'take the edge out' };
  }
  if (OPEN_TYPES.includes(from.type) || OPEN_TYPES.includes(to.type)) return undefined;
  if (RUNS.includes(from.type) && RUNS.includes(to.type)) return undefined;
  const hint =
    [from.type, to.type].includes('ingress') && SERVERS.some((type) => type === from.type || type === to.type)
      ? 'put a service between them'
      : 'take the edge out';
  return { message: `an edge from a ${from.type} to a ${to.type} means nothing`, hint };
}

function rank({ type, data }: WorkflowNode): number {
  const manifest = type === 'manifest' ? asFields(data['manifest']) : undefined;
  const apiVersion = asString(manifest?.['apiVersion']);
  const kind = asString(manifest?.['kind']);
  return apiVersion === undefined || kind === undefined ? 2 : rankOf({ apiVersion, kind });
}

/** Cycles that are told of: as soon as some are opened, others may be gone. */
const MAX_CYCLES = 20;

/** Reports each cycle once, at the edge that closes it. Walks with a stack of its own: a chain may be long. */
function checkCycles(
  workflow: Workflow,
  edges: readonly ResolvedEdge[],
  diagnostics: DiagnosticCollector,
): void {
  const leaving = Map.groupBy(edges, (edge) => edge.first.id);
  const done = new Set<string>();
  let found = 0;
  for (const { id } of workflow.nodes) {
    const visiting = [{ id, rest: [...(leaving.get(id) ?? [])] }];
    for (
      let top = visiting.at(-1);
      top !== undefined && !done.has(id) && found < MAX_CYCLES;
      top = visiting.at(-1)
    ) {
      const edge = top.rest.shift();
      if (edge === undefined) {
        done.add(top.id);
        visiting.pop();
        continue;
      }
      const start = visiting.findIndex((step) => step.id === edge.second.id);
      if (start !== -1) {
        found += 1;
        const cycle = [...visiting.slice(start).map((step) => step.id), edge.second.id].join(' → ');
        diagnostics.error('CIRCULAR_DEPENDENCY', edge.path, `workflow contains a cycle: ${cycle}`);
      } else if (!done.has(edge.second.id)) {
        visiting.push({ id: edge.second.id, rest: [...(leaving.get(edge.second.id) ?? [])] });
      }
    }
  }
}
