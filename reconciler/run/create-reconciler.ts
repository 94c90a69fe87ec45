import { hasErrors } from '../base/diagnostic.ts';
import { errorMessage, ReconcilerError } from '../base/errors.ts';
import type { GeneratedStack, GenerateRequest } from '../model/generated.ts';
import type { TargetReference } from '../model/target.ts';
import { formatSummary } from '../plan/format-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import { NO_BACKUP_STORE } from '../ports/backup-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { DesiredState } from '../ports/desired.ts';
import type { Freeze } from '../ports/freeze.ts';
import { NEVER_FROZEN } from '../ports/freeze.ts';
import type { Logger } from '../ports/logger.ts';
import type { DeploymentTag, Source } from '../ports/source.ts';
import type { Job, JobFilter, Store } from '../ports/store.ts';
import { requireCapability } from '../ports/target-capabilities.ts';
import type { ExecSession, LogLine, LogOptions, SessionOptions } from '../ports/target-capabilities.ts';
import type { Target } from '../ports/target.ts';
import type {
  ApplyRequest,
  BackupFilter,
  BackupList,
  BackupRequest,
  ControlRequest,
  DatabaseView,
  DeleteStacksRequest,
  DriftCheck,
  DriftRequest,
  DriftResolution,
  DriftView,
  HistoryEntry,
  JobDetail,
  PlanRequest,
  PlanResult,
  Reconciler,
  ReconcilerEvent,
  ReleaseOperations,
  RepositoryStatus,
  RestoreRequest,
  RollbackResult,
  StackDeletion,
  StackView,
  SyncState,
  ValidationReport,
  WorkerView,
  WriteResult,
} from '../public/reconciler.ts';
import type { Actor } from '../public/views.ts';
import { Background } from './loop/background.ts';
import { Backups } from './backups/backups.ts';
import { BackupSchedule } from './backups/backup-schedule.ts';
import { savePlan } from './context.ts';
import type { RunContext } from './context.ts';
import { Deployments } from './record/deployments.ts';
import { readDatabases } from './observe/databases.ts';
import { runStackDeletion } from './write/delete-stacks.ts';
import type { DeletionParts } from './write/delete-stacks.ts';
import { driftedOf, recordDriftCheck } from './drift/drift-check.ts';
import { createEventHub } from './loop/events.ts';
import { readHistory } from './record/history.ts';
import { JobStore } from './record/job-store.ts';
import { Loop } from './loop/loop.ts';
import { planStack, undescribedStack } from './observe/plan-stack.ts';
import { createReleases } from './write/releases.ts';
import { RepositoryWriter } from './write/repository-writer.ts';
import { placeOf, readServiceLogs } from './observe/service-logs.ts';
import { orderOf } from './reconcile/requests.ts';
import { StackTable } from './stack-table.ts';
import { TargetPool } from './observe/target-pool.ts';
import { listWorkers } from './observe/workers.ts';

export interface ReconcilerOptions {
  readonly source: Source;
  readonly desired: DesiredState;
  readonly store: Store;
  readonly createTarget: (reference: TargetReference) => Target;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where databases are backed up to. Default: nowhere but in volumes. */
  readonly backups?: BackupStore;
  /** Default: nothing is ever frozen. */
  readonly freeze?: Freeze;
  /** Stacks worked on at the same time. Default 4. */
  readonly stackConcurrency?: number;
  /** Changes of one stack carried out at the same time. Default 8. */
  readonly changeConcurrency?: number;
  /** Everything is looked at again this often. Default 300,000. */
  readonly resyncMs?: number;
  /** Ended jobs are kept this long. Default 30 days. */
  readonly keepJobsMs?: number;
}

/** Puts the parts together: the loop, and everything that can be asked. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { source, desired, store, clock, logger, createTarget } = options;
  const events = createEventHub((error) => logger.error({ error: errorMessage(error) }, 'a listener failed'));
  const reconciler = new LoopReconciler(
    {
      source,
      desired,
      pool: new TargetPool({ createTarget, clock, logger }),
      store,
      clock,
      logger,
      events,
      jobs: new JobStore({ store, clock, logger, events }),
      stacks: new StackTable(events),
      deployments: new Deployments(source, logger),
      freeze: options.freeze ?? NEVER_FROZEN,
      hooked: new Map(),
      unsaved: new Map(),
      concurrency: options.changeConcurrency ?? 8,
    },
    options,
  );
  return Object.assign(reconciler, reconciler.releases());
}

class LoopReconciler implements Omit<Reconciler, keyof ReleaseOperations> {
  readonly #context: RunContext;
  readonly #loop: Loop;
  readonly #writer: RepositoryWriter;
  readonly #backups: Backups;
  readonly #schedule: BackupSchedule;
  readonly #background: Background;

  constructor(context: RunContext, options: ReconcilerOptions) {
    this.#context = context;
    this.#backups = new Backups(context, options.backups ?? NO_BACKUP_STORE);
    this.#schedule = new BackupSchedule(context, this.#backups);
    this.#background = new Background(context.clock, context.logger);
    this.#loop = new Loop(context, { ...options, onRun: (stack) => this.#schedule.note(stack) });
    this.#writer = new RepositoryWriter(context, () => this.#loop.repository.error);
  }

  releases(): ReleaseOperations {
    return createReleases({
      context: this.#context,
      writer: this.#writer,
      refresh: (signal) => this.#loop.refreshForWrite(signal),
      written: (write) => this.#loop.written(write),
      request: (request, signal) => this.#loop.request(request, signal),
    });
  }

  start(): Promise<void> {
    this.#background.run('backup schedule', (signal) => this.#schedule.run(signal));
    return this.#loop.start();
  }

  async refresh(signal: AbortSignal): Promise<RepositoryStatus> {
    await this.#loop.repository.refresh(signal);
    return this.repository();
  }

  requestSync(): void {
    this.#loop.requestSync();
  }

  repository(): RepositoryStatus {
    return this.#loop.repository.status();
  }

  stackNames(): readonly string[] {
    const { desired, stacks } = this.#context;
    return [...new Set([...desired.names(), ...stacks.names()])].sort();
  }

  listStacks(page?: { readonly offset: number; readonly limit: number }): readonly StackView[] {
    const names = this.stackNames();
    const wanted = page === undefined ? names : names.slice(page.offset, page.offset + page.limit);
    return wanted.map((name) => this.getStack(name));
  }

  getStack(name: string): StackView {
    const { desired, stacks, deployments, pool } = this.#context;
    const description =
      desired.get(name) ?? (stacks.state(name) === undefined ? undefined : undescribedStack(name));
    if (description === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
    return stacks.view(description, deployments.knownLatest(name), pool);
  }

  countStacks(): ReadonlyMap<SyncState, number> {
    const counts = new Map<SyncState, number>();
    for (const name of this.stackNames()) {
      const state = this.#context.stacks.state(name) ?? 'unknown';
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return counts;
  }

  async leftovers(signal: AbortSignal): Promise<readonly StackView[]> {
    return (await this.#loop.leftovers(signal)).map((name) => this.getStack(name));
  }

  async observe(name: string, signal: AbortSignal): Promise<StackView> {
    await this.#loop.refreshStatus(name, signal);
    return this.getStack(name);
  }

  getDrift(stack: string): DriftView {
    return this.getStack(stack).drift;
  }

  async checkDrift(stack: string, actor: Actor | null, signal: AbortSignal): Promise<DriftCheck> {
    const { drift } = await this.observe(stack, signal);
    const by = { stack, trigger: 'api', actor: actor?.name ?? null };
    return { drift, job: recordDriftCheck(this.#context, by) };
  }

  async resolveDrift(request: DriftRequest, signal: AbortSignal): Promise<DriftResolution> {
    await this.#loop.refreshIfPossible(signal);
    const { stack, action, actor, trigger } = request;
    const { drift } = await this.observe(stack, signal);
    const only = driftedOf(request, drift);
    if (action === 'apply_desired') {
      const job = await this.#loop.request({ stack, actor, trigger }, signal);
      return { job, write: null, unplaced: [] };
    }
    const planned = await planStack(this.#context, { stack, mode: 'apply', deleteVolumes: false }, signal);
    const { unplaced, ...write } = await this.#loop.written(
      this.#writer.acceptDrift(planned, only, { actor, signal }),
    );
    await this.#loop.refreshStatusIfPossible(stack, signal);
    return { job: null, write, unplaced };
  }

  async plan(request: PlanRequest, signal: AbortSignal): Promise<PlanResult> {
    await this.#loop.refreshIfPossible(signal);
    const { stack, trigger, actor } = request;
    await this.#loop.findLeftovers(stack, signal);
    const { plan } = await planStack(this.#context, orderOf(request), signal);
    const job = this.#context.jobs.create({
      type: 'plan',
      stack,
      trigger,
      actor: actor?.name ?? null,
      revision: plan.revision,
    });
    const planId = savePlan(this.#context, plan);
    job.start({ summary: plan.summary, planId });
    job.log('info', formatSummary(plan.summary));
    job.end('completed');
    return { plan, planId: planId ?? '', job: job.job };
  }

  async apply(request: ApplyRequest, signal: AbortSignal): Promise<Job> {
    await this.#loop.refreshIfPossible(signal);
    return this.#loop.request(request, signal);
  }

  control(request: ControlRequest): Job {
    return this.#loop.control(request);
  }

  waitForJob(id: string, signal: AbortSignal): Promise<JobDetail> {
    return this.#context.jobs.waitFor(id, signal);
  }

  getJob(id: string): JobDetail {
    const detail = this.#context.jobs.get(id);
    if (detail === undefined) throw new ReconcilerError('UNKNOWN_JOB', `there is no job ${id}`);
    return detail;
  }

  listJobs(filter: JobFilter): { readonly jobs: readonly Job[]; readonly total: number } {
    return this.#context.jobs.list(filter);
  }

  getPlan(id: string): Plan | undefined {
    return this.#context.store.getPlan(id);
  }

  async history(stack: string): Promise<readonly HistoryEntry[]> {
    const history = await readHistory(this.#context, stack);
    if (history.length === 0) this.getStack(stack);
    return history;
  }

  async rollback(stack: string, to: number, actor: Actor, signal: AbortSignal): Promise<RollbackResult> {
    await this.#loop.refreshForWrite(signal);
    return this.#loop.written(this.#writer.rollback(stack, to, { actor, signal }));
  }

  databases(signal: AbortSignal, filter: BackupFilter = {}): Promise<readonly DatabaseView[]> {
    const stacks = filter.stack === undefined ? this.listStacks() : [this.getStack(filter.stack)];
    return readDatabases(this.#context, { stacks, filter }, signal);
  }

  listBackups(filter: BackupFilter, signal: AbortSignal): Promise<BackupList> {
    const stacks = filter.stack === undefined ? this.stackNames() : [filter.stack];
    return this.#backups.list(filter, stacks, signal);
  }

  backup(request: BackupRequest): Job {
    return this.#backups.backup(request);
  }

  restore(request: RestoreRequest): Job {
    return this.#backups.restore(request);
  }

  listTags(): Promise<readonly DeploymentTag[]> {
    return this.#context.source.tags('');
  }

  logs(stack: string, service: string, options: LogOptions): AsyncIterable<LogLine> {
    return readServiceLogs(this.#context, { view: this.getStack(stack), service }, options);
  }

  async openSession(stack: string, service: string, options: SessionOptions): Promise<ExecSession> {
    const { target, resource } = placeOf(this.#context, { view: this.getStack(stack), service });
    return requireCapability(target, 'runsPrograms').openSession(stack, resource, options);
  }

  listWorkers(): readonly WorkerView[] {
    return listWorkers(this.#context);
  }

  validate(text: string, file?: string): ValidationReport {
    const { diagnostics, services, dependencies } = this.#context.desired.check(text, file);
    return { valid: !hasErrors(diagnostics), diagnostics, services, dependencies };
  }

  async generate(request: GenerateRequest, signal: AbortSignal): Promise<GeneratedStack> {
    await this.#loop.refreshIfPossible(signal);
    return this.#context.desired.generate(request);
  }

  async createStack(name: string, document: object, actor: Actor, signal: AbortSignal): Promise<WriteResult> {
    await this.#loop.refreshForWrite(signal);
    return this.#loop.written(this.#writer.createStack(name, document, { actor, signal }));
  }

  async updateStack(name: string, keys: object, actor: Actor, signal: AbortSignal): Promise<WriteResult> {
    await this.#loop.refreshForWrite(signal);
    return this.#loop.written(this.#writer.updateStack(name, keys, { actor, signal }));
  }

  async deleteStack(name: string, actor: Actor, signal: AbortSignal): Promise<WriteResult> {
    await this.#loop.refreshForWrite(signal);
    const result = await this.#loop.written(this.#writer.deleteStack(name, { actor, signal }));
    await this.#destroyLast(name, actor);
    return result;
  }

  /**
   * A revision that describes nothing is refused, so that an accident deletes nothing. Whoever deletes the last stack by name means it: the commit stands,
   * and what runs of the stack is destroyed as if that had been asked for.
   */
  async #destroyLast(stack: string, actor: Actor): Promise<void> {
    if (this.#loop.repository.error?.code !== 'EMPTY_REPOSITORY') return;
    const request = { stack, mode: 'destroy', confirm: true, actor, trigger: 'api' } as const;
    await this.#loop.request(request, new AbortController().signal);
  }

  async deleteStacks(request: DeleteStacksRequest): Promise<StackDeletion> {
    const signal = new AbortController().signal;
    await this.#loop.refreshForWrite(signal);
    const parts: DeletionParts = {
      context: this.#context,
      writer: this.#writer,
      refreshStatus: (stack) => this.#loop.refreshStatus(stack, signal),
      written: (write) => this.#loop.written(write),
      request: (one) => this.#loop.request(one, signal),
      signal,
    };
    return runStackDeletion(parts, request);
  }

  async registerWorker(
    name: string,
    document: object,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    await this.#loop.refreshForWrite(signal);
    return this.#loop.written(this.#writer.registerWorker(name, document, { actor, signal }));
  }

  async unregisterWorker(name: string, actor: Actor, signal: AbortSignal): Promise<WriteResult> {
    await this.#loop.refreshForWrite(signal);
    return this.#loop.written(this.#writer.unregisterWorker(name, { actor, signal }));
  }

  storeError(): string | null {
    return this.#context.jobs.storeError;
  }

  subscribe(listener: (event: ReconcilerEvent) => void): Disposable {
    return this.#context.events.subscribe(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#background[Symbol.asyncDispose]();
    await this.#backups[Symbol.asyncDispose]();
    await this.#loop[Symbol.asyncDispose]();
    await this.#context.pool[Symbol.asyncDispose]();
  }
}
