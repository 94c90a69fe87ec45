import type { Fields } from '../../../base/values.ts';
import type { NodeType } from '../../workflow/workflow.ts';
import type { GraphEdge, GraphNode } from '../../../model/imports/compose-analysis.ts';
import { createObjectNames, toObjectName } from './object-names.ts';

/** A node while its parts are put together. */
export interface DraftNode {
  readonly id: string;
  readonly type: NodeType;
  /** Name of the object. */
  readonly name: string;
  readonly data: Record<string, unknown>;
}

export interface GraphBuilder {
  /** The name that an object of somebody else has for this. */
  nameOf(wanted: string): string;
  /** Adds a node; its object is called as wanted, as far as a cluster takes that and no other has it. */
  add(type: NodeType, wanted: string, data?: Fields): DraftNode;
  /** Connects two nodes, once. */
  connect(source: DraftNode, target: DraftNode): void;
  build(): { readonly nodes: readonly GraphNode[]; readonly edges: readonly GraphEdge[] };
}

/** Places of the columns that editors draw types in; the rest stands with the workloads. */
const COLUMNS: Readonly<Partial<Record<NodeType, number>>> = {
  configmap: 100,
  secret: 100,
  ingress: 100,
  service: 400,
  persistentvolumeclaim: 1_000,
};
const WORKLOADS = 700;
const FIRST_ROW = 100;
const ROW = 200;

export function createGraphBuilder(): GraphBuilder {
  const names = createObjectNames();
  const nodes: DraftNode[] = [];
  const edges = new Map<string, GraphEdge>();
  return {
    nameOf: toObjectName,
    add(type, wanted, data = {}) {
      const name = names.take(type, wanted);
      const node = { id: `${type}-${name}`, type, name, data: { name, ...data } };
      nodes.push(node);
      return node;
    },
    connect(source, target) {
      edges.set(`${source.id}\0${target.id}`, { source: source.id, target: target.id });
    },
    build: () => ({ nodes: place(nodes), edges: [...edges.values()] }),
  };
}

/** Gives each node the next row of its column. */
function place(nodes: readonly DraftNode[]): readonly GraphNode[] {
  const rows = new Map<number, number>();
  return nodes.map(({ id, type, data }) => {
    const x = COLUMNS[type] ?? WORKLOADS;
    const y = rows.get(x) ?? FIRST_ROW;
    rows.set(x, y + ROW);
    return { id, type, position: { x, y }, data };
  });
}
