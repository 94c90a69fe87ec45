import { untilAborted } from '../../base/abort-scope.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Job, JobFilter, JobLog, JobStep, JobType, LogLevel, Store } from '../../ports/store.ts';
import type { JobDetail } from '../../public/reconciler.ts';
import type { EventHub } from '../loop/event-hub.ts';
import { createJobIds } from './job-id.ts';
import { logJobs } from './job-log.ts';

export interface NewJob {
  readonly type: JobType;
  readonly stack: string;
  readonly trigger: string;
  readonly actor: string | null;
  readonly revision: string | null;
}

export interface JobStoreOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHub;
}

/** Ended jobs that the store would not take; more than these are forgotten, oldest first. */
const UNSTORED_LIMIT = 200;
/** A running job is stored at most this often; its start and its end always. */
const STORE_INTERVAL_MS = 500;

/**
 * Records jobs. A store that is full or locked must not stop a deployment: what it refuses stays in memory and is offered again
 * with the next write.
 */
export class JobStore {
  readonly #options: JobStoreOptions;
  readonly #nextId: () => string;
  readonly #open = new Map<string, JobRecorder>();
  readonly #unstored = new Map<string, JobRecorder>();
  #storeError: string | null = null;
  #refused = Promise.withResolvers<void>();

  constructor(options: JobStoreOptions) {
    this.#options = options;
    this.#nextId = createJobIds(options.clock, options.store);
    logJobs(options.events, options.logger);
  }

  /** Reason why the store took nothing lately, `null` when it does. */
  get storeError(): string | null {
    return this.#storeError;
  }

  create(request: NewJob): JobRecorder {
    const { clock, events } = this.#options;
    const job = newJob(request, this.#nextId(), new Date(clock.now()).toISOString());
    const recorder = new JobRecorder(job, clock, events, (self) => this.#persist(self));
    this.#open.set(job.id, recorder);
    this.#persist(recorder);
    events.publish({ type: 'job', job });
    return recorder;
  }

  get(id: string): JobDetail | undefined {
    const recorder = this.#live(id);
    if (recorder !== undefined) return recorder.detail();
    const { store } = this.#options;
    const job = store.getJob(id);
    return job === undefined ? undefined : { job, steps: store.listSteps(id), logs: store.listLogs(id) };
  }

  list(filter: JobFilter): { readonly jobs: readonly Job[]; readonly total: number } {
    const { jobs, total } = this.#options.store.listJobs(filter);
    const current = jobs.map(({ id }, index) => this.#live(id)?.job ?? (jobs[index] as Job));
    const shown = current.filter((job) => isWanted(job, filter));
    const listed = new Set(shown.map(({ id }) => id));
    const added = [...this.#unstored.values()].flatMap(({ job }) =>
      listed.has(job.id) || !isWanted(job, filter) || this.#isStoredAs(job, filter) ? [] : [job],
    );
    const all = total - (jobs.length - shown.length) + added.length;
    if (added.length === 0 || (filter.offset ?? 0) > 0) return { jobs: shown, total: all };
    const merged = [...added, ...shown].sort((a, b) => (a.id < b.id ? 1 : -1));
    return { jobs: merged.slice(0, filter.limit ?? merged.length), total: all };
  }

  #live(id: string): JobRecorder | undefined {
    return this.#open.get(id) ?? this.#unstored.get(id);
  }

  /** The store has it on another page. */
  #isStoredAs({ id }: Job, filter: JobFilter): boolean {
    const stored = this.#options.store.getJob(id);
    return stored !== undefined && isWanted(stored, filter);
  }

  /** Offers the store what it would not take. */
  flush(): void {
    const [first] = this.#unstored.values();
    if (first !== undefined) this.#persist(first);
  }

  /** Resolves as soon as the store refuses something. */
  async untilUnstored(signal: AbortSignal): Promise<void> {
    if (this.#unstored.size > 0) return;
    this.#refused = Promise.withResolvers();
    await untilAborted(this.#refused.promise, signal);
  }

  /**
   * Notes the tag that a job has left, also when it ended long before its tag could be made, and that it lost it to the remote's of the same name
   * (`null`: later deployments have theirs).
   */
  noteTag(id: string, tag: string | null): void {
    const open = this.#open.get(id);
    let isKnown = open?.job.tag === tag;
    if (open !== undefined) open.update({ tag });
    else
      this.#amend(id, (store) => {
        const job = store.getJob(id);
        isKnown = job?.tag === tag;
        if (job !== undefined && !isKnown) store.saveJob({ ...job, tag });
      });
    if (isKnown) return;
    if (tag !== null) this.addLog(id, 'info', `tagged ${tag}`);
    else this.addLog(id, 'warn', 'the remote has another tag of the name of this one, which is gone');
  }

  /** Adds a line about the tag of a job, also after it has ended. */
  addLog(id: string, level: LogLevel, message: string): void {
    const open = this.#open.get(id);
    if (open !== undefined) return open.log(level, message, 'tag');
    this.#amend(id, (store, time) => {
      if (store.getJob(id) === undefined) return;
      const sequence = (store.listLogs(id).at(-1)?.sequence ?? 0) + 1;
      store.appendLogs([{ jobId: id, sequence, time, level, step: 'tag', message }]);
    });
  }

  /** Writes to a job that has ended; history is worth less than what is done meanwhile. */
  #amend(id: string, write: (store: Store, time: string) => void): void {
    try {
      write(this.#options.store, new Date(this.#options.clock.now()).toISOString());
    } catch (error) {
      this.#options.logger.warn({ job: id, error: errorMessage(error) }, 'history cannot be stored');
    }
  }

  /** Resolves when the job has ended. Rejects with UNKNOWN_JOB, or CANCELLED when the signal aborts first. */
  waitFor(id: string, signal: AbortSignal): Promise<JobDetail> {
    const known = this.get(id);
    if (known === undefined)
      return Promise.reject(new ReconcilerError('UNKNOWN_JOB', `there is no job ${id}`));
    if (known.job.endedAt !== null) return Promise.resolve(known);
    const { promise, resolve, reject } = Promise.withResolvers<JobDetail>();
    const subscription = this.#options.events.subscribe((event) => {
      if (event.type === 'job' && event.job.id === id && event.job.endedAt !== null) {
        resolve(this.get(id) ?? { job: event.job, steps: [], logs: [] });
      }
    });
    const onAbort = () => reject(new ReconcilerError('CANCELLED', 'stopped waiting for the job'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    return promise.finally(() => {
      subscription[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
    });
  }

  #persist(recorder: JobRecorder): void {
    const { id, endedAt } = recorder.job;
    try {
      for (const waiting of this.#unstored.values()) waiting.storeIn(this.#options.store);
      this.#unstored.clear();
      recorder.storeIn(this.#options.store);
      this.#storeError = null;
    } catch (error) {
      if (!(error instanceof ReconcilerError)) throw error;
      this.#keepUnstored(recorder, error);
    }
    if (endedAt !== null) this.#open.delete(id);
  }

  #keepUnstored(recorder: JobRecorder, error: ReconcilerError): void {
    if (this.#storeError === null) {
      this.#options.logger.warn({ code: error.code, error: error.message }, 'history cannot be stored');
    }
    this.#storeError = errorMessage(error);
    this.#unstored.set(recorder.job.id, recorder);
    this.#refused.resolve();
    const surplus = [...this.#unstored.keys()].slice(0, Math.max(0, this.#unstored.size - UNSTORED_LIMIT));
    for (const id of surplus) this.#unstored.delete(id);
  }
}

/** One execution while it goes on: every change is published, and stored as far as the store is there. */
export class JobRecorder {
  readonly #clock: Clock;
  readonly #events: EventHub;
  readonly #persist: (self: JobRecorder) => void;
  #job: Job;
  #steps: JobStep[] = [];
  #endedSteps = 0;
  /** Steps that the store does not know as they are now. */
  readonly #unstored = new Set<number>();
  readonly #logs: JobLog[] = [];
  #storedLogs = 0;
  #storedAt = Number.NEGATIVE_INFINITY;

  constructor(job: Job, clock: Clock, events: EventHub, persist: (self: JobRecorder) => void) {
    this.#job = job;
    this.#clock = clock;
    this.#events = events;
    this.#persist = persist;
  }

  get job(): Job {
    return this.#job;
  }

  detail(): JobDetail {
    return { job: this.#job, steps: [...this.#steps], logs: [...this.#logs] };
  }

  start(patch: Partial<Job> = {}): void {
    this.#change({ status: 'running', startedAt: this.#job.startedAt ?? this.#now(), ...patch });
    this.#persist(this);
  }

  update(patch: Partial<Job>): void {
    this.#change(patch);
    if (this.#clock.elapsed() - this.#storedAt >= STORE_INTERVAL_MS) this.#persist(this);
  }

  plan(steps: readonly JobStep[]): void {
    this.#steps = [...steps];
    this.#endedSteps = 0;
    for (const [index, step] of steps.entries()) {
      if (step.endedAt !== null) this.#endedSteps += 1;
      this.#unstored.add(index);
      this.#events.publish({ type: 'step', step });
    }
  }

  stepAt(index: number): JobStep | undefined {
    return this.#steps[index];
  }

  step(index: number, patch: Partial<JobStep>): void {
    const step = this.#steps[index];
    if (step === undefined) return;
    const next = { ...step, ...patch };
    this.#steps[index] = next;
    this.#unstored.add(index);
    this.#events.publish({ type: 'step', step: next });
    this.#endedSteps += Number(next.endedAt !== null) - Number(step.endedAt !== null);
    const progress = Math.min(99, Math.floor((100 * this.#endedSteps) / this.#steps.length));
    if (progress > this.#job.progress) this.update({ progress });
  }

  log(level: LogLevel, message: string, step: string | null = null): void {
    const sequence = this.#logs.length + 1;
    const log: JobLog = { jobId: this.#job.id, sequence, time: this.#now(), level, step, message };
    this.#logs.push(log);
    this.#events.publish({ type: 'log', log });
  }

  /** Sets the end state. `error` says why it failed or was cancelled. */
  end(status: 'completed' | 'failed' | 'cancelled', error?: unknown): void {
    const failure = error === undefined ? null : toJobError(error);
    if (failure !== null) this.log(status === 'failed' ? 'error' : 'warn', failure.message);
    const progress = status === 'completed' ? 100 : this.#job.progress;
    this.#job = { ...this.#job, status, error: failure, progress, endedAt: this.#now() };
    this.#persist(this);
    this.#events.publish({ type: 'job', job: this.#job });
  }

  /** Writes what the store lacks. */
  storeIn(store: Store): void {
    const steps = [...this.#unstored].flatMap((index) => this.#steps[index] ?? []);
    store.saveProgress(this.#job, steps, this.#logs.slice(this.#storedLogs));
    this.#unstored.clear();
    this.#storedLogs = this.#logs.length;
    this.#storedAt = this.#clock.elapsed();
  }

  #change(patch: Partial<Job>): void {
    this.#job = { ...this.#job, ...patch };
    this.#events.publish({ type: 'job', job: this.#job });
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function isWanted(job: Job, { stack, status, type, since }: JobFilter): boolean {
  return (
    (stack === undefined || job.stack === stack) &&
    (status === undefined || job.status === status) &&
    (type === undefined || job.type === type) &&
    (since === undefined || job.createdAt >= since)
  );
}

function newJob(request: NewJob, id: string, now: string): Job {
  return {
    ...request,
    id,
    status: 'queued',
    planId: null,
    summary: null,
    progress: 0,
    error: null,
    tag: null,
    createdAt: now,
    startedAt: null,
    endedAt: null,
  };
}

function toJobError(error: unknown): Job['error'] {
  const code = error instanceof ReconcilerError ? error.code : 'TARGET_ERROR';
  const retryable = error instanceof ReconcilerError && error.retryable;
  return { code, message: errorMessage(error), retryable };
}
