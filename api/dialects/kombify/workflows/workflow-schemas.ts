import type { JsonSchema } from '../../../http/shape.ts';
import { DIAGNOSTIC, listOf, record, refer } from '../schemas.ts';

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const TEXTS = listOf(TEXT);
const INTEGER = { type: 'integer' };
const LINK = { enum: ['service', 'ingress', 'hpa', 'mount', 'networkpolicy', 'certificate'] };

export const WORKFLOW_LIST: JsonSchema = record({
  workflows: listOf(
    record({
      name: TEXT,
      title: TEXT,
      description: TEXT,
      publication: { enum: ['draft', 'published', 'archived'] },
      cluster: TEXT,
      nodes_count: INTEGER,
      stack: refer('Stack'),
    }),
  ),
  pagination: refer('Pagination'),
  counts: { type: 'object', additionalProperties: INTEGER },
});

export const CATALOGUE: JsonSchema = record({
  templates: listOf(
    record({
      id: TEXT,
      type: TEXT,
      plugin_id: TEXT_OR_NULL,
      display_name: TEXT,
      category: TEXT,
      description: TEXT,
      icon: TEXT,
      usual: { ...TEXTS, description: 'Fields that most nodes of it give.' },
      schema: { type: 'object', description: 'JSON Schema of the data of a node.' },
    }),
  ),
  definitions: { type: 'object', description: 'Schemas that others refer to as #/$defs/NAME.' },
  links: listOf(record({ kind: LINK, provider: TEXTS, dependent: TEXTS, fields: TEXTS })),
  workloads: TEXTS,
  open: TEXTS,
});

export const CHECKED: JsonSchema = record({
  diagnostics: listOf(DIAGNOSTIC),
  connections: listOf(
    record({
      index: INTEGER,
      source: TEXT,
      target: TEXT,
      link: { anyOf: [LINK, { type: 'null' }] },
      first: TEXT,
      second: TEXT,
      fills: listOf(
        record({ node: TEXT, field: TEXT, value: {}, kind: { enum: ['field', 'mount', 'variable'] } }),
      ),
    }),
  ),
});

export const VERSION: JsonSchema = record({
  number: INTEGER,
  commit: TEXT,
  name: TEXT,
  label: TEXT,
  description: TEXT,
  author: TEXT,
  time: { type: 'string', format: 'date-time' },
  automatic: { type: 'boolean' },
  job_id: TEXT_OR_NULL,
});

const NODE = record({ id: TEXT, type: TEXT, data: { type: 'object' } });
const EDGE = record({ source: TEXT, target: TEXT });

export const GRAPH_DIFFERENCE: JsonSchema = record({
  from: INTEGER,
  to: { type: ['integer', 'null'] },
  added_nodes: listOf(NODE),
  removed_nodes: listOf(NODE),
  modified_nodes: listOf(record({ before: NODE, after: NODE })),
  added_edges: listOf(EDGE),
  removed_edges: listOf(EDGE),
});
