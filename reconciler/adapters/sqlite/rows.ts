import type { SQLOutputValue } from 'node:sqlite';
import type { HealthStatus } from '../../model/resource.ts';
import type { Action, PlanSummary } from '../../plan/plan.ts';
import type {
  ApiKeyRecord,
  Job,
  JobError,
  JobLog,
  JobStatus,
  JobStep,
  JobType,
  LogLevel,
  Role,
  StackRecord,
  HeldStack,
  StoppedStack,
  PendingTag,
  SyncedStack,
  StepStatus,
} from '../../ports/store.ts';
import { own, asText } from '../../base/values.ts';

/*
 * Rows to records. Columns come back as whatever the file holds, so each is checked on the way: a table that was edited
 * by hand into nonsense gives an error that names the column instead of a wrong record.
 */

export type Row = Readonly<Record<string, SQLOutputValue>>;

const JOB_TYPES: readonly JobType[] = [
  'plan',
  'apply',
  'destroy',
  'drift_check',
  'start',
  'stop',
  'restart',
  'backup',
  'restore',
  'pull',
];
export const JOB_STATUSES: readonly JobStatus[] = ['queued', 'running', 'completed', 'failed', 'cancelled'];
const STEP_STATUSES: readonly StepStatus[] = [
  'pending',
  'running',
  'completed',
  'failed',
  'skipped',
  'cancelled',
  'reverted',
];
const ACTIONS: readonly Action[] = ['create', 'update', 'replace', 'delete', 'no-op'];
const HEALTHS: readonly HealthStatus[] = [
  'healthy',
  'starting',
  'unhealthy',
  'completed',
  'failed',
  'stopped',
  'missing',
];
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
export const ROLES: readonly Role[] = ['viewer', 'deployer', 'admin'];

export function toJob(row: Row): Job {
  return {
    id: text(row, 'id'),
    type: oneOf(row, 'type', JOB_TYPES),
    stack: text(row, 'stack'),
    status: oneOf(row, 'status', JOB_STATUSES),
    trigger: text(row, 'trigger_name'),
    actor: optionalText(row, 'actor'),
    revision: optionalText(row, 'revision'),
    planId: optionalText(row, 'plan_id'),
    summary: document(row, 'summary', isSummary),
    progress: number(row, 'progress'),
    error: document(row, 'error', isJobError),
    tag: optionalText(row, 'tag'),
    createdAt: text(row, 'created_at'),
    startedAt: optionalText(row, 'started_at'),
    endedAt: optionalText(row, 'ended_at'),
  };
}

export function toStep(row: Row): JobStep {
  return {
    jobId: text(row, 'job_id'),
    index: number(row, 'position'),
    name: text(row, 'name'),
    action: row['action'] === null ? null : oneOf(row, 'action', ACTIONS),
    status: oneOf(row, 'status', STEP_STATUSES),
    message: optionalText(row, 'message'),
    health: row['health'] === null ? null : oneOf(row, 'health', HEALTHS),
    startedAt: optionalText(row, 'started_at'),
    endedAt: optionalText(row, 'ended_at'),
  };
}

export function toLog(row: Row): JobLog {
  return {
    jobId: text(row, 'job_id'),
    sequence: number(row, 'sequence'),
    time: text(row, 'time'),
    level: oneOf(row, 'level', LEVELS),
    step: optionalText(row, 'step'),
    message: text(row, 'message'),
  };
}

export function toStackRecord(row: Row): StackRecord {
  return {
    stack: text(row, 'stack'),
    heldDesired: optionalText(row, 'held_desired'),
    untagged: number(row, 'untagged') !== 0,
    lastAppliedRevision: optionalText(row, 'last_applied_revision'),
    lastAppliedAt: optionalText(row, 'last_applied_at'),
    pendingTags: document(row, 'pending_tags', isPendingTags) ?? [],
    unpushedTags: document(row, 'unpushed_tags', isTextList) ?? [],
    synced: document(row, 'synced', isSynced),
    stopped: document(row, 'stopped', isStopped),
    onHold: document(row, 'on_hold', isHeld),
  };
}

export function toApiKey(row: Row): ApiKeyRecord {
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    role: oneOf(row, 'role', ROLES),
    hash: text(row, 'hash'),
    createdAt: text(row, 'created_at'),
  };
}

export function text(row: Row, column: string): string {
  const value = own(row, column);
  if (typeof value !== 'string') throw unexpected(column, value);
  return value;
}

export function number(row: Row, column: string): number {
  const value = own(row, column);
  if (typeof value !== 'number') throw unexpected(column, value);
  return value;
}

export function optionalText(row: Row, column: string): string | null {
  return own(row, column) === null ? null : text(row, column);
}

export function oneOf<T extends string>(row: Row, column: string, values: readonly T[]): T {
  const value = values.find((candidate) => candidate === own(row, column));
  if (value === undefined) throw unexpected(column, own(row, column));
  return value;
}

export function document<T>(row: Row, column: string, guard: (value: unknown) => value is T): T | null {
  if (own(row, column) === null) return null;
  const value: unknown = JSON.parse(text(row, column));
  if (!guard(value)) throw unexpected(column, own(row, column));
  return value;
}

function isSummary(value: unknown): value is PlanSummary {
  return hasMembers(value, {
    create: 'number',
    update: 'number',
    replace: 'number',
    delete: 'number',
    noop: 'number',
  });
}

function isJobError(value: unknown): value is JobError {
  return hasMembers(value, { code: 'string', message: 'string', retryable: 'boolean' });
}

function isStopped(value: unknown): value is StoppedStack {
  if (!hasMembers(value, { desired: 'string', resources: 'object', at: 'string' })) return false;
  const { resources, by } = value as { readonly resources: unknown; readonly by?: unknown };
  return isTextList(resources) && (by === null || typeof by === 'string');
}

function isHeld(value: unknown): value is HeldStack {
  if (!hasMembers(value, { by: 'string', at: 'string' })) return false;
  const { reason } = value as { readonly reason?: unknown };
  return reason === null || typeof reason === 'string';
}

function isSynced(value: unknown): value is SyncedStack {
  if (!hasMembers(value, { desired: 'string' })) return false;
  const { deployment } = value as { readonly deployment?: unknown };
  return deployment === null || typeof deployment === 'number';
}

function isPendingTags(value: unknown): value is PendingTag[] {
  const texts = ['revision', 'jobId', 'desired', 'time', 'title', 'text'];
  const types = Object.fromEntries(texts.map((name) => [name, 'string']));
  return Array.isArray(value) && value.every((item) => hasMembers(item, types));
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function hasMembers(value: unknown, types: Readonly<Record<string, string>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const members = new Map<string, unknown>(Object.entries(value));
  return Object.entries(types).every(([name, type]) => typeof members.get(name) === type);
}

function unexpected(column: string, value: unknown): Error {
  return new Error(`internal: column ${column} holds ${typeof value} ${asText(value).slice(0, 40)}`);
}
