import type { ClusterView, ObjectView, Reconciler } from '../../../reconciler/index.ts';
import type { ObjectFilter, SilentNode } from '../../operations/objects.ts';
import { listObjects, silentNodes } from '../../operations/objects.ts';
import type { RemoteClient } from '../remote/client.ts';
import { fieldsOf, listAt, textAt, textOrNull } from '../remote/decode.ts';
import { readPages } from '../remote/pages.ts';

export type ResourceFilter = Pick<ObjectFilter, 'node' | 'stack' | 'kind'>;

/** A row of the inventory. */
export type ResourceView = Pick<
  ObjectView,
  'id' | 'node' | 'kind' | 'namespace' | 'name' | 'stack' | 'message' | 'createdAt'
> & { readonly status: string };

export interface ClusterRow extends Pick<
  ClusterView,
  'name' | 'displayName' | 'server' | 'isDefault' | 'message' | 'lastCheck'
> {
  readonly status: string;
  readonly version: string | null;
  readonly nodes: number | null;
}

export interface ResourceList {
  /** Resources by node, kind, namespace and name. */
  readonly resources: readonly ResourceView[];
  /** Nodes that tell nothing at the moment. */
  readonly silent: readonly SilentNode[];
}

/** Objects on nodes and clusters, and the clusters themselves. */
export interface InventorySession {
  listResources(filter: ResourceFilter, signal: AbortSignal): Promise<ResourceList>;
  listClusters(signal: AbortSignal): Promise<readonly ClusterRow[]>;
  /** Throws UNKNOWN_CLUSTER, and what a cluster that does not answer throws. */
  testCluster(name: string, signal: AbortSignal): Promise<ClusterRow>;
}

export interface LocalInventoryOptions {
  readonly reconciler: Reconciler;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

export function createLocalInventory({ reconciler, readOnce }: LocalInventoryOptions): InventorySession {
  return {
    async listResources(filter, signal) {
      await readOnce(signal);
      const objects = await listObjects({ reconciler }, filter, signal);
      return { resources: objects.map(toResourceRow), silent: silentNodes({ reconciler }) };
    },
    async listClusters(signal) {
      await readOnce(signal);
      return reconciler.listClusters().map(toRow);
    },
    async testCluster(name, signal) {
      await readOnce(signal);
      return toRow(await reconciler.testCluster(name, signal));
    },
  };
}

function toResourceRow(view: ObjectView): ResourceView {
  const { id, node, kind, namespace, name, stack, status, message, createdAt } = view;
  return { id, node, kind, namespace, name, stack, status, message, createdAt };
}

function toRow({ facts, ...view }: ClusterView): ClusterRow {
  const { name, displayName, server, isDefault, message, lastCheck, status } = view;
  const version = facts?.engineVersion ?? null;
  const nodes = facts?.cluster?.nodes.length ?? null;
  return { name, displayName, server, isDefault, message, lastCheck, status, version, nodes };
}

export function createRemoteInventory(client: RemoteClient): InventorySession {
  return {
    async listResources(filter, signal) {
      const request = { decode: readResource, query: { ...filter }, signal };
      const { items: resources, last } = await readPages(client, '/resources', 'resources', request);
      return { resources, silent: listAt(last, 'silent', readSilent) };
    },
    async listClusters(signal) {
      return listAt(fieldsOf(await client.get('/clusters', { signal }), 'clusters'), 'clusters', readCluster);
    },
    async testCluster(name, signal) {
      return readCluster(await client.post(`/clusters/${encodeURIComponent(name)}/test`, { signal }));
    },
  };
}

function readSilent(value: unknown): SilentNode {
  const fields = fieldsOf(value, 'node');
  return { node: textAt(fields, 'node'), message: textAt(fields, 'message') };
}

function readResource(value: unknown): ResourceView {
  const fields = fieldsOf(value, 'resource');
  return {
    id: textAt(fields, 'id'),
    node: textAt(fields, 'node'),
    kind: textAt(fields, 'kind'),
    namespace: textOrNull(fields, 'namespace'),
    name: textAt(fields, 'name'),
    stack: textOrNull(fields, 'stack'),
    status: textAt(fields, 'status'),
    message: textOrNull(fields, 'message'),
    createdAt: textOrNull(fields, 'created_at'),
  };
}

function readCluster(value: unknown): ClusterRow {
  const fields = fieldsOf(value, 'cluster');
  const { nodes } = fields;
  return {
    name: textAt(fields, 'name'),
    displayName: textAt(fields, 'display_name'),
    server: textAt(fields, 'server'),
    isDefault: fields['default'] === true,
    status: textAt(fields, 'status'),
    message: textOrNull(fields, 'message'),
    lastCheck: textOrNull(fields, 'last_check'),
    version: textOrNull(fields, 'version'),
    nodes: typeof nodes === 'number' ? nodes : null,
  };
}
