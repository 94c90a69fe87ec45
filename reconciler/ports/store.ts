import type { HealthStatus } from '../model/resource.ts';
import type { Action, Plan, PlanSummary } from '../plan/plan.ts';
import type { AuditRecords } from './accounts/audit-records.ts';
import type { LoginRecords } from './accounts/login-records.ts';
import type { AccessLog } from './sessions/access-log.ts';
import type { BuildRecords } from './builds/build-records.ts';
import type { ConnectionLog } from './connection-log.ts';
import type { ImageRecords } from './inventory/image-records.ts';
import type { ObjectRecords } from './inventory/object-records.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { NoticeRecords } from './notifier.ts';
import type { VerifiedRecords } from './signatures.ts';
import type { Role, UserRecords } from './accounts/user-records.ts';

export type { Role } from './accounts/user-records.ts';
import type { PluginSwitches } from './plugin-switches.ts';

export type JobType =
  | 'plan'
  | 'apply'
  | 'destroy'
  | 'drift_check'
  | 'start'
  | 'stop'
  | 'restart'
  | 'backup'
  | 'restore'
  | 'pull';
export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
export type StepStatus =
  | 'pending'
  | 'running'
  | 'completed'
  | 'failed'
  | 'skipped'
  | 'cancelled'
  | 'reverted';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** One recorded execution. Times are ISO 8601. */
export interface Job {
  /** `job_` and 26 characters that sort by time. */
  readonly id: string;
  readonly type: JobType;
  readonly stack: string;
  readonly status: JobStatus;
  /** Event that set it off: `push`, `api`, `cli`, `drift`, `resync`, `retry`. */
  readonly trigger: string;
  /** Name of the caller for `api` and `cli`. */
  readonly actor: string | null;
  readonly revision: string | null;
  readonly planId: string | null;
  readonly summary: PlanSummary | null;
  /** 0 to 100. */
  readonly progress: number;
  readonly error: JobError | null;
  /** Deployment tag that it left. */
  readonly tag: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface JobStep {
  readonly jobId: string;
  /** Position from 0, in plan order. */
  readonly index: number;
  /** Resource id, or `validate`, `observe`, `tag`; `back up db` and the like of what is done with data. */
  readonly name: string;
  readonly action: Action | null;
  readonly status: StepStatus;
  readonly message: string | null;
  readonly health: HealthStatus | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface JobLog {
  readonly jobId: string;
  /** Increases within a job, from 1. */
  readonly sequence: number;
  readonly time: string;
  readonly level: LogLevel;
  readonly step: string | null;
  readonly message: string;
}

export interface JobFilter {
  readonly stack?: string;
  readonly status?: JobStatus;
  readonly type?: JobType;
  /** All types but this one. */
  readonly except?: JobType;
  /** Created at or after, ISO 8601. */
  readonly since?: string;
  /** Default 50. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface JobCount {
  readonly stack: string;
  readonly status: JobStatus;
  readonly count: number;
}

/** Memory of a stack between runs; all of it can be lost without losing a deployment. */
export interface StackRecord {
  readonly stack: string;
  /** Desired digest whose apply failed in a way that trying again cannot help; cleared by a change or a manual apply. */
  readonly heldDesired: string | null;
  /** Revision of an apply that changed something but did not end well; the next one that does is tagged. */
  readonly untagged: boolean;
  readonly lastAppliedRevision: string | null;
  readonly lastAppliedAt: string | null;
  /** Deployments that were made and have no tag yet, oldest first. */
  readonly pendingTags: readonly PendingTag[];
  /** Tags that the remote has not taken yet. */
  readonly unpushedTags: readonly string[];
  /** Its description was found to be what runs, without a deployment that made it so; `null` when the newest deployment did. */
  readonly synced: SyncedStack | null;
  /** Somebody stopped it; `null` when nobody did, or it was started or described otherwise since. */
  readonly stopped: StoppedStack | null;
  /** Somebody keeps everything from being applied to it that nobody asks for; `null` when nobody does. */
  readonly onHold: HeldStack | null;
}

/** Text of a deployment's tag; its number is given when it is made. */
export interface PendingTag {
  readonly revision: string;
  readonly jobId: string;
  /** `stackDigest` that was deployed. */
  readonly desired: string;
  /** ISO 8601. */
  readonly time: string;
  /** First line without the number. */
  readonly title: string;
  readonly text: string;
}

/** Holds until the next deployment. */
export interface SyncedStack {
  /** `stackDigest` of the description. */
  readonly desired: string;
  /** Number of the newest deployment then, `null` when there was none. */
  readonly deployment: number | null;
}

/** A stack that was stopped by hand stays so until it is started, applied or described otherwise. */
export interface StoppedStack {
  /** `stackDigest` of what was stopped. */
  readonly desired: string;
  /** Ids of what ran until then. */
  readonly resources: readonly string[];
  /** ISO 8601. */
  readonly at: string;
  /** Name of the caller. */
  readonly by: string | null;
}

/** Holds until somebody releases it, whatever is described meanwhile. */
export interface HeldStack {
  /** Name of the caller. */
  readonly by: string;
  /** Reason in the words of the caller; `null`: none was given. */
  readonly reason: string | null;
  /** ISO 8601. */
  readonly at: string;
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the key, hex. */
  readonly hash: string;
  readonly createdAt: string;
}

/**
 * History and caches. Synchronous (an embedded database); throws STORE_UNAVAILABLE (locked, gone) or STORE_FULL, both retryable.
 */
export interface Store
  extends
    InstanceRecords,
    PluginSwitches,
    AccessLog,
    ConnectionLog,
    NoticeRecords,
    ObjectRecords,
    UserRecords,
    LoginRecords,
    AuditRecords,
    BuildRecords,
    ImageRecords,
    VerifiedRecords,
    Disposable {
  saveJob(job: Job): void;
  /** Saves a job together with some of its steps and lines: all of it or nothing. */
  saveProgress(job: Job, steps: readonly JobStep[], logs: readonly JobLog[]): void;
  getJob(id: string): Job | undefined;
  /** The greatest id in byte order; `undefined` while there are no jobs. */
  newestJobId(): string | undefined;
  listJobs(filter: JobFilter): { readonly jobs: readonly Job[]; readonly total: number };
  /** Number of jobs of this type, by stack and status. */
  countJobs(type: JobType): readonly JobCount[];
  saveSteps(steps: readonly JobStep[]): void;
  listSteps(jobId: string): readonly JobStep[];
  appendLogs(logs: readonly JobLog[]): void;
  listLogs(jobId: string, afterSequence?: number): readonly JobLog[];
  /** Keeps the document; the same content has the same id (`plan_` and the start of its SHA-256). */
  savePlan(plan: Plan): string;
  getPlan(id: string): Plan | undefined;
  getStack(stack: string): StackRecord | undefined;
  saveStack(record: StackRecord): void;
  listStacks(): readonly StackRecord[];
  listKeys(): readonly ApiKeyRecord[];
  saveKey(key: ApiKeyRecord): void;
  deleteKey(id: string): void;
  /** Jobs that were queued or running when the process died become `failed` with code CANCELLED; returns how many. */
  closeInterrupted(now: string): number;
  /** Deletes jobs (with steps and logs) that ended before this time, and plans that no job names. */
  prune(before: string): void;
}
