import type { JsonSchema } from '../../http/shape.ts';
import { JOB_WORDS } from './job-view.ts';

/*
 * The answers of this dialect, as JSON Schema: documentation and tests both read them. Answers may gain members, so no schema here forbids
 * further ones.
 */

const TEXT = { type: 'string' };
const TEXT_OR_NULL = { type: ['string', 'null'] };
const NUMBER = { type: 'number' };
const INTEGER = { type: 'integer' };
const INTEGER_OR_NULL = { type: ['integer', 'null'] };
const BOOLEAN = { type: 'boolean' };
const TIME = { type: 'string', format: 'date-time' };
const TIME_OR_NULL = { type: ['string', 'null'], format: 'date-time' };
const TEXTS = { type: 'array', items: TEXT };
const ANYTHING = {};

/** An object whose members are all there, except those listed. */
export function record(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function refer(name: keyof typeof SCHEMAS): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const DETAIL = record(
  { field: TEXT, message: TEXT, code: TEXT, hint: TEXT, line: INTEGER, column: INTEGER },
  ['code', 'hint', 'line', 'column'],
);

const FINDING = record(
  { path: TEXT, message: TEXT, code: TEXT, rule: TEXT, hint: TEXT, line: INTEGER, column: INTEGER },
  ['hint', 'line', 'column'],
);

export const DIAGNOSTIC = record(
  {
    severity: { enum: ['error', 'warning'] },
    code: TEXT,
    message: TEXT,
    file: TEXT,
    line: INTEGER,
    column: INTEGER,
    path: TEXT,
    hint: TEXT,
  },
  ['file', 'line', 'column', 'path', 'hint'],
);

const SUMMARY = record({
  create: INTEGER,
  update: INTEGER,
  replace: INTEGER,
  delete: INTEGER,
  noop: INTEGER,
});

const STACK_NODE = record({
  id: TEXT,
  name: TEXT,
  status: { enum: ['online', 'offline', 'unknown'] },
  address: TEXT,
});

const STACK_SERVICE = record({
  name: TEXT,
  status: TEXT,
  node: TEXT,
  image: TEXT,
  running_image: TEXT_OR_NULL,
  ports: TEXTS,
  depends_on: TEXTS,
  resource: TEXT,
  replicas: INTEGER,
  message: TEXT_OR_NULL,
});

const DRIFT_MEMBERS: Readonly<Record<string, JsonSchema>> = {
  has_drift: BOOLEAN,
  status: { enum: ['in_sync', 'drifted', 'unknown'] },
  last_check: TIME_OR_NULL,
  changes: listOf(
    record({
      resource: TEXT,
      type: TEXT,
      action: TEXT,
      field: TEXT_OR_NULL,
      expected: ANYTHING,
      actual: ANYTHING,
    }),
  ),
};
const DRIFT = record(DRIFT_MEMBERS);

const DEPLOYMENT = record({
  number: INTEGER,
  tag: TEXT,
  revision: TEXT,
  time: TIME,
  author: TEXT_OR_NULL,
  job_id: TEXT_OR_NULL,
  summary: TEXT,
  subject: TEXT_OR_NULL,
});

const HISTORY_ENTRY = record({
  number: INTEGER_OR_NULL,
  tag: TEXT_OR_NULL,
  revision: TEXT_OR_NULL,
  time: TIME,
  author: TEXT_OR_NULL,
  job_id: TEXT_OR_NULL,
  summary: TEXT,
  result: { enum: ['deployed', 'removed', 'failed', 'cancelled', 'held'] },
  trigger: TEXT_OR_NULL,
  subject: TEXT_OR_NULL,
  duration_ms: INTEGER_OR_NULL,
  message: TEXT_OR_NULL,
});

const STACK_MEMBERS: Readonly<Record<string, JsonSchema>> = {
  id: TEXT,
  name: TEXT,
  kind: TEXT,
  file: TEXT,
  stackkit: TEXT,
  status: {
    enum: [
      'active',
      'created',
      'deploying',
      'drifted',
      'degraded',
      'failed',
      'blocked',
      'invalid',
      'stopped',
      'deleting',
      'unknown',
    ],
  },
  state: TEXT,
  message: TEXT_OR_NULL,
  nodes: listOf(STACK_NODE),
  services: listOf(STACK_SERVICE),
  nodes_count: INTEGER,
  services_count: INTEGER,
  created_at: TIME_OR_NULL,
  updated_at: TIME_OR_NULL,
  deployed_at: TIME_OR_NULL,
  revision: TEXT_OR_NULL,
  deployment: orNull(DEPLOYMENT),
  last_job: orNull(ref('Job')),
  drift: DRIFT,
  diagnostics: listOf(DIAGNOSTIC),
  next_look_at: TIME_OR_NULL,
  waits: orNull(record({ reason: TEXT, message: TEXT, until: TIME }, ['until'])),
  hold: orNull(record({ by: TEXT, reason: TEXT_OR_NULL, at: TIME })),
};

const JOB_MEMBERS: Readonly<Record<string, JsonSchema>> = {
  id: TEXT,
  job_id: TEXT,
  type: { enum: JOB_WORDS },
  status: { enum: ['queued', 'running', 'completed', 'failed', 'cancelled'] },
  stack_id: TEXT,
  worker_id: { type: 'null' },
  trigger: TEXT,
  actor: TEXT_OR_NULL,
  revision: TEXT_OR_NULL,
  plan_id: TEXT_OR_NULL,
  summary: orNull(SUMMARY),
  summary_text: TEXT_OR_NULL,
  progress: NUMBER,
  error: orNull(record({ code: TEXT, message: TEXT, retryable: BOOLEAN })),
  tag: TEXT_OR_NULL,
  created_at: TIME,
  started_at: TIME_OR_NULL,
  completed_at: TIME_OR_NULL,
  duration_ms: INTEGER_OR_NULL,
};

const STEP = record(
  {
    index: INTEGER,
    name: TEXT,
    action: TEXT_OR_NULL,
    status: TEXT,
    progress: INTEGER,
    message: TEXT_OR_NULL,
    health: TEXT_OR_NULL,
    started_at: TIME_OR_NULL,
    completed_at: TIME_OR_NULL,
    depends_on: { type: 'array', items: INTEGER },
  },
  ['depends_on'],
);

const JOB_LOG = record({ sequence: INTEGER, time: TIME, level: TEXT, step: TEXT_OR_NULL, msg: TEXT });

const FIELD = record({ path: TEXT, before: ANYTHING, after: ANYTHING, sensitive: BOOLEAN }, ['sensitive']);

const CONTENT_SIDE = orNull(record({ blob: TEXT, bytes: INTEGER_OR_NULL }));

const CONTENT = record(
  {
    target: TEXT,
    source: TEXT,
    before: CONTENT_SIDE,
    after: CONTENT_SIDE,
    lines: TEXTS,
    omitted: INTEGER,
    binary: BOOLEAN,
  },
  ['source', 'lines', 'omitted', 'binary'],
);

const CHANGE_MEMBERS: Readonly<Record<string, JsonSchema>> = {
  id: TEXT,
  action: { enum: ['create', 'update', 'replace', 'delete', 'no-op'] },
  target: TEXT,
  kind: TEXT,
  name: TEXT,
  before: { type: ['object', 'null'] },
  after: { type: ['object', 'null'] },
  fields: listOf(FIELD),
  cause: TEXT,
  origin: orNull(record({ file: TEXT, line: INTEGER, column: INTEGER })),
  dependsOn: listOf(
    record({ id: TEXT, until: { enum: ['applied', 'healthy', 'completed', 'released', 'ended'] } }),
  ),
  verify: BOOLEAN,
  contents: listOf(CONTENT),
  conflicts: listOf({ type: 'object' }),
  objectId: TEXT,
  madeBy: TEXT,
  from: TEXT,
  rollout: { type: 'object' },
};
const CHANGE_OPTIONAL = ['contents', 'conflicts', 'objectId', 'madeBy', 'from', 'rollout'];
const CHANGE = record(CHANGE_MEMBERS, CHANGE_OPTIONAL);

export const PLAN_MEMBERS: Readonly<Record<string, JsonSchema>> = {
  formatVersion: { const: 1 },
  stack: TEXT,
  mode: { enum: ['apply', 'destroy'] },
  revision: TEXT_OR_NULL,
  desired: TEXT,
  basis: { type: 'object', additionalProperties: TEXT },
  changes: listOf(CHANGE),
  summary: SUMMARY,
  confirmations: listOf(record({ code: TEXT, message: TEXT, ids: TEXTS })),
  diagnostics: listOf(DIAGNOSTIC),
  waitsFor: TEXTS,
  newest: { const: true },
  unreachable: listOf(record({ target: TEXT, message: TEXT })),
};

/** Members of a plan that are left out when there is nothing to say. */
export const PLAN_OPTIONAL: readonly string[] = ['unreachable', 'waitsFor', 'newest'];

const WORKER = record({
  id: TEXT,
  name: TEXT,
  status: { enum: ['online', 'offline', 'unknown', 'pending'] },
  last_seen: TIME_OR_NULL,
  resources: record({ cpu_cores: INTEGER_OR_NULL, memory_gb: INTEGER_OR_NULL, disk_gb: INTEGER_OR_NULL }),
  address: TEXT,
  hostname: TEXT_OR_NULL,
  docker_version: TEXT_OR_NULL,
  os: TEXT_OR_NULL,
  arch: TEXT_OR_NULL,
  stacks: TEXTS,
  message: TEXT_OR_NULL,
  file: TEXT_OR_NULL,
});

const COMMIT_MEMBERS = { commit: TEXT, file: TEXT };

/** The schemas by the names that the table refers to. */
export const SCHEMAS = {
  Error: record({
    error: record({ code: TEXT, message: TEXT, details: listOf(DETAIL), reason: TEXT }, ['reason']),
  }),
  Pagination: record({ page: INTEGER, per_page: INTEGER, total: INTEGER, total_pages: INTEGER }),
  Stack: record(STACK_MEMBERS),
  StackDetail: record({ ...STACK_MEMBERS, config: ANYTHING }),
  StackWrite: record({ ...STACK_MEMBERS, config: ANYTHING, ...COMMIT_MEMBERS }),
  StackRollback: record({ ...STACK_MEMBERS, config: ANYTHING, ...COMMIT_MEMBERS, files: TEXTS }),
  Removal: record({ id: TEXT, name: TEXT, status: { const: 'deleting' }, ...COMMIT_MEMBERS }),
  HistoryEntry: HISTORY_ENTRY,
  Drift: DRIFT,
  DriftCheck: record({ ...DRIFT_MEMBERS, job_id: TEXT }),
  DriftResolution: record({
    action: { enum: ['apply_desired', 'accept_actual'] },
    job: { anyOf: [{ $ref: '#/components/schemas/Job' }, { type: 'null' }] },
    job_id: TEXT_OR_NULL,
    commit: TEXT_OR_NULL,
    file: TEXT_OR_NULL,
    unplaced: TEXTS,
  }),
  Plan: record(PLAN_MEMBERS, PLAN_OPTIONAL),
  PlanAnswer: record(
    {
      ...PLAN_MEMBERS,
      plan_id: TEXT,
      job_id: TEXT,
      stack_id: TEXT,
      has_changes: BOOLEAN,
      summary_text: TEXT,
    },
    PLAN_OPTIONAL,
  ),
  Job: record(JOB_MEMBERS),
  JobDetail: record({ ...JOB_MEMBERS, steps: listOf(STEP), logs: listOf(JOB_LOG) }),
  Worker: WORKER,
  Validation: {
    oneOf: [
      record({
        valid: { const: true },
        warnings: listOf(FINDING),
        resolved: record({ services: TEXTS, dependencies: { type: 'object', additionalProperties: TEXTS } }),
      }),
      record({ valid: { const: false }, errors: listOf(FINDING), warnings: listOf(FINDING) }),
    ],
  },
  Generated: record({
    stack_name: TEXT,
    stack_kit: TEXT,
    output: TEXT,
    nodes: listOf(
      record({ name: TEXT, host: TEXT, ssh_user: TEXT, ssh_port: INTEGER }, ['ssh_user', 'ssh_port']),
    ),
    services: listOf(
      record({
        name: TEXT,
        node: TEXT,
        image: TEXT,
        ports: listOf(INTEGER),
        port: INTEGER_OR_NULL,
        needs: TEXTS,
      }),
    ),
    network: record({ domain: TEXT }),
    files: listOf(record({ path: TEXT, content: TEXT, encoding: { enum: ['utf-8', 'base64'] } })),
    checksums: { type: 'object', additionalProperties: TEXT },
    variables: listOf(record({ name: TEXT, reference: TEXT, default: TEXT }, ['default'])),
    warnings: TEXTS,
  }),
  Health: record({
    status: { enum: ['healthy', 'degraded'] },
    version: TEXT,
    uptime: TEXT,
    checks: { type: 'object', additionalProperties: TEXT },
    revision: TEXT_OR_NULL,
  }),
  Repository: record({
    location: TEXT,
    branch: TEXT,
    root: TEXT,
    revision: orNull(
      record({
        commit: TEXT,
        branch: TEXT,
        author: record({ name: TEXT, email: TEXT }),
        subject: TEXT,
        time: TEXT,
        dirty: BOOLEAN,
      }),
    ),
    error: orNull(record({ code: TEXT, message: TEXT })),
    stacks: TEXTS,
    diagnostics: listOf(DIAGNOSTIC),
    host: orNull(record({ kind: TEXT, address: TEXT })),
    web: orNull(record({ commit: TEXT, file: TEXT })),
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>;
