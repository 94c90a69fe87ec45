interface Item {
  readonly id: string;
}

export interface GraphNode extends Item {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface GraphEdge extends Item {
  readonly source: string;
  readonly target: string;
}

export interface Graph<N extends GraphNode = GraphNode, E extends GraphEdge = GraphEdge> {
  readonly nodes: readonly N[];
  readonly edges: readonly E[];
}

export interface GraphDifference<N extends GraphNode, E extends GraphEdge> {
  readonly addedNodes: readonly N[];
  readonly removedNodes: readonly N[];
  /** Nodes of one id that are not the same; one that was only moved, too. */
  readonly modifiedNodes: readonly { readonly before: N; readonly after: N }[];
  readonly addedEdges: readonly E[];
  readonly removedEdges: readonly E[];
}

/** Compares two graphs by the ids of nodes and edges. An edge that leads elsewhere is another one. */
export function compareGraphs<N extends GraphNode, E extends GraphEdge>(
  before: Graph<N, E>,
  after: Graph<N, E>,
): GraphDifference<N, E> {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  return {
    addedNodes: without(after.nodes, before.nodes, ({ id }) => id),
    removedNodes: without(before.nodes, after.nodes, ({ id }) => id),
    modifiedNodes: after.nodes.flatMap((node) => {
      const other = old.get(node.id);
      return other === undefined || JSON.stringify(other) === JSON.stringify(node)
        ? []
        : [{ before: other, after: node }];
    }),
    addedEdges: without(after.edges, before.edges, edgeKey),
    removedEdges: without(before.edges, after.edges, edgeKey),
  };
}

function edgeKey({ id, source, target }: GraphEdge): string {
  return [id, source, target].join('\0');
}

function without<T>(list: readonly T[], other: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const keys = new Set(other.map(keyOf));
  return list.filter((item) => !keys.has(keyOf(item)));
}
