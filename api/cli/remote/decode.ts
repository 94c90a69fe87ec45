import { own } from '../../../reconciler/index.ts';
import type {
  Deployment,
  Diagnostic,
  HistoryEntry,
  Job,
  JobDetail,
  JobLog,
  JobStep,
  LogLine,
  NodeStatus,
  Plan,
  ServiceStatus,
  StackView,
  SyncState,
} from '../../../reconciler/index.ts';
import { RemoteError } from '../terminal/failure.ts';
import { isPlan } from '../plan-file.ts';

/*
 * The readers of the API's answers, back into the words of the reconciler. Everything is checked as far as it is used: a daemon of another
 * version gives an error that says so, not a crash.
 */

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new RemoteError('UNEXPECTED_ANSWER', `the daemon's answer has no ${what}: is it of another version?`);
}

export function textAt(fields: Fields, key: string): string {
  const value = own(fields, key);
  if (typeof value === 'string') return value;
  throw new RemoteError('UNEXPECTED_ANSWER', `the daemon's answer lacks "${key}": is it of another version?`);
}

export function listAt<T>(fields: Fields, key: string, decode: (value: unknown) => T): readonly T[] {
  const value = own(fields, key);
  return Array.isArray(value) ? value.map(decode) : [];
}

export function textOrNull(fields: Fields, key: string): string | null {
  const value = own(fields, key);
  return typeof value === 'string' ? value : null;
}

function numberAt(fields: Fields, key: string): number {
  const value = own(fields, key);
  return typeof value === 'number' ? value : 0;
}

function objectOrNull<T>(fields: Fields, key: string, decode: (value: unknown) => T): T | null {
  const value = own(fields, key);
  return value === null || value === undefined ? null : decode(value);
}

const PLAN_KEYS = [
  'formatVersion',
  'stack',
  'mode',
  'revision',
  'desired',
  'basis',
  'changes',
  'summary',
  'confirmations',
  'diagnostics',
] as const;
/** Left out where there is nothing to say. */
const OPTIONAL_PLAN_KEYS = ['unreachable', 'waitsFor', 'newest'] as const;

export function toPlan(value: unknown): Plan {
  const fields = fieldsOf(value, 'plan');
  // The answer carries more beside the plan; sent back, only the plan itself is understood.
  const optional = OPTIONAL_PLAN_KEYS.filter((key) => fields[key] !== undefined);
  const plan: unknown = Object.fromEntries([...PLAN_KEYS, ...optional].map((key) => [key, fields[key]]));
  if (!isPlan(plan))
    throw new RemoteError('UNEXPECTED_ANSWER', 'the daemon answered no plan: is it of another version?');
  return plan;
}

export function toJob(value: unknown): Job {
  const fields = fieldsOf(value, 'job');
  const type = textAt(fields, 'type');
  return {
    id: textAt(fields, 'id'),
    type: (type === 'deploy' ? 'apply' : type) as Job['type'],
    stack: textAt(fields, 'stack_id'),
    status: textAt(fields, 'status') as Job['status'],
    trigger: textOrNull(fields, 'trigger') ?? '',
    actor: textOrNull(fields, 'actor'),
    revision: textOrNull(fields, 'revision'),
    planId: textOrNull(fields, 'plan_id'),
    summary: objectOrNull(
      fields,
      'summary',
      (summary) => fieldsOf(summary, 'summary') as unknown as Job['summary'],
    ),
    progress: numberAt(fields, 'progress'),
    error: objectOrNull(fields, 'error', toJobError),
    tag: textOrNull(fields, 'tag'),
    createdAt: textAt(fields, 'created_at'),
    startedAt: textOrNull(fields, 'started_at'),
    endedAt: textOrNull(fields, 'completed_at'),
  };
}

export function hasEnded({ status }: Job): boolean {
  return status !== 'queued' && status !== 'running';
}

export function toJobDetail(value: unknown): JobDetail {
  const job = toJob(value);
  const fields = fieldsOf(value, 'job');
  return {
    job,
    steps: listAt(fields, 'steps', (step) => toStep(step, job.id)),
    logs: listAt(fields, 'logs', (log) => toLog(log, job.id)),
  };
}

export function toStep(value: unknown, jobId: string): JobStep {
  const fields = fieldsOf(value, 'step');
  return {
    jobId,
    index: numberAt(fields, 'index'),
    name: textAt(fields, 'name'),
    action: textOrNull(fields, 'action') as JobStep['action'],
    status: textAt(fields, 'status') as JobStep['status'],
    message: textOrNull(fields, 'message'),
    health: textOrNull(fields, 'health') as JobStep['health'],
    startedAt: textOrNull(fields, 'started_at'),
    endedAt: textOrNull(fields, 'completed_at'),
  };
}

export function toStackView(value: unknown): StackView {
  const fields = fieldsOf(value, 'stack');
  const drift = fieldsOf(fields['drift'] ?? {}, 'drift');
  return {
    name: textAt(fields, 'name'),
    kind: (textOrNull(fields, 'kind') ?? 'kombination') as StackView['kind'],
    file: textOrNull(fields, 'file') ?? '',
    stackkit: textOrNull(fields, 'stackkit') ?? '',
    state: textAt(fields, 'state') as SyncState,
    message: textOrNull(fields, 'message'),
    services: listAt(fields, 'services', toService),
    nodes: listAt(fields, 'nodes', toNode),
    diagnostics: listAt(fields, 'diagnostics', toDiagnostic),
    lastJob: objectOrNull(fields, 'last_job', toJob),
    deployment: objectOrNull(fields, 'deployment', toDeployment),
    drift: {
      hasDrift: drift['has_drift'] === true,
      checkedAt: textOrNull(drift, 'last_check'),
      changes: listAt(drift, 'changes', toDriftChange),
    },
    document: fields['config'] ?? null,
    ...(typeof fields['next_look_at'] === 'string' ? { nextLookAt: fields['next_look_at'] } : {}),
  };
}

export function toDeployment(value: unknown): Deployment {
  const fields = fieldsOf(value, 'deployment');
  return {
    number: numberAt(fields, 'number'),
    tag: textAt(fields, 'tag'),
    revision: textAt(fields, 'revision'),
    time: textAt(fields, 'time'),
    author: textOrNull(fields, 'author'),
    jobId: textOrNull(fields, 'job_id'),
    summary: textOrNull(fields, 'summary') ?? '',
  };
}

export function toHistoryEntry(value: unknown): HistoryEntry {
  const fields = fieldsOf(value, 'deployment');
  const number = (key: string): number | null => {
    const value = own(fields, key);
    return typeof value === 'number' ? value : null;
  };
  return {
    number: number('number'),
    tag: textOrNull(fields, 'tag'),
    revision: textOrNull(fields, 'revision'),
    time: textAt(fields, 'time'),
    author: textOrNull(fields, 'author'),
    jobId: textOrNull(fields, 'job_id'),
    summary: textOrNull(fields, 'summary') ?? '',
    result: textAt(fields, 'result') as HistoryEntry['result'],
    trigger: textOrNull(fields, 'trigger'),
    subject: textOrNull(fields, 'subject'),
    durationMs: number('duration_ms'),
    message: textOrNull(fields, 'message'),
  };
}

export function toDiagnostic(value: unknown): Diagnostic {
  const fields = fieldsOf(value, 'finding');
  const number = (key: 'line' | 'column') => (typeof fields[key] === 'number' ? { [key]: fields[key] } : {});
  const text = (key: 'file' | 'path' | 'hint') =>
    typeof fields[key] === 'string' ? { [key]: fields[key] } : {};
  return {
    severity: fields['severity'] === 'warning' ? 'warning' : 'error',
    code: textOrNull(fields, 'code') ?? 'INVALID',
    message: textAt(fields, 'message'),
    ...text('file'),
    ...number('line'),
    ...number('column'),
    ...text('path'),
    ...text('hint'),
  };
}

export function toLogLine(value: unknown): LogLine {
  const fields = fieldsOf(value, 'log line');
  return {
    stream: fields['stream'] === 'stderr' ? 'stderr' : 'stdout',
    time: textOrNull(fields, 'time') ?? '',
    text: textAt(fields, 'msg'),
  };
}

function toJobError(value: unknown): NonNullable<Job['error']> {
  const fields = fieldsOf(value, 'error');
  return {
    code: textAt(fields, 'code'),
    message: textAt(fields, 'message'),
    retryable: fields['retryable'] === true,
  };
}

function toLog(value: unknown, jobId: string): JobLog {
  const fields = fieldsOf(value, 'log');
  return {
    jobId,
    sequence: numberAt(fields, 'sequence'),
    time: textAt(fields, 'time'),
    level: textAt(fields, 'level') as JobLog['level'],
    step: textOrNull(fields, 'step'),
    message: textAt(fields, 'msg'),
  };
}

function toService(value: unknown): ServiceStatus {
  const fields = fieldsOf(value, 'service');
  return {
    name: textAt(fields, 'name'),
    node: textOrNull(fields, 'node') ?? '',
    image: textOrNull(fields, 'image') ?? '',
    dependsOn: listAt(fields, 'depends_on', String),
    ports: listAt(fields, 'ports', String),
    resource: textOrNull(fields, 'resource') ?? '',
    health: textAt(fields, 'status') as ServiceStatus['health'],
    reason: textOrNull(fields, 'message'),
    ...(typeof fields['running_image'] === 'string' ? { running: fields['running_image'] } : {}),
    ...(typeof fields['replicas'] === 'number' && fields['replicas'] !== 1
      ? { replicas: fields['replicas'] }
      : {}),
  };
}

function toNode(value: unknown): NodeStatus {
  const fields = fieldsOf(value, 'node');
  const status = fields['status'];
  return {
    name: textAt(fields, 'name'),
    address: textOrNull(fields, 'address') ?? '',
    reachable: status === 'online' ? true : status === 'offline' ? false : null,
  };
}

function toDriftChange(value: unknown): StackView['drift']['changes'][number] {
  const fields = fieldsOf(value, 'drift');
  return {
    resource: textAt(fields, 'resource'),
    action: textOrNull(fields, 'action') ?? '',
    field: textOrNull(fields, 'field'),
    expected: fields['expected'],
    actual: fields['actual'],
  };
}
