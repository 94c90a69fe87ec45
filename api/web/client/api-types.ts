/** Shapes of the REST API (`/api/v1/openapi.json`), as far as the page reads them. Times are ISO 8601. */

export type Role = 'viewer' | 'deployer' | 'admin';

export interface SessionView {
  readonly signed_in: boolean;
  readonly name: string | null;
  readonly email: string | null;
  readonly role: Role | null;
  readonly via: 'key' | 'token' | 'open' | 'session' | null;
  readonly expires_at: string | null;
  /** `off`: everybody on the machine may do everything. */
  readonly auth: 'on' | 'off';
  readonly methods: {
    readonly key: boolean;
    readonly password: boolean;
    readonly providers: readonly { readonly name: string; readonly display_name: string }[];
  };
  readonly version: string;
}

export type StackState =
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

export type HealthWord =
  | 'healthy'
  | 'starting'
  | 'unhealthy'
  | 'completed'
  | 'failed'
  | 'stopped'
  | 'missing'
  | 'unknown';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
}

export interface ServiceView {
  readonly name: string;
  readonly status: HealthWord;
  readonly node: string;
  readonly image: string;
  readonly running_image: string | null;
  readonly ports: readonly string[];
  readonly depends_on: readonly string[];
  readonly resource: string;
  readonly replicas: number;
  readonly message: string | null;
}

export interface NodeView {
  readonly id: string;
  readonly name: string;
  readonly status: 'online' | 'offline' | 'unknown';
  readonly address: string;
}

export interface DeploymentView {
  readonly number: number;
  readonly tag: string;
  readonly revision: string;
  readonly time: string;
  readonly author: string | null;
  readonly summary: string;
  /** First line of the commit's message. */
  readonly subject?: string | null;
  readonly job_id: string | null;
}

export interface PlanSummary {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly noop: number;
}

export interface JobView {
  readonly id: string;
  readonly type: string;
  readonly stack_id: string;
  readonly status: 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';
  readonly trigger: string;
  readonly actor: string | null;
  readonly revision: string | null;
  readonly plan_id: string | null;
  readonly summary: PlanSummary | null;
  readonly summary_text: string | null;
  readonly progress: number;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly tag: string | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly duration_ms: number | null;
}

export interface StepView {
  readonly index: number;
  readonly name: string;
  readonly action: string | null;
  readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled' | 'reverted';
  readonly message: string | null;
  readonly health: HealthWord | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  /** Indexes of the steps that come before it. */
  readonly depends_on?: readonly number[];
}

export interface LogView {
  readonly sequence: number;
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly step: string | null;
  readonly msg: string;
}

export interface JobDetail extends JobView {
  readonly steps: readonly StepView[];
  readonly logs: readonly LogView[];
}

/** Reason for which a stack waits, in words. */
export interface Waiting {
  readonly reason: string;
  readonly message: string;
  readonly until?: string | null;
}

export interface StackRow {
  readonly id: string;
  readonly name: string;
  readonly kind: 'kombination' | 'workflow';
  readonly file: string;
  readonly stackkit: string;
  readonly status: string;
  readonly state: StackState;
  readonly message: string | null;
  readonly nodes: readonly NodeView[];
  readonly services: readonly ServiceView[];
  readonly updated_at: string | null;
  readonly deployed_at: string | null;
  readonly revision: string | null;
  readonly deployment: DeploymentView | null;
  readonly last_job: JobView | null;
  readonly drift: DriftView;
  readonly diagnostics: readonly Diagnostic[];
  readonly next_look_at: string | null;
  readonly waits?: Waiting | null;
  /** Set while somebody holds it as it is; left out by daemons that cannot hold stacks. */
  readonly hold?: {
    readonly by: string | null;
    readonly reason: string | null;
    readonly at: string;
  } | null;
}

export interface StackDetail extends StackRow {
  readonly config: unknown;
}

export interface DriftView {
  readonly has_drift: boolean;
  readonly status: 'drifted' | 'unknown' | 'in_sync';
  readonly last_check: string | null;
  readonly changes: readonly DriftChange[];
}

export interface DriftChange {
  readonly resource: string;
  readonly action: string;
  readonly field: string | null;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly type: 'missing' | 'unexpected' | 'modified';
}

export interface Pagination {
  readonly page: number;
  readonly per_page: number;
  readonly total: number;
  readonly total_pages: number;
}

export interface StackList {
  readonly stacks: readonly StackRow[];
  readonly pagination: Pagination;
  readonly counts?: Readonly<Partial<Record<StackState, number>>>;
}

export interface RevisionView {
  readonly commit: string;
  readonly time?: string;
  readonly author?: string | { readonly name: string; readonly email: string } | null;
  /** First line of the commit's message. */
  readonly subject?: string;
}

export interface RepositoryView {
  readonly location: string;
  readonly branch: string;
  /** Directory of the repository that is read; blank: all of it. */
  readonly root?: string;
  readonly revision: RevisionView | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Names. */
  readonly stacks: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** Addresses of the Git host's pages with places to fill in; `null` where they are not known. */
  readonly web?: { readonly commit: string; readonly file: string } | null;
}

export type PlanAction = 'create' | 'update' | 'replace' | 'delete' | 'no-op';

export interface FieldChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly sensitive?: boolean;
}

export interface ContentChange {
  /** Path in the container. */
  readonly target: string;
  readonly source?: string;
  readonly before: { readonly blob: string; readonly bytes: number | null } | null;
  readonly after: { readonly blob: string; readonly bytes: number | null } | null;
  /** Lines of a unified diff. */
  readonly lines?: readonly string[];
  readonly omitted?: number;
  readonly binary?: true;
}

export interface PlanChange {
  readonly id: string;
  readonly action: PlanAction;
  readonly target: string;
  readonly kind: string;
  readonly name: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly fields: readonly FieldChange[];
  readonly cause: string;
  readonly origin: { readonly file: string; readonly line: number; readonly column: number } | null;
  readonly contents?: readonly ContentChange[];
}

export interface Confirmation {
  readonly code: string;
  readonly message: string;
  readonly ids: readonly string[];
}

export interface PlanDocument {
  readonly stack: string;
  readonly mode: 'apply' | 'destroy';
  readonly revision: string | null;
  readonly changes: readonly PlanChange[];
  readonly summary: PlanSummary;
  readonly confirmations: readonly Confirmation[];
  readonly diagnostics: readonly Diagnostic[];
  readonly unreachable?: readonly { readonly target: string; readonly message: string }[];
  readonly waitsFor?: readonly string[];
}

export interface PlanAnswer extends PlanDocument {
  readonly plan_id: string;
  readonly job_id: string;
  readonly has_changes: boolean;
  readonly summary_text: string;
}
