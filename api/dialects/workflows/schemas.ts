import type { JsonSchema } from '../../http/shape.ts';

export const TEXT = { type: 'string' };
export const TIME = { type: 'string', format: 'date-time' };
export const ID = { type: 'string', pattern: '^[0-9a-f]{24}$' };
export const ANYTHING = { type: 'object', additionalProperties: true };

/** An object whose members are all there. */
export function record(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function refer(name: keyof typeof SCHEMAS): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

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
    },
    required: ['error'],
  },
  Workflow: record({
    id: ID,
    name: TEXT,
    description: TEXT,
    cluster_id: { ...TEXT, description: 'Name of the cluster.' },
    status: { enum: ['draft', 'published', 'archived'] },
    tags: listOf(TEXT),
    nodes: listOf(ANYTHING),
    edges: listOf(ANYTHING),
    created_at: TIME,
    updated_at: TIME,
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>;
