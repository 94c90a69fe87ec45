import type { JsonSchema } from '../../http/shape.ts';

export const TEXT = { type: 'string' };
export const TIME = { type: 'string', format: 'date-time' };
export const ID = { type: 'string', pattern: '^[0-9a-f]{24}$' };
export const ANYTHING = { type: 'object', additionalProperties: true };

export const STATUS = { enum: ['draft', 'published', 'archived'] } as const;

/** A graph as editors send it; `graph.ts` says what of it is written. */
export const GRAPH = {
  nodes: {
    type: 'array',
    maxItems: 5_000,
    items: {
      type: 'object',
      properties: {
        id: { type: 'string', minLength: 1, maxLength: 200 },
        type: { type: 'string', minLength: 1, maxLength: 100 },
        data: { type: 'object' },
      },
      required: ['id', 'type', 'data'],
    },
  },
  edges: {
    type: 'array',
    maxItems: 20_000,
    items: {
      type: 'object',
      properties: { source: { type: 'string' }, target: { type: 'string' } },
      required: ['source', 'target'],
    },
  },
};

/** An object whose members are all there. */
export function record(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** Schema of the named object with members more. */
export function withMembers(
  name: 'Cluster' | 'Error' | 'Workflow',
  members: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(members),
): JsonSchema {
  const base = SCHEMAS[name];
  return {
    type: 'object',
    properties: { ...base.properties, ...members },
    required: [...base.required, ...required],
  };
}

export function refer(name: keyof typeof SCHEMAS): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** A node as it is shown. */
const NODE = record({
  id: TEXT,
  type: TEXT,
  position: record({ x: { type: 'number' }, y: { type: 'number' } }),
  data: { ...ANYTHING, description: 'What its type has, and its state as _status where that is known.' },
});

/** An edge as it is shown. */
const EDGE = {
  type: 'object',
  properties: { id: TEXT, source: TEXT, target: TEXT, sourceHandle: TEXT, targetHandle: TEXT, type: TEXT },
  required: ['id', 'source', 'target'],
};

/** A node that one of two versions has otherwise, or alone; the data of the side that it is on. */
const NODE_DIFFERENCE = {
  type: 'object',
  properties: { node_id: TEXT, type: TEXT, old_data: ANYTHING, new_data: ANYTHING },
  required: ['node_id', 'type'],
};

/** Members of a workflow, but for its graph. */
const WORKFLOW = {
  id: ID,
  etag: { ...TEXT, description: 'Another one after each change to its file; for the header If-Match.' },
  name: TEXT,
  description: TEXT,
  cluster_id: { ...TEXT, description: 'Name of the cluster; blank: the default one.' },
  status: STATUS,
  tags: listOf(TEXT),
  created_at: TIME,
  updated_at: TIME,
  run_count: { type: 'integer' },
  success_count: { type: 'integer' },
  failure_count: { type: 'integer' },
  last_run_at: TIME,
};

const WORKFLOW_REQUIRED = [
  'id',
  'name',
  'description',
  'cluster_id',
  'status',
  'tags',
  'created_at',
  'updated_at',
] as const;

/** Named schemas of the dialect. */
export const SCHEMAS = {
  Error: {
    type: 'object',
    properties: {
      error: TEXT,
      details: {
        anyOf: [TEXT, listOf(ANYTHING)],
        description: 'What is wrong where, when it is more than one thing.',
      },
      message: { ...TEXT, description: 'The same text, where a login is refused.' },
    },
    required: ['error'],
  },
  User: {
    type: 'object',
    properties: {
      id: ID,
      email: TEXT,
      name: TEXT,
      role: { enum: ['admin', 'user', 'viewer'], description: 'user: deployer in the other dialects.' },
      avatarUrl: TEXT,
      createdAt: TIME,
      authProvider: { ...TEXT, description: 'Name of the provider; empty: the user has a password.' },
    },
    required: ['id', 'email', 'name', 'role', 'avatarUrl', 'createdAt'],
  },
  Workflow: {
    type: 'object',
    properties: {
      ...WORKFLOW,
      nodes: listOf(NODE),
      edges: listOf(EDGE),
      versions: { ...listOf(ANYTHING), description: 'Always empty: see the versions of the workflow.' },
    },
    required: [...WORKFLOW_REQUIRED, 'nodes', 'edges'],
  },
  RecentWorkflow: {
    type: 'object',
    properties: {
      ...WORKFLOW,
      current_version: { type: 'integer', description: 'Its newest version; 1 while it has none.' },
      nodes: { type: 'null' },
      edges: { type: 'null' },
      versions: { type: 'null' },
    },
    required: [...WORKFLOW_REQUIRED],
  },
  Figure: record({
    value: TEXT,
    change: { type: 'number', description: 'Percent against a month ago; 0 where that is not known.' },
    trend: { enum: ['up', 'down', 'neutral'] },
  }),
  Version: {
    type: 'object',
    properties: {
      id: ID,
      workflow_id: ID,
      version: { type: 'integer' },
      nodes: listOf(NODE),
      edges: listOf(EDGE),
      name: TEXT,
      tag: TEXT,
      description: TEXT,
      created_at: TIME,
      created_by: TEXT,
      is_automatic: { type: 'boolean' },
      restored_from: { type: 'integer' },
      run_id: TEXT,
      run_status: { enum: ['running', 'completed', 'failed', 'cancelled'] },
    },
    required: [
      'id',
      'workflow_id',
      'version',
      'nodes',
      'edges',
      'description',
      'created_at',
      'created_by',
      'is_automatic',
    ],
  },
  Run: {
    type: 'object',
    properties: {
      id: TEXT,
      workflow_id: ID,
      version: { type: 'integer', description: '0: it runs what no version marks.' },
      status: { enum: ['running', 'completed', 'failed', 'cancelled'] },
      started_at: TIME,
      completed_at: TIME,
      duration: { type: 'integer', description: 'Milliseconds.' },
      node_states: { ...ANYTHING, description: 'By the id of the node.' },
      output: { ...ANYTHING, description: 'What was applied, by the id of the node.' },
      logs: listOf(TEXT),
      error: TEXT,
      triggered_by: { ...TEXT, description: 'manual: over the API.' },
      trigger_data: ANYTHING,
    },
    required: [
      'id',
      'workflow_id',
      'version',
      'status',
      'started_at',
      'node_states',
      'output',
      'logs',
      'triggered_by',
    ],
  },
  VersionDifference: record({
    from_version: { type: 'integer' },
    to_version: { type: 'integer' },
    added_nodes: listOf(NODE_DIFFERENCE),
    removed_nodes: listOf(NODE_DIFFERENCE),
    modified_nodes: listOf(NODE_DIFFERENCE),
    added_edges: listOf(record({ edge_id: TEXT, source: TEXT, target: TEXT })),
    removed_edges: listOf(record({ edge_id: TEXT, source: TEXT, target: TEXT })),
  }),
  Template: {
    type: 'object',
    properties: {
      id: TEXT,
      name: TEXT,
      displayName: TEXT,
      category: TEXT,
      description: TEXT,
      icon: TEXT,
      version: TEXT,
      tags: listOf(TEXT),
      usageFrequency: TEXT,
      difficulty: TEXT,
      dependencies: listOf(TEXT),
      parameters: listOf(ANYTHING),
      isPlugin: { type: 'boolean' },
      pluginId: TEXT,
    },
    required: ['id', 'name', 'displayName', 'category', 'icon', 'version', 'tags', 'parameters'],
  },
  Cluster: {
    type: 'object',
    properties: {
      id: ID,
      name: TEXT,
      displayName: TEXT,
      description: TEXT,
      server: TEXT,
      authType: TEXT,
      status: { enum: ['connected', 'disconnected', 'unknown', 'error'] },
      default: { type: 'boolean' },
      singleNode: { type: 'boolean' },
      labels: ANYTHING,
      version: TEXT,
      metadata: { $ref: '#/components/schemas/ClusterMetadata' },
    },
    required: [
      'id',
      'name',
      'displayName',
      'description',
      'server',
      'authType',
      'status',
      'default',
      'metadata',
    ],
  },
  ClusterMetadata: record({
    version: TEXT,
    platform: { ...TEXT, description: 'System and processors, such as linux/amd64.' },
    provider: { ...TEXT, description: 'Always empty, as is the region.' },
    region: TEXT,
    nodeCount: { type: 'integer' },
    cpuCapacity: { ...TEXT, description: 'Processors.' },
    memoryCapacity: { ...TEXT, description: 'Bytes.' },
    storageClasses: listOf(TEXT),
    namespaces: listOf(TEXT),
    capabilities: { ...listOf(TEXT), description: 'Always empty.' },
    lastUpdated: TIME,
  }),
  Registry: {
    type: 'object',
    properties: {
      id: ID,
      name: TEXT,
      registryType: { enum: ['dockerhub', 'ghcr', 'ecr', 'gcr', 'acr', 'custom'] },
      registryUrl: TEXT,
      previewUrl: TEXT,
      status: { enum: ['connected', 'disconnected', 'unknown', 'error'] },
      isDefault: { type: 'boolean' },
      lastCheck: TIME,
      createdAt: TIME,
      updatedAt: TIME,
    },
    required: ['id', 'name', 'registryType', 'registryUrl', 'status', 'isDefault', 'createdAt', 'updatedAt'],
  },
  Plugin: record({
    id: TEXT,
    name: TEXT,
    displayName: TEXT,
    description: TEXT,
    category: TEXT,
    version: TEXT,
    crdGroup: TEXT,
    crdKinds: listOf(TEXT),
    nodeTypes: listOf(ANYTHING),
    enabled: { type: 'boolean' },
    enabledAt: TIME,
    createdAt: TIME,
    updatedAt: TIME,
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>;
