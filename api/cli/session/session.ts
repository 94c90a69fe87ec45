import type { UsersBegun } from '../../accounts/state-file.ts';
import type {
  ApplyRequest,
  AuditRecords,
  ControlRequest,
  Diagnostic,
  ExecSession,
  DriftResolution,
  HistoryEntry,
  GeneratedStack,
  GenerateRequest,
  Job,
  JobDetail,
  JobFilter,
  JobStep,
  Kombinator,
  LogLine,
  LogOptions,
  Plan,
  PlanRequest,
  RepositoryStatus,
  RollbackResult,
  SessionOptions,
  StackView,
  Store,
  UserRecords,
  ValidationReport,
} from '../../../reconciler/index.ts';
import type { AdoptionSession } from '../adopt/adoption-session.ts';
import type { BuildSession } from './build-session.ts';
import type { DailySession } from './daily-session.ts';
import type { DataSession } from './data-session.ts';
import type { InventorySession } from './inventory-session.ts';
import type { NotifySession } from './notify-session.ts';
import type { WorkflowSession } from '../workflow/workflow-session.ts';
import type { TagSession } from './tag-session.ts';

/** The facts about the repository that `validate`, `status` and the header lines need. */
export interface RepositorySummary {
  readonly location: string;
  readonly branch: string;
  /** Directory of the repository that is read; blank: all of it. */
  readonly root: string;
  readonly commit: string | null;
  readonly dirty: boolean;
  readonly stacks: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** The newest attempt to read failed; what is shown is the last good state. */
  readonly error: RepositoryStatus['error'];
  /** Reason why a deployment tag was not made, or not pushed; `null` when all are, and where a daemon cares for them. */
  readonly tagError: string | null;
}

export interface PlannedStack {
  readonly plan: Plan;
  readonly planId: string;
}

export interface StackRemovalRequest {
  readonly stacks: readonly string[];
  readonly volumes: boolean;
  readonly overrideFreeze: boolean;
}

export interface StackRemoval {
  /** `null` when none of them was described. */
  readonly commit: string | null;
  readonly stacks: readonly RemovedStack[];
}

export interface RemovedStack {
  readonly stack: string;
  readonly jobId: string | null;
  /** Reason why it is still there, `null` when it is not. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A request without the parts that the session fills in itself (who, why). */
export type StackPlanRequest = Omit<PlanRequest, 'actor' | 'trigger'>;
export type StackApplyRequest = Omit<ApplyRequest, 'actor' | 'trigger'>;

/**
 * The thing that commands work on: a reconciler in this process, or a running daemon over its API.
 * Every method throws `ReconcilerError`.
 */
export interface Session
  extends
    DailySession,
    DataSession,
    InventorySession,
    TagSession,
    BuildSession,
    WorkflowSession,
    NotifySession,
    AdoptionSession,
    AsyncDisposable {
  /** Reads the repository as it is now. */
  repository(signal: AbortSignal): Promise<RepositorySummary>;
  /** Lists what `Reconciler.leftovers` does: stacks that are on the targets although nothing describes them any more. */
  leftovers(signal: AbortSignal): Promise<readonly StackView[]>;
  /**
   * Checks one document as if it stood in the repository. The name of the file tells what it is.
   *
   * @param file absolute path
   * @param root work tree that the file is in; in this process the file is checked with what is around it there
   */
  validate(text: string, file: string, signal: AbortSignal, root?: string): Promise<ValidationReport>;
  /** Returns what `Reconciler.suggestPolicy` does; only in this process. */
  suggestPolicy(signal: AbortSignal): Promise<string>;
  /** A stack in another tool's words; writes nothing. */
  generate(request: GenerateRequest, signal: AbortSignal): Promise<GeneratedStack>;
  /** Returns a stack by name, with the targets asked. */
  observe(name: string, signal: AbortSignal): Promise<StackView>;
  plan(request: StackPlanRequest, signal: AbortSignal): Promise<PlannedStack>;
  apply(request: StackApplyRequest, signal: AbortSignal): Promise<Job>;
  /** Reports every step that moves; resolves when the job has ended, however it ended. */
  followJob(id: string, onStep: (step: JobStep) => void, signal: AbortSignal): Promise<JobDetail>;
  listJobs(filter: JobFilter, signal: AbortSignal): Promise<readonly Job[]>;
  getJob(id: string, signal: AbortSignal): Promise<JobDetail>;
  /** A plan that was kept; `undefined` when it is no longer there. */
  getPlan(id: string, signal: AbortSignal): Promise<Plan | undefined>;
  /** Starts, stops or restarts what a stack has on its targets. */
  control(stack: string, action: ControlRequest['action'], signal: AbortSignal): Promise<Job>;
  /** One commit that takes their descriptions away, then their removal; resolves when all were tried. */
  deleteStacks(request: StackRemovalRequest, signal: AbortSignal): Promise<StackRemoval>;
  /** Oldest first. */
  history(stack: string, signal: AbortSignal): Promise<readonly HistoryEntry[]>;
  rollback(stack: string, to: number, signal: AbortSignal): Promise<RollbackResult>;
  /** Commits what runs as the description. */
  acceptDrift(stack: string, signal: AbortSignal): Promise<Pick<DriftResolution, 'write' | 'unplaced'>>;
  logs(stack: string, service: string, options: LogOptions): AsyncIterable<LogLine>;
  /** Runs a program in a service, with somebody at the other end. */
  exec(stack: string, service: string, options: SessionOptions): Promise<ExecSession>;
  /**
   * Ends running jobs of this session at the next step boundary. A daemon's jobs go on: they are not this command's.
   * Resolves to what happened to them, for people.
   */
  stop(): Promise<string>;
}

/** API keys and users in a state directory, and the host that the operator has named; works beside a running daemon. */
export interface KeyStore extends Pick<Store, 'listKeys' | 'saveKey' | 'deleteKey'>, AsyncDisposable {
  readonly users: UserRecords;
  readonly audit: Pick<AuditRecords, 'addAudit' | 'listAudit'>;
  readonly begun: UsersBegun;
  readonly gitHost: Kombinator['gitHost'];
  /** Hash of a new password, as it is kept. */
  hashPassword(password: string): Promise<string>;
}
