import type { JsonSchema } from '../../http/shape.ts';

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const INTEGER_OR_NULL = { type: ['integer', 'null'] };
const INTEGER = { type: 'integer' };
const TIME = { type: 'string', format: 'date-time' };

/** An object whose members are all there, but for those that are `optional`. */
export function record(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return { type: 'object', properties: { ...properties, ...optional }, required: Object.keys(properties) };
}

function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

const SERVICE = record({
  name: TEXT,
  node: TEXT,
  image: TEXT,
  status: TEXT,
  ports: listOf(TEXT),
  message: TEXT_OR_NULL,
});

/** The schemas of what stands in `data`. */
export const DATA = {
  info: record({
    name: TEXT,
    version: TEXT,
    endpoints: record({ health: TEXT, stacks: TEXT, database: TEXT, tags: TEXT }),
    documentation: TEXT,
  }),
  health: record({
    version: TEXT,
    server: TEXT,
    uptime: TEXT,
    uptime_seconds: INTEGER,
    kombinator: record({
      version: TEXT,
      status: { enum: ['healthy', 'degraded'] },
      checks: { type: 'object', additionalProperties: TEXT },
    }),
  }),
  stacks: listOf(
    record(
      {
        name: TEXT,
        description: TEXT,
        path: TEXT,
        url: TEXT,
        status: { enum: ['running', 'partial', 'stopped'] },
      },
      { state: TEXT, running: INTEGER, total: INTEGER },
    ),
  ),
  stack: record({
    stack: TEXT,
    output: TEXT,
    state: TEXT,
    message: TEXT_OR_NULL,
    services: listOf(SERVICE),
  }),
  control: record({
    stack: TEXT,
    action: { enum: ['start', 'stop', 'restart'] },
    output: TEXT,
    state: TEXT,
    job_id: TEXT,
  }),
  logs: record({
    stack: TEXT,
    logs: TEXT,
    lines: INTEGER,
    entries: listOf(record({ service: TEXT, stream: TEXT, time: TEXT, text: TEXT })),
    failures: { type: 'object', additionalProperties: TEXT },
  }),
  dbStatus: record({
    output: TEXT,
    databases: listOf(
      record({
        stack: TEXT,
        service: TEXT,
        kind: { enum: ['postgres', 'mysql', 'mongodb', 'redis'] },
        image: TEXT,
        node: TEXT,
        status: TEXT,
        connections: INTEGER_OR_NULL,
        error: TEXT_OR_NULL,
        databases: listOf(record({ name: TEXT, size_bytes: INTEGER_OR_NULL, connections: INTEGER_OR_NULL })),
      }),
    ),
  }),
  dbList: record({
    backups: TEXT,
    files: listOf(
      record({
        stack: TEXT,
        service: TEXT,
        file: TEXT,
        location: TEXT,
        sha256: TEXT,
        time: TIME,
        size_bytes: INTEGER,
        before_restore: { type: 'boolean' },
      }),
    ),
    failures: listOf(record({ stack: TEXT, service: TEXT, message: TEXT })),
  }),
  tags: record({
    tags: TEXT,
    items: listOf(
      record({
        name: TEXT,
        scheme: { enum: ['deployment', 'release'] },
        subject: TEXT,
        version: TEXT,
        environment: TEXT_OR_NULL,
        commit: TEXT,
        time: TIME,
        message: TEXT,
      }),
    ),
  }),
} as const;

export const SCHEMAS = {
  Error: {
    type: 'object',
    properties: {
      status: { const: 'error' },
      message: TEXT,
      code: INTEGER,
      timestamp: TIME,
      reason: TEXT,
      details: listOf({ type: 'object' }),
    },
    required: ['status', 'message', 'code', 'timestamp'],
  },
} as const;

/** The one good answer that a route has. */
export function succeeds(description: string, data: JsonSchema) {
  const schema = record({ status: { const: 'success' }, message: TEXT, data, timestamp: TIME });
  return { description, content: { 'application/json': schema } };
}

export function fails(description: string) {
  return { description, content: { 'application/json': { $ref: '#/components/schemas/Error' } } };
}
