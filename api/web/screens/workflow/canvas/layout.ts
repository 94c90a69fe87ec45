import { Graph, layout } from '@dagrejs/dagre';
import type { WorkflowEdge, WorkflowNode } from '../../../client/workflow-types.ts';

/** Size of a node on the canvas, in pixels. */
export const NODE_WIDTH = 192;
export const NODE_HEIGHT = 76;

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Places of nodes: as the file says, and where it does not, what is needed first stands left of what needs it, or above. */
export function placeNodes(
  nodes: readonly WorkflowNode[],
  edges: readonly WorkflowEdge[],
  isDown: boolean,
): ReadonlyMap<string, Place> {
  const graph = new Graph();
  graph.setGraph(
    isDown ? { rankdir: 'TB', nodesep: 24, ranksep: 60 } : { rankdir: 'LR', nodesep: 32, ranksep: 118 },
  );
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { source, target } of edges)
    if (known.has(source) && known.has(target) && source !== target) graph.setEdge(source, target);
  layout(graph);
  return new Map(
    nodes.map(({ id, position }) => {
      const { x = 0, y = 0 } = graph.node(id);
      const made = { x: Math.round(x - NODE_WIDTH / 2), y: Math.round(y - NODE_HEIGHT / 2) };
      const isPlaced = typeof position?.x === 'number' && typeof position.y === 'number';
      return [id, isPlaced ? { x: position.x, y: position.y } : made] as const;
    }),
  );
}
