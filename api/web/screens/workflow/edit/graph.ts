import type {
  Catalogue,
  Fields,
  Template,
  WorkflowEdge,
  WorkflowNode,
} from '../../../client/workflow-types.ts';

/** A workflow file as a value. Members that are no part of the graph stay as they are. */
export type WorkflowDocument = Fields;

export function nodesOf(document: WorkflowDocument): readonly WorkflowNode[] {
  return listOf(document['nodes']).flatMap((item) => {
    const { id, type, data } = item;
    return typeof id === 'string' && typeof type === 'string'
      ? [{ ...item, id, type, data: asFields(data) }]
      : [];
  });
}

export function edgesOf(document: WorkflowDocument): readonly WorkflowEdge[] {
  return listOf(document['edges']).flatMap((item) =>
    typeof item['source'] === 'string' && typeof item['target'] === 'string'
      ? [item as Fields & WorkflowEdge]
      : [],
  );
}

export function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(asFields) : [];
}

/** Name of a node's object. */
export function nameOf({ id, type, data }: WorkflowNode): string {
  const object = type === 'manifest' ? asFields(asFields(data['manifest'])['metadata']) : data;
  return typeof object['name'] === 'string' && object['name'] !== '' ? object['name'] : id;
}

/** Template that a node is of; `undefined` where the catalogue has none. */
export function templateOf({ templates }: Catalogue, { type, data }: WorkflowNode): Template | undefined {
  if (type !== 'plugin') return templates.find((one) => one.type === type);
  const own = templates.filter((one) => one.plugin_id === data['pluginId']);
  return (
    own.find(({ id }) => id === `${data['pluginId'] as string}/${data['templateId'] as string}`) ?? own[0]
  );
}

/** A free id for a node: `web`, `web-2`. */
function freeId(nodes: readonly WorkflowNode[], wanted: string): string {
  const taken = new Set(nodes.map(({ id }) => id));
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) if (!taken.has(`${wanted}-${number}`)) return `${wanted}-${number}`;
}

/** A new node with what it cannot do without, as far as that can be known. */
export function newNode(nodes: readonly WorkflowNode[], template: Template): WorkflowNode {
  const [plugin, kind] = template.plugin_id === null ? [] : template.id.split('/');
  const id = freeId(nodes, kind ?? template.type);
  if (template.type === 'manifest')
    return {
      id,
      type: 'manifest',
      data: { manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: id }, data: {} } },
    };
  const ofPlugin = plugin === undefined ? {} : { pluginId: plugin, templateId: kind };
  return { id, type: template.type, data: { name: id, ...ofPlugin } };
}

/** Takes a node out, with its edges. */
export function withoutNode(document: WorkflowDocument, id: string): WorkflowDocument {
  return {
    ...document,
    nodes: nodesOf(document).filter((node) => node.id !== id),
    edges: edgesOf(document).filter(({ source, target }) => source !== id && target !== id),
  };
}

export function withNode(document: WorkflowDocument, node: WorkflowNode): WorkflowDocument {
  return { ...document, nodes: [...nodesOf(document), node] };
}

export function changeNode(
  document: WorkflowDocument,
  id: string,
  change: (node: WorkflowNode) => WorkflowNode,
): WorkflowDocument {
  return { ...document, nodes: nodesOf(document).map((node) => (node.id === id ? change(node) : node)) };
}

export function renameNode(document: WorkflowDocument, id: string, next: string): WorkflowDocument {
  const swap = (one: string): string => (one === id ? next : one);
  return {
    ...changeNode(document, id, (node) => ({ ...node, id: next })),
    edges: edgesOf(document).map((edge) => ({
      ...edge,
      source: swap(edge.source),
      target: swap(edge.target),
    })),
  };
}

export function connect(document: WorkflowDocument, source: string, target: string): WorkflowDocument {
  const edges = edgesOf(document);
  if (edges.some((edge) => edge.source === source && edge.target === target)) return document;
  return { ...document, edges: [...edges, { source, target }] };
}

export function disconnect(document: WorkflowDocument, index: number): WorkflowDocument {
  return { ...document, edges: edgesOf(document).filter((_, at) => at !== index) };
}

/** Writes down where every node is drawn: a drawing that was arranged by hand stays as it is. */
export function placeAll(
  document: WorkflowDocument,
  places: ReadonlyMap<string, { readonly x: number; readonly y: number }>,
): WorkflowDocument {
  const nodes = nodesOf(document).map((node) => {
    const place = places.get(node.id);
    return place === undefined
      ? node
      : { ...node, position: { x: Math.round(place.x), y: Math.round(place.y) } };
  });
  return { ...document, nodes };
}

/** Takes away where nodes are drawn. */
export function withoutPlaces(document: WorkflowDocument): WorkflowDocument {
  const nodes = nodesOf(document).map(({ position: _position, ...node }) => node);
  return { ...document, nodes };
}

/** Meaning that an edge between two types would have; `null`: none. */
export function meaningOf(
  { links, workloads, open }: Catalogue,
  from: WorkflowNode,
  to: WorkflowNode,
): string | null {
  if (from.id === to.id) return null;
  const link = links.find(
    ({ provider, dependent }) =>
      (provider.includes(from.type) && dependent.includes(to.type)) ||
      (provider.includes(to.type) && dependent.includes(from.type)),
  );
  if (link !== undefined) return link.kind;
  if (open.includes(from.type) || open.includes(to.type)) return 'order';
  return workloads.includes(from.type) && workloads.includes(to.type) ? 'order' : null;
}

/** Puts own changes on top of what somebody else has saved meanwhile: of each node and key, the own change counts. */
export function rebase(
  base: WorkflowDocument,
  own: WorkflowDocument,
  theirs: WorkflowDocument,
): WorkflowDocument {
  const keys = new Set([...Object.keys(theirs), ...Object.keys(own)]);
  const merged = [...keys].flatMap((key): readonly (readonly [string, unknown])[] => {
    if (key === 'nodes' || key === 'edges') {
      const idOf = key === 'nodes' ? (item: Fields) => JSON.stringify(item['id']) : edgeKey;
      return [[key, rebaseList(idOf, listOf(base[key]), listOf(own[key]), listOf(theirs[key]))]];
    }
    const value = isSame(base[key], own[key]) ? theirs[key] : own[key];
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(merged);
}

function edgeKey({ source, target, sourceHandle, targetHandle }: Fields): string {
  return JSON.stringify([source, target, sourceHandle, targetHandle]);
}

function rebaseList(
  idOf: (item: Fields) => string,
  base: readonly Fields[],
  own: readonly Fields[],
  theirs: readonly Fields[],
): readonly Fields[] {
  const before = new Map(base.map((item) => [idOf(item), item]));
  const mine = new Map(own.map((item) => [idOf(item), item]));
  const kept = theirs.flatMap((item) => {
    const id = idOf(item);
    const changed = mine.get(id);
    if (changed === undefined) return before.has(id) ? [] : [item];
    return [isSame(changed, before.get(id)) ? item : changed];
  });
  const there = new Set(theirs.map(idOf));
  const added = own.filter((item) => !there.has(idOf(item)) && !isSame(item, before.get(idOf(item))));
  return [...kept, ...added];
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
