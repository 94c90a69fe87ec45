import { createHash } from 'node:crypto';
import { asFields, asList, asString, asText, own } from '../../../reconciler/index.ts';

/*
 * The graph of a workflow in the words of the platform and in those of its file. Editors put state of their own into nodes: it is accepted, and
 * never written.
 */

type Fields = Readonly<Record<string, unknown>>;

export interface PlatformNode {
  readonly id: string;
  readonly type: string;
  readonly position: { readonly x: number; readonly y: number };
  readonly data: Fields;
}

export interface PlatformEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly sourceHandle?: string;
  readonly targetHandle?: string;
  readonly type?: string;
}

/** Members of `data` that editors keep for themselves, beside those that begin with `_`. */
const EDITORS_OWN = new Set([
  'id',
  'hasValidationError',
  'parameters',
  'width',
  'height',
  'selected',
  'dragging',
  'positionAbsolute',
]);

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const DEFAULT_PORT = 8080;

/** A node as its file has it. A blank member counts as none. */
export function toFileNode(value: unknown): Fields {
  const node = asFields(value) ?? {};
  const position = asFields(node['position']);
  const { x, y } = position ?? {};
  const place = typeof x === 'number' && typeof y === 'number' ? { position: { x, y } } : {};
  const { id, type } = node;
  const written = toFileData(asFields(node['data']) ?? {});
  const data = type === 'service' ? toFilePorts(written) : written;
  const { templateId, ...rest } = data;
  // The one that every node of the type has.
  const isUsual = templateId === `core/${asString(type)}` || templateId === type;
  return { id, type, ...place, data: isUsual ? rest : data };
}

/** Pages show one port of a service, and change it: of a service with several, it is the first. */
function toFilePorts(data: Fields): Fields {
  const [first, ...others] = asList(data['ports']) ?? [];
  const fields = asFields(first);
  const { port, ...rest } = data;
  if (fields === undefined || port === undefined) return data;
  return { ...rest, ports: [{ ...fields, port }, ...others] };
}

function toFileData(data: Fields): Fields {
  const entries = Object.entries(data)
    .filter(([key, value]) => !isEditorsOwn(key) && value !== '' && value !== null && value !== undefined)
    .map(([key, value]): [string, unknown] => [key, toFileMember(key, value, data)]);
  return Object.fromEntries(entries);
}

function isEditorsOwn(key: string): boolean {
  return key.startsWith('_') || EDITORS_OWN.has(key);
}

function toFileMember(key: string, value: unknown, data: Fields): unknown {
  const items = asList(value);
  if (PROBES.some((probe) => probe === key)) return toFileProbe(value, data);
  if (items === undefined) return key === 'data' ? withoutBegun(value) : value;
  if (key === 'envKeys')
    return items.map((item) => asFields(item)?.['name'] ?? item).filter((name) => name !== '');
  if (key === 'keys')
    return items.filter((item) => asFields(item)?.['name'] !== '').map((item) => pick(item, ['name']));
  if (key === 'volumeMounts') return items.map(toFileMount);
  if (key === 'paths') return items.map(withoutBlank);
  return value;
}

/** Content without the rows that an editor has only begun. */
function withoutBegun(value: unknown): unknown {
  const fields = asFields(value);
  if (fields === undefined) return value;
  return Object.fromEntries(Object.entries(fields).filter(([key]) => !key.startsWith('_new_')));
}

function pick(item: unknown, names: readonly string[]): unknown {
  const fields = asFields(item);
  if (fields === undefined) return item;
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(fields, name) ? [[name, own(fields, name)]] : [])),
  );
}

function withoutBlank(item: unknown): unknown {
  const fields = asFields(item);
  if (fields === undefined) return item;
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => !key.startsWith('_') && value !== '' && value !== null),
  );
}

function toFileMount(item: unknown): unknown {
  const fields = asFields(item);
  if (fields === undefined) return item;
  const { nodeId: _node, type, ...rest } = fields;
  const kind = type === 'configMap' ? 'configmap' : type;
  return withoutBlank({ ...rest, ...(kind === undefined ? {} : { type: kind }) });
}

/** The platform asks a path on the port of the container; the file has Kubernetes' words. */
function toFileProbe(value: unknown, data: Fields): unknown {
  const fields = asFields(value);
  const path = asString(fields?.['path']);
  if (fields === undefined || path === undefined) return value;
  const { path: _path, ...rest } = fields;
  return { httpGet: { path, port: data['port'] ?? DEFAULT_PORT }, ...rest };
}

/** An edge as its file has it. */
export function toFileEdge(value: unknown): Fields {
  const edge = asFields(value) ?? {};
  const members = ['id', 'source', 'target', 'sourceHandle', 'targetHandle', 'type'];
  const written = members.flatMap((name) => {
    const member = own(edge, name);
    return typeof member === 'string' && member !== '' ? [[name, member] as const] : [];
  });
  const fields = Object.fromEntries(written);
  if (fields['id'] !== edgeId(fields)) return fields;
  const { id: _id, ...rest } = fields;
  return rest;
}

/** The id that an edge without one is shown with: the same as long as it leads from and to the same. */
function edgeId({ source, target, sourceHandle, targetHandle }: Fields): string {
  const key = [source, target, sourceHandle ?? '', targetHandle ?? ''].map(asText).join('\0');
  return `edge-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
}

/** Nodes and edges as the platform shows them. Nodes without a place are put side by side. */
export function toPlatformGraph(document: Fields): {
  readonly nodes: readonly PlatformNode[];
  readonly edges: readonly PlatformEdge[];
} {
  const nodes = (asList(document['nodes']) ?? []).flatMap((node): readonly Fields[] => {
    const fields = asFields(node);
    return fields === undefined ? [] : [fields];
  });
  return {
    nodes: nodes.map((node, index) => toPlatformNode(node, index, nodes)),
    edges: (asList(document['edges']) ?? []).flatMap((edge) => toPlatformEdge(asFields(edge) ?? {})),
  };
}

function toPlatformNode(node: Fields, index: number, all: readonly Fields[]): PlatformNode {
  const position = asFields(node['position']) ?? {};
  const { x = 100 + 300 * (index % 4), y = 100 + 200 * Math.floor(index / 4) } = position;
  const id = asString(node['id']) ?? '';
  const type = asString(node['type']) ?? '';
  const data = asFields(node['data']) ?? {};
  const shown = Object.entries(data).map(([key, value]) => [key, toPlatformMember(key, value, all)]);
  const first = type === 'service' ? asFields(asList(data['ports'])?.[0])?.['port'] : undefined;
  return {
    id,
    type,
    position: { x: Number(x), y: Number(y) },
    data: {
      id,
      templateId: `core/${type}`,
      ...Object.fromEntries(shown),
      ...(first === undefined ? {} : { port: first }),
    },
  };
}

function toPlatformMember(key: string, value: unknown, all: readonly Fields[]): unknown {
  if (PROBES.some((probe) => probe === key)) return toPlatformProbe(value);
  const items = asList(value);
  if (items === undefined) return value;
  if (key === 'envKeys') return items.map((name) => ({ id: name, name }));
  if (key === 'keys') return items.map((item) => ({ id: asFields(item)?.['name'], ...asFields(item) }));
  if (key === 'volumeMounts') return items.map((item) => toPlatformMount(asFields(item) ?? {}, all));
  return value;
}

const TYPE_OF_MOUNT: Readonly<Record<string, string>> = {
  configmap: 'configmap',
  secret: 'secret',
  persistentVolumeClaim: 'persistentvolumeclaim',
};

function toPlatformMount(mount: Fields, all: readonly Fields[]): Fields {
  const type = asString(mount['type']) ?? '';
  const node = all.find(
    (one) => one['type'] === own(TYPE_OF_MOUNT, type) && asFields(one['data'])?.['name'] === mount['name'],
  );
  return {
    ...mount,
    type: type === 'configmap' ? 'configMap' : type,
    ...(node === undefined ? {} : { nodeId: node['id'] }),
  };
}

function toPlatformProbe(value: unknown): unknown {
  const { httpGet, ...rest } = asFields(value) ?? {};
  const { path, port: _port, ...more } = asFields(httpGet) ?? {};
  return typeof path === 'string' && Object.keys(more).length === 0 ? { path, ...rest } : value;
}

function toPlatformEdge(edge: Fields): readonly PlatformEdge[] {
  const { source, target } = edge;
  if (typeof source !== 'string' || typeof target !== 'string') return [];
  const { id, ...rest } = toFileEdge(edge);
  return [{ ...rest, source, target, id: asString(id) ?? edgeId(rest) }];
}

/** Nodes with the ids that an editor has just sent for their keys and variables: it keeps values by them that it has not given yet. */
export function keepSentIds<T extends { readonly nodes: readonly PlatformNode[] }>(
  graph: T,
  sent: readonly object[] = [],
): T {
  const given = new Map(
    sent.map((node) => [asFields(node)?.['id'], asFields(asFields(node)?.['data']) ?? {}]),
  );
  const nodes = graph.nodes.map((node) => {
    const data = given.get(node.id);
    if (data === undefined) return node;
    const kept = ['keys', 'envKeys'].flatMap((key) => {
      const shown = asList(own(node.data, key));
      return shown === undefined
        ? []
        : [[key, shown.map((item) => withSentId(item, asList(own(data, key)) ?? []))] as const];
    });
    return kept.length === 0 ? node : { ...node, data: { ...node.data, ...Object.fromEntries(kept) } };
  });
  return { ...graph, nodes };
}

function withSentId(item: unknown, sent: readonly unknown[]): unknown {
  const shown = asFields(item) ?? {};
  const same = sent.map((one) => asFields(one)).find((one) => one?.['name'] === shown['name']);
  return typeof same?.['id'] === 'string' ? { ...shown, id: same['id'] } : item;
}
