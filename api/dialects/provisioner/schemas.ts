import type { JsonSchema } from '../../http/shape.ts';

const TEXT = { type: 'string' };
const INTEGER = { type: 'integer' };
const COUNT = { type: 'integer', minimum: 0 };
const TIME = { type: 'string', format: 'date-time', description: 'RFC 3339, UTC.' };

function record(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, required };
}

const PORTS = {
  type: 'array',
  items: record({ container_port: INTEGER, protocol: { enum: ['TCP', 'UDP'] }, node_port: INTEGER }),
};
const STATUS = {
  enum: ['creating', 'running', 'stopped', 'failed', 'node_deleted'],
  description:
    'creating: not all of it runs yet. stopped: it ended by itself. failed: it did not start, or ended badly. node_deleted: where it ran is not there any more.',
};
const PUBLIC_IP = { type: ['string', 'null'], description: 'null where it is not known.' };

/** Members that are there when they are asked for. */
const OWN = {
  message: {
    type: ['string', 'null'],
    description:
      'With extended=1: why it is being created still, or has failed; null when there is nothing to say.',
  },
  urls: {
    type: 'array',
    items: TEXT,
    description:
      'With extended=1: where its ports answer, such as tcp://203.0.113.7:31001; none while the address is not known.',
  },
};

export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Error: record({ error: TEXT }),
  Stack: record(
    {
      stack_id: TEXT,
      pod_id: TEXT,
      namespace: TEXT,
      node_id: TEXT,
      node_public_ip: PUBLIC_IP,
      pod_spec: { type: 'string', description: 'The Pod as it runs, as YAML.' },
      ports: PORTS,
      service_name: TEXT,
      status: STATUS,
      ttl_expires_at: TIME,
      created_at: TIME,
      updated_at: TIME,
      requested_cpu_milli: COUNT,
      requested_memory_bytes: COUNT,
      ...OWN,
    },
    Object.keys(OWN),
  ),
  StackStatus: record(
    {
      stack_id: TEXT,
      status: STATUS,
      ttl: TIME,
      ports: PORTS,
      node_public_ip: PUBLIC_IP,
      ...OWN,
    },
    Object.keys(OWN),
  ),
  Stats: record({
    total_stacks: COUNT,
    active_stacks: COUNT,
    node_distribution: { type: 'object', additionalProperties: COUNT },
    used_node_ports: COUNT,
    reserved_cpu_milli: COUNT,
    reserved_memory_bytes: COUNT,
  }),
  BatchDeleteJob: record(
    {
      job_id: TEXT,
      status: { enum: ['queued', 'running', 'completed', 'failed'] },
      total: COUNT,
      deleted: COUNT,
      not_found: COUNT,
      failed: COUNT,
      errors: { type: 'array', maxItems: 100, items: record({ stack_id: TEXT, error: TEXT }) },
      created_at: TIME,
      updated_at: TIME,
    },
    ['errors'],
  ),
  Pagination: record({ page: INTEGER, per_page: INTEGER, total: COUNT, total_pages: INTEGER }),
};

export const ANSWERS = {
  health: record({ status: { const: 'ok' } }),
  stacks: record({ stacks: { type: 'array', items: refer('Stack') }, pagination: refer('Pagination') }, [
    'pagination',
  ]),
  logs: record({
    stack_id: TEXT,
    logs: { type: 'string', description: 'The same as text.' },
    lines: { type: 'array', items: record({ container: TEXT, time: TIME, text: TEXT }) },
  }),
  deleted: record({ deleted: { const: true }, stack_id: TEXT }),
  job: record({ job_id: TEXT }),
};

export function refer(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

export function answers(description: string, schema: JsonSchema) {
  return { description, content: { 'application/json': schema } };
}

/** An answer that is an error of this dialect. */
export function fails(description: string) {
  return answers(description, refer('Error'));
}
