import type { Connection as Drawn, Edge, EdgeChange, NodeChange, ReactFlowInstance } from '@xyflow/react';
import {
  applyNodeChanges,
  Background,
  Controls,
  MarkerType,
  MiniMap,
  Position,
  ReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { announce } from '../../../app/announce.tsx';
import {
  connect,
  disconnect,
  edgesOf,
  meaningOf,
  placeAll,
  withoutNode,
  withoutPlaces,
} from '../edit/graph.ts';
import { tellFills, tellShortly, typeWords } from '../node-words.ts';
import type { Work } from '../work.ts';
import { useWork } from '../work.ts';
import type { DrawnNode } from './canvas-node.tsx';
import { CanvasNode } from './canvas-node.tsx';
import type { Place } from './layout.ts';
import { NODE_HEIGHT, NODE_WIDTH, placeNodes } from './layout.ts';
import './canvas.css';

const NODE_TYPES = { object: CanvasNode };
const FIT = { maxZoom: 1, padding: 0.1 } as const;
/** Size of a handle, in pixels. */
const HANDLE = 12;
/** Number of nodes from which on a small map helps. */
const MANY = 15;

/** Sizes and handles are said, not measured: so edges are there as soon as nodes are. */
function handlesOf(isDown: boolean): NonNullable<DrawnNode['handles']> {
  const size = { width: HANDLE, height: HANDLE };
  const [middle, far] = isDown ? [NODE_WIDTH / 2, NODE_HEIGHT] : [NODE_HEIGHT / 2, NODE_WIDTH];
  const place = (along: number) => {
    const [x, y] = isDown ? [middle, along] : [along, middle];
    return { x: x - HANDLE / 2, y: y - HANDLE / 2, ...size };
  };
  return [
    { type: 'target', position: isDown ? Position.Top : Position.Left, ...place(0) },
    { type: 'source', position: isDown ? Position.Bottom : Position.Right, ...place(far) },
  ];
}

type Shown = Pick<Work, 'nodes' | 'edges' | 'catalogue' | 'states' | 'findings' | 'selected'>;

function drawNodes(
  { nodes, edges, catalogue, states, findings, selected }: Shown,
  isDown: boolean,
): readonly DrawnNode[] {
  const places = placeNodes(nodes, edges, isDown);
  return nodes.map((node): DrawnNode => {
    const found = findings.byNode.get(node.id) ?? [];
    const errors = found.filter(({ severity }) => severity === 'error').length;
    return {
      id: node.id,
      type: 'object',
      position: { ...(places.get(node.id) ?? { x: 0, y: 0 }) },
      width: NODE_WIDTH,
      height: NODE_HEIGHT,
      measured: { width: NODE_WIDTH, height: NODE_HEIGHT },
      handles: handlesOf(isDown),
      selected: node.id === selected,
      ariaLabel: `${typeWords(catalogue, node)} ${node.id}`,
      data: {
        node,
        words: typeWords(catalogue, node),
        state: states.get(node.id),
        errors,
        warnings: found.length - errors,
        isDown,
      },
    };
  });
}

/** Leaves a node where it is being dragged to, whatever is new about it meanwhile. */
function keepDragged(before: readonly DrawnNode[], wanted: readonly DrawnNode[]): DrawnNode[] {
  const dragged = new Map(
    before.flatMap((node) => (node.dragging === true ? [[node.id, node.position]] : [])),
  );
  return wanted.map((node) => {
    const position = dragged.get(node.id);
    return position === undefined ? node : { ...node, position, dragging: true };
  });
}

function drawEdges({ edges, findings }: Pick<Work, 'edges' | 'findings'>): readonly Edge[] {
  return edges.map(({ source, target }, index) => {
    const known = findings.connections.find(
      (one) => one.index === index && one.source === source && one.target === target,
    );
    const isWrong = findings.byEdge.has(index);
    const words = isWrong ? 'means nothing' : known === undefined ? '' : tellFills(known);
    return {
      id: `${index}`,
      source,
      target,
      label: isWrong || known === undefined ? words : tellShortly(known),
      ariaLabel: `Connection of ${source} and ${target}: ${words}`,
      className: isWrong ? 'wrong' : known?.link === null ? 'order' : '',
      markerEnd: { type: MarkerType.ArrowClosed },
    };
  });
}

/** Changes of the drawing as changes of the file. */
function useDrawing(edges: readonly Edge[], places: ReadonlyMap<string, Place>) {
  const { editor, catalogue, nodes } = useWork();
  return {
    isMeant({ source, target }: Drawn | Edge): boolean {
      const [from, to] = [source, target].map((id) => nodes.find((node) => node.id === id));
      return from !== undefined && to !== undefined && meaningOf(catalogue, from, to) !== null;
    },
    takeOut(id: string): void {
      editor.edit((document) => withoutNode(document, id));
      announce(`${id} is taken out. Undo brings it back.`);
    },
    onEdgesChange(changes: EdgeChange[]): void {
      for (const change of changes) {
        if (change.type !== 'remove') continue;
        const gone = edges.find(({ id }) => id === change.id);
        // Found by its ends: those of a node that goes have gone with it, and others have moved up.
        editor.edit((document) => {
          const at = edgesOf(document).findIndex(
            ({ source, target }) => source === gone?.source && target === gone.target,
          );
          return at === -1 ? document : disconnect(document, at);
        });
      }
    },
    onConnect: ({ source, target }: Drawn) => editor.edit((document) => connect(document, source, target)),
    onNodeDragStop: (_: unknown, moved: DrawnNode) =>
      editor.edit((document) => placeAll(document, new Map([...places, [moved.id, moved.position]]))),
  };
}

/** Nodes as they are drawn: as the file and the cluster say, and as they are moved. */
function useNodes(isDown: boolean) {
  const { nodes, edges, catalogue, states, findings, selected } = useWork();
  const wanted = useMemo(
    () => drawNodes({ nodes, edges, catalogue, states, findings, selected }, isDown),
    [nodes, edges, catalogue, states, findings, selected, isDown],
  );
  const [shown, setShown] = useState<DrawnNode[]>([...wanted]);
  useEffect(() => setShown((before) => keepDragged(before, wanted)), [wanted]);
  return [shown, setShown] as const;
}

/** The graph as a drawing: nodes are dragged, connected and opened. The list can do the same. */
export function Canvas() {
  const { editor, nodes, edges: known, findings, selected, select, isReadOnly } = useWork();
  const [isDown] = useState(() => !matchMedia('(min-width: 900px)').matches);
  const [shown, setShown] = useNodes(isDown);
  const edges = useMemo(() => [...drawEdges({ edges: known, findings })], [known, findings]);
  const { isMeant, takeOut, ...drawing } = useDrawing(
    edges,
    new Map(shown.map(({ id, position }) => [id, position])),
  );
  const [flow, setFlow] = useState<ReactFlowInstance<DrawnNode> | null>(null);
  const isNarrowed = selected !== null;
  useEffect(() => {
    // The panel takes its room first.
    const timer = setTimeout(() => void flow?.fitView(FIT), 60);
    return () => clearTimeout(timer);
  }, [flow, isNarrowed]);
  const isPlaced = nodes.some(({ position }) => position !== undefined);
  return (
    <div class="canvas" role="group" aria-label="Drawing of the workflow">
      <ReactFlow<DrawnNode>
        {...drawing}
        nodes={shown}
        edges={edges}
        nodeTypes={NODE_TYPES}
        fitView
        fitViewOptions={FIT}
        onInit={setFlow}
        minZoom={0.2}
        maxZoom={2}
        nodesDraggable={!isReadOnly}
        nodesConnectable={!isReadOnly}
        deleteKeyCode={isReadOnly ? null : ['Delete', 'Backspace']}
        isValidConnection={isMeant}
        onNodesChange={(changes: NodeChange<DrawnNode>[]) => {
          setShown((before) => applyNodeChanges(changes, before));
          for (const change of changes) if (change.type === 'remove') takeOut(change.id);
        }}
        onNodeClick={(_, node) => select(node.id)}
        onEdgeClick={(_, edge) => select(edge.target)}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
        <Controls showInteractive={false} />
        {nodes.length >= MANY && <MiniMap pannable zoomable />}
      </ReactFlow>
      {!isReadOnly && isPlaced && (
        <button type="button" class="arrange" onClick={() => editor.edit(withoutPlaces)}>
          Arrange by itself
        </button>
      )}
    </div>
  );
}
