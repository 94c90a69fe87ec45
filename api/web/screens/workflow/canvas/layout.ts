import { Graph, layout } from '@dagrejs/dagre';
import type { WorkflowEdge, WorkflowNode } from '../../../client/workflow-types.ts';

/** Size of a node on the canvas, in pixels. */
export const NODE_WIDTH = 192;
export const NODE_HEIGHT = 76;

export interface Place {
  readonly x: number;
  readonly y: number;
}

const GAP = 40;

/** Places of nodes: as the file says. Where it says nothing, what is needed first stands left of what needs it, or above; new ones stand below the others. */
export function placeNodes(
  nodes: readonly WorkflowNode[],
  edges: readonly WorkflowEdge[],
  isDown: boolean,
): ReadonlyMap<string, Place> {
  const placed = new Map(
    nodes.flatMap(({ id, position }) => (position === undefined ? [] : [[id, position]])),
  );
  const others = nodes.filter(({ id }) => !placed.has(id));
  if (others.length === 0) return placed;
  const made = arrange(others, edges, isDown);
  if (placed.size === 0) return made;
  const all = [...placed.values()];
  const left = Math.min(...all.map(({ x }) => x));
  const below = Math.max(...all.map(({ y }) => y)) + NODE_HEIGHT + GAP;
  return new Map([
    ...placed,
    ...[...made].map(([id, { x, y }]) => [id, { x: x + left, y: y + below }] as const),
  ]);
}

function arrange(
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
    nodes.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(id);
      return [id, { x: Math.round(x - NODE_WIDTH / 2), y: Math.round(y - NODE_HEIGHT / 2) }] as const;
    }),
  );
}
