import { own } from '../../../reconciler/index.ts';
import type {
  Deployment,
  DriftView,
  HistoryEntry,
  NodeStatus,
  ServiceStatus,
  StackRow,
  StackView,
  SyncState,
} from '../../../reconciler/index.ts';
import type { StackWrite } from '../../operations/stacks.ts';
import { toJob } from './job-view.ts';

/** Our words for how a stack stands, in the words of this dialect. */
const STATUS_WORDS: Readonly<Record<SyncState, string>> = {
  in_sync: 'active',
  pending: 'created',
  applying: 'deploying',
  drifted: 'drifted',
  degraded: 'degraded',
  failed: 'failed',
  blocked: 'blocked',
  invalid: 'invalid',
  stopped: 'stopped',
  removed: 'deleting',
  unknown: 'unknown',
};

/** Our words for how a stack stands, which requests use. */
export const STATES = Object.keys(STATUS_WORDS) as readonly SyncState[];

const DRIFT_TYPES: Readonly<Record<string, string>> = { create: 'missing', delete: 'unexpected' };

/** Returns a stack as it stands in lists: everything but the document. */
export function toStack(stack: StackRow) {
  return {
    id: stack.name,
    name: stack.name,
    kind: stack.kind,
    file: stack.file,
    stackkit: stack.stackkit,
    status: STATUS_WORDS[stack.state],
    state: stack.state,
    message: stack.message,
    nodes: stack.nodes.map(toNode),
    services: stack.services.map(toService),
    nodes_count: stack.nodes.length,
    services_count: stack.services.length,
    created_at: stack.createdAt ?? null,
    updated_at: stack.updatedAt ?? stack.lastJob?.endedAt ?? stack.lastJob?.createdAt ?? null,
    deployed_at: stack.deployment?.time ?? null,
    revision: stack.deployment?.revision ?? null,
    deployment: stack.deployment === null ? null : toDeployment(stack.deployment),
    last_job: stack.lastJob === null ? null : toJob(stack.lastJob),
    drift: toDrift(stack.drift),
    diagnostics: stack.diagnostics,
    next_look_at: stack.nextLookAt ?? null,
    waits: stack.waits ?? null,
    hold: stack.onHold ?? null,
  };
}

export function toStackDetail(stack: StackView) {
  return { ...toStack(stack), config: stack.document };
}

/** A stack after a write, and the commit that wrote it. */
export function toStackWrite({ stack, commit, file }: StackWrite, name: string, document: unknown) {
  return { ...toStackDetail(stack ?? unreadStack(name, file, document)), commit, file };
}

export function toDeployment(deployment: Deployment) {
  const { number, tag, revision, time, author, summary, jobId, subject = null } = deployment;
  return { number, tag, revision, time, author, summary, subject, job_id: jobId };
}

export function toHistoryEntry(entry: HistoryEntry) {
  const { jobId, durationMs, ...rest } = entry;
  return { ...rest, job_id: jobId, duration_ms: durationMs };
}

function toNode({ name, address, reachable }: NodeStatus) {
  return {
    id: name,
    name,
    status: reachable === null ? 'unknown' : reachable ? 'online' : 'offline',
    address,
  };
}

function toService(service: ServiceStatus) {
  return {
    name: service.name,
    status: service.health,
    node: service.node,
    image: service.image,
    running_image: service.running ?? null,
    ports: service.ports,
    depends_on: service.dependsOn,
    resource: service.resource,
    replicas: service.replicas ?? 1,
    message: service.reason,
  };
}

export function toDrift(drift: DriftView) {
  const changes = drift.changes.map((change) => ({
    ...change,
    type: own(DRIFT_TYPES, change.action) ?? 'modified',
  }));
  const status = drift.hasDrift ? 'drifted' : drift.checkedAt === null ? 'unknown' : 'in_sync';
  return { has_drift: drift.hasDrift, status, last_check: drift.checkedAt, changes };
}

/** Committed, but the repository could not be read again yet. */
function unreadStack(name: string, file: string, document: unknown): StackView {
  return {
    name,
    kind: 'kombination',
    file,
    stackkit: '',
    state: 'pending',
    message: 'committed; the repository has not been read again yet',
    services: [],
    nodes: [],
    diagnostics: [],
    lastJob: null,
    deployment: null,
    drift: { hasDrift: false, checkedAt: null, changes: [] },
    document,
  };
}
