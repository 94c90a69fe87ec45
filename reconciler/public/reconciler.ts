import type { Actor, ServiceStatus, Deployment, HistoryEntry } from './views.ts';
import type { CatalogueOperations } from './catalogue.ts';
import type { DriftOperations, DriftView } from './drift.ts';
import type { WorkflowOperations } from './workflows.ts';
import type { WriteOperations } from './writes.ts';
import type { ClusterOperations } from './clusters.ts';
import type { DiagnosticsOperations } from './diagnostics.ts';
import type { ImportOperations } from './imports.ts';
import type { ChannelOperations, NoticeOperations } from './notices.ts';
import type { InventoryOperations } from './inventory.ts';
import type { RegistryOperations } from './registries.ts';
import type { DataOperations } from './backups.ts';
import type { BuildOperations } from './builds.ts';
import type { ReleaseOperations } from './releases.ts';
import type { AdoptionOperations } from './adopt/adoptions.ts';
import type { DraftOperations } from './files/drafts.ts';
import type { FileOperations } from './files/files.ts';
import type { GivenSecretOperations } from './given-secrets.ts';
import type { UpkeepOperations } from './upkeep/upkeep.ts';
import type { VersionOperations } from './versions.ts';
import type { GeneratedStack, GenerateRequest } from '../model/generated.ts';
import type { Connection } from '../model/workflow/connection.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Health } from '../model/resource.ts';
import type { StackKind } from '../model/stack.ts';
import type { Plan } from '../plan/plan.ts';
import type { FilesOnDisk } from '../ports/desired.ts';
import type { GitHostKind, HookNews } from '../ports/hosts/git-host.ts';
import type { DeploymentTag, Revision } from '../ports/source.ts';
import type { HeldStack, Job, JobLog, JobStep } from '../ports/store.ts';
import type { TargetFacts } from '../ports/target-capabilities.ts';
import type { ServiceOperations } from './services.ts';
import type { JobOperations } from './live/jobs.ts';
import type { LiveOperations } from './live/resources.ts';
import type { StackWait } from './live/waits.ts';

export type * from './backups.ts';
export type * from './catalogue.ts';
export type * from './clusters.ts';
export type * from './live/resources.ts';
export type * from './live/waits.ts';
export type * from './drift.ts';
export type * from './files/drafts.ts';
export type * from './files/files.ts';
export type * from './live/jobs.ts';
export type * from './registries.ts';
export type * from './releases.ts';
export type * from './services.ts';
export type * from './upkeep/upkeep.ts';
export type * from './views.ts';
export type * from './workflows.ts';
export type * from './writes.ts';

export interface RepositoryStatus {
  readonly location: string;
  readonly branch: string;
  /** Directory of the repository that is read, and that all paths begin in; blank: all of it. */
  readonly root: string;
  /** Host that the operator has named for it, with the web address of the repository there; left out: none. */
  readonly host?: { readonly kind: GitHostKind; readonly address: string };
  /** Revision that was read last; `null` before the first successful read. */
  readonly revision: Revision | null;
  /** Reason why the newest attempt to read failed; the last good revision stays in force. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly stacks: number;
  /** Every finding in the whole repository, ordered. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * - `in_sync` runs as described and healthy
 * - `pending` described, not applied yet
 * - `applying` a job is running
 * - `drifted` differs from the description, and the policy is to report only
 * - `degraded` as described, but something is not healthy
 * - `failed` the last apply failed
 * - `blocked` waits for a confirmation
 * - `invalid` the description has errors
 * - `stopped` somebody stopped it; it stays so until it is started, applied or described otherwise
 * - `removed` no longer described; resources are left (deletion pending or blocked)
 * - `unknown` a target could not be asked yet
 */
export type SyncState =
  | 'in_sync'
  | 'pending'
  | 'applying'
  | 'drifted'
  | 'degraded'
  | 'failed'
  | 'blocked'
  | 'invalid'
  | 'stopped'
  | 'removed'
  | 'unknown';

export interface NodeStatus {
  readonly name: string;
  /** `local`, `unix:///…`, `tls://host:2376`, `ssh://user@host:22`. */
  readonly address: string;
  readonly reachable: boolean | null;
}

export interface StackView {
  readonly name: string;
  readonly kind: StackKind;
  readonly file: string;
  readonly stackkit: string;
  readonly state: SyncState;
  /** Reason for the state, for people: the last error, what waits for confirmation. */
  readonly message: string | null;
  readonly services: readonly ServiceStatus[];
  readonly nodes: readonly NodeStatus[];
  readonly diagnostics: readonly Diagnostic[];
  readonly lastJob: Job | null;
  readonly deployment: Deployment | null;
  readonly drift: DriftView;
  /** Somebody keeps everything away from it that nobody asks for; left out: nobody does. */
  readonly onHold?: HeldStack;
  /** The document as written. */
  readonly document: unknown;
  /** First commit of its file, and the one that changed it last, ISO 8601; left out where that is not known. */
  readonly createdAt?: string;
  /** Time at which it is looked at next, at the latest, ISO 8601; left out where nothing happens by itself. */
  readonly nextLookAt?: string;
  readonly updatedAt?: string;
  /** Left out: it waits for nothing. */
  readonly waits?: StackWait;
}

/** A stack as lists show it. */
export type StackRow = Omit<StackView, 'document'>;

/** Stacks that somebody looks for; left out: all of them. */
export interface StackSearch {
  /** Words that all have to occur in its name, file, services, images or nodes, whatever their case. */
  readonly text?: string;
  readonly kind?: StackKind;
  /** Name of a node or cluster that it has services on. */
  readonly node?: string;
  readonly states?: readonly SyncState[];
  /** `attention`: those that need somebody come first; `deployed`: those that were deployed last. Default `name`. */
  readonly order?: 'name' | 'attention' | 'deployed';
  /** Default 0. */
  readonly offset?: number;
  /** Default: all. */
  readonly limit?: number;
}

export interface FoundStacks {
  readonly stacks: readonly StackRow[];
  readonly total: number;
  /** Numbers of stacks by state, of those that all but `states` lets through. */
  readonly counts: ReadonlyMap<SyncState, number>;
}

export interface WorkerView {
  /** `worker_` and 12 hex digits of the name's hash: stable. */
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly status: 'online' | 'offline' | 'unknown';
  readonly lastSeen: string | null;
  readonly facts: TargetFacts | null;
  /** Stacks with services on it. */
  readonly stacks: readonly string[];
  /** Reason why it is offline. */
  readonly message: string | null;
  /** `nodes/<name>.yaml`, or `null` for a node written inside a kombination. */
  readonly file: string | null;
}

export interface PlanRequest {
  readonly stack: string;
  /** Default `apply`. */
  readonly mode?: 'apply' | 'destroy';
  /** Delete volumes too. Default false. */
  readonly volumes?: boolean;
  /** Registries are asked what tags stand for by now, whatever the pull policy says. Default false. */
  readonly newest?: boolean;
  readonly actor: Actor | null;
  readonly trigger: string;
}

export interface ApplyRequest extends PlanRequest {
  /** A yes to every confirmation the plan asks for. Default false. */
  readonly confirm?: boolean;
  /** Also while the operator's windows say that nothing is changed. Whoever lets this through checks who may. Default false. */
  readonly overrideFreeze?: boolean;
  /** Also while somebody holds the stack, which stays held. Default false. */
  readonly overrideHold?: boolean;
  /** A plan made earlier: refused with PLAN_STALE when it would not be made the same way now. */
  readonly plan?: Plan;
}

/** Acts on what a stack has on its targets as it is, without Git. */
export interface ControlRequest {
  readonly stack: string;
  readonly action: 'start' | 'stop' | 'restart';
  readonly actor: Actor | null;
  readonly trigger: string;
}

export interface PlanResult {
  readonly plan: Plan;
  readonly planId: string;
  readonly job: Job;
}

export interface ValidationReport {
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly services: readonly string[];
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** Meaning of the edges of a workflow. */
  readonly connections?: readonly Connection[];
}

export type ReconcilerEvent =
  | {
      readonly type: 'repository';
      readonly revision: string | null;
      readonly error: RepositoryStatus['error'];
    }
  | { readonly type: 'stack'; readonly stack: string; readonly state: SyncState }
  /** Nothing describes the stack, and nothing is left of it: it is not known any more. */
  | { readonly type: 'gone'; readonly stack: string }
  /** A target has stopped answering, or answers for the first time or again. `address` as in `NodeStatus`, `message` says why it does not. */
  | {
      readonly type: 'node';
      readonly node: string;
      readonly address: string;
      readonly reachable: boolean;
      readonly message: string | null;
    }
  /** Something that runs is otherwise than when it was looked at last. Targets are watched, so that is soon after it happened. */
  | { readonly type: 'health'; readonly stack: string; readonly resource: string; readonly health: Health }
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'step'; readonly step: JobStep }
  | { readonly type: 'log'; readonly log: JobLog };

/** The operations on what the config repository says, and on other words for it. */
export interface RepositoryOperations {
  /** Resolves the branch and reads what changed. Throws when the repository cannot be read. */
  refresh(signal: AbortSignal): Promise<RepositoryStatus>;
  /** Refreshes as `refresh` does, in the background. */
  requestSync(options?: {
    /** Tags of others may have moved as well. Default true. */
    readonly tags?: boolean;
  }): void;
  /** Takes a hint of the host about a pull request or a comment under one. Acts later; the newest 1,000 are kept until somebody does. */
  noteHook(news: HookNews): void;
  repository(): RepositoryStatus;
  /** Tells whether the revision that was read last is this commit, or came after it. A commit that is not known, or not known yet: false. */
  hasReached(commit: string): Promise<boolean>;
  /** Every tag of the repository, by name. */
  listTags(): Promise<readonly DeploymentTag[]>;
  /**
   * Checks one document as if it stood in the repository: as a kombination, or as what the name of its file says that it is.
   *
   * @param options.alone nothing is said of files and secrets that it names, whether they are there or not. Default false
   */
  validate(text: string, file?: string, options?: { readonly alone?: boolean }): ValidationReport;
  /**
   * Checks a file of a work tree as it is on disk, with the shared nodes, kits and files that are around it there.
   *
   * @param place `path` from the root of the work tree
   */
  validateAround(
    text: string,
    place: FilesOnDisk & { readonly path: string },
    signal: AbortSignal,
  ): Promise<ValidationReport>;
  /** Lines of the operator's configuration (YAML) that allow exactly what the repository asks for and may not; `''` when there is nothing. */
  suggestPolicy(signal: AbortSignal): Promise<string>;
  /** Writes nothing. Throws UNKNOWN_STACK, INVALID_CONFIGURATION. */
  generate(request: GenerateRequest, signal: AbortSignal): Promise<GeneratedStack>;
}

/** A stack in figures, for metrics. Times are milliseconds since the epoch. */
export interface StackFigures {
  readonly name: string;
  readonly kind: StackKind;
  /** `''` when it uses no kit, or nothing describes it. */
  readonly stackkit: string;
  readonly state: SyncState;
  /** Number of resources that were seen to differ from what was deployed. */
  readonly drifted: number;
  /** When its newest deployment was made; `null` when there is none. */
  readonly deployedAt: number | null;
  /** When its newest backup ended that went well; `null` when there is none that is remembered, or its description asks for none. */
  readonly backedUpAt: number | null;
}

/** Stacks as they are known, and as their targets say that they are. */
export interface StackOperations {
  /** Described stacks and removed ones that have left something, sorted. */
  stackNames(): readonly string[];
  /** Lists stacks by name. From memory: costs no call to a target. Default: all. */
  listStacks(page?: { readonly offset: number; readonly limit: number }): readonly StackView[];
  getStack(name: string): StackView;
  /** Returns the stack as lists show it. Throws UNKNOWN_STACK. */
  getStackRow(name: string): StackRow;
  /** Finds stacks. From memory, and cheap also where there are thousands. */
  findStacks(search: StackSearch): FoundStacks;
  /** Returns how many stacks are in which state. */
  countStacks(): ReadonlyMap<SyncState, number>;
  /** Returns how many stacks wait, by what keeps them: `frozen`, `blocked`, `out-of-turn`, `held`, `on-hold`, `cancelled`, `stopped`, `waiting`, `paced`, `contested`, `destroyed`. */
  countHolds(): ReadonlyMap<string, number>;
  /** Returns figures of at most so many stacks: those that are not in sync first, then by name. From memory, but for the newest backups. */
  stackFigures(limit: number): readonly StackFigures[];
  /**
   * Searches the targets that the repository names for stacks of it that nothing describes any more. State `blocked`: not to be
   * removed without being asked for by name, the message says why; `removed`: only what is kept is left; else: applying removes it.
   */
  leftovers(signal: AbortSignal): Promise<readonly StackView[]>;
  /** Asks the targets and brings the status of the stack up to date. */
  observe(name: string, signal: AbortSignal): Promise<StackView>;
  /** Oldest first: deployments from their tags, failed ones from the store. */
  history(stack: string): Promise<readonly HistoryEntry[]>;
  listWorkers(): readonly WorkerView[];
}

/** Bringing what runs in line, or leaving it as it is. */
export interface ApplyOperations {
  plan(request: PlanRequest, signal: AbortSignal): Promise<PlanResult>;
  getPlan(id: string): Plan | undefined;
  /** Queues; the job ends later. Throws at once when the stack is unknown or the plan is stale. */
  apply(request: ApplyRequest, signal: AbortSignal): Promise<Job>;
  /**
   * Queues; the job ends later. A stopped stack stays stopped until it is started, applied or described otherwise. A start of one that lacks
   * more than being started applies it. Throws at once when the stack is not described.
   */
  control(request: ControlRequest): Job;
  /**
   * Nothing is applied to the stack from now on that nobody asks for (a push, drift, a resync), until it is released; what is being applied ends. It outlives
   * the process. Throws UNKNOWN_STACK.
   */
  hold(stack: string, actor: Actor, reason?: string): StackView;
  /** Ends a hold; the stack is looked at again at once. Throws UNKNOWN_STACK. */
  releaseHold(stack: string): StackView;
}

/**
 * The engine behind every dialect and the command line. Throws `ReconcilerError`.
 * `start` makes it a daemon (watches, queue, resync); without it, it acts only when asked.
 */
export interface Reconciler
  extends
    RepositoryOperations,
    StackOperations,
    LiveOperations,
    DriftOperations,
    ApplyOperations,
    JobOperations,
    ServiceOperations,
    WriteOperations,
    FileOperations,
    DraftOperations,
    WorkflowOperations,
    DataOperations,
    CatalogueOperations,
    RegistryOperations,
    ClusterOperations,
    NoticeOperations,
    ChannelOperations,
    InventoryOperations,
    ImportOperations,
    DiagnosticsOperations,
    ReleaseOperations,
    VersionOperations,
    BuildOperations,
    GivenSecretOperations,
    AdoptionOperations,
    UpkeepOperations,
    AsyncDisposable {
  /** Begins to watch and reconcile by itself; resolves once the repository was read or the first attempt failed. */
  start(): Promise<void>;
  subscribe(listener: (event: ReconcilerEvent) => void): Disposable;
}
