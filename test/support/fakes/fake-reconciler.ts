import { createHash } from 'node:crypto';
import type {
  Confirmation,
  DeploymentTag,
  Job,
  JobDetail,
  JobLog,
  JobStep,
  Plan,
  Reconciler,
  ReconcilerEvent,
  RepositoryStatus,
  WorkerView,
  WriteResult,
} from '../../../reconciler/index.ts';
import { ReconcilerError } from '../../../reconciler/index.ts';
import { createFakeData } from './fake-data.ts';
import { createFakePlatform } from './fake-platform.ts';
import type { FakeHints } from './hosts/fake-hints.ts';
import { createFakeHints } from './hosts/fake-hints.ts';
import { createFakeSessions } from './fake-sessions.ts';
import { createFakeReleases } from './fake-releases.ts';
import { createFakeUpkeep } from './upkeep/fake-upkeep.ts';
import { createFakeVersions } from './fake-versions.ts';
import {
  assertServices,
  buildView,
  buildWorker,
  cancelFake,
  COMMIT,
  createFakeSearch,
  DRIFT,
  generateFake,
  validate,
} from './fake-views.ts';
import { at, buildJob, buildStoredPlan } from '../records.ts';

export interface FakeReconciler extends Reconciler, FakeHints {
  /** Every write, in order: `createStack homelab by Ada <ada@example.org>`. */
  readonly writes: readonly string[];
  /** Returns what the last created or updated document was. */
  readonly documentOf: (stack: string) => unknown;
  /** Ends a job that `apply` has queued. */
  finish(jobId: string, status?: Job['status']): void;
  log(jobId: string, message: string): void;
  step(jobId: string, name: string, status: JobStep['status']): void;
  /** Makes plans ask for this, and an apply without a yes is refused. */
  askFor(confirmations: readonly Confirmation[]): void;
  addTag(name: string, message: string): void;
  /** Makes starts, stops and restarts end with this. */
  failControl(error: NonNullable<Job['error']>): void;
  /** The next call of any operation throws this. */
  failWith(error: unknown): void;
  setRepository(changes: Partial<RepositoryStatus>): void;
  setStoreError(error: string | null): void;
  addWorker(changes: Partial<WorkerView>): void;
  readonly listeners: () => number;
  readonly emit: (event: ReconcilerEvent) => void;
}

/** Stacks, jobs and plans in memory; nothing runs, jobs end when the test says so. */
export function createFakeReconciler(): FakeReconciler {
  const stacks = new Map<string, Record<string, unknown>>();
  const jobs = new Map<string, { job: Job; steps: JobStep[]; logs: JobLog[] }>();
  const plans = new Map<string, Plan>();
  const workers: WorkerView[] = [];
  const listeners = new Set<(event: ReconcilerEvent) => void>();
  const writes: string[] = [];
  let storeError: string | null = null;
  let failure: unknown = null;
  let confirmations: readonly Confirmation[] = [];
  const tags: DeploymentTag[] = [];
  const stopped = new Set<string>();
  let controlFailure: Job['error'] = null;
  let repository: RepositoryStatus = {
    location: '/srv/config.git',
    branch: 'main',
    root: '',
    revision: {
      commit: COMMIT,
      branch: 'main',
      author: { name: 'Ada', email: 'ada@example.org' },
      subject: 'Begin',
      time: at(0),
      dirty: false,
    },
    error: null,
    stacks: 0,
    diagnostics: [],
  };

  const publish = (event: ReconcilerEvent) => {
    for (const listener of listeners) listener(event);
  };
  const throwPlanned = () => {
    if (failure === null) return;
    const error = failure;
    failure = null;
    throw error;
  };
  const known = (name: string) => {
    throwPlanned();
    const document = stacks.get(name);
    if (document === undefined) throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${name}`);
    return document;
  };
  const detailOf = (id: string) => {
    const detail = jobs.get(id);
    if (detail === undefined) throw new ReconcilerError('UNKNOWN_JOB', `there is no job ${id}`);
    return detail;
  };
  const addJob = (changes: Partial<Job>) => {
    const job = buildJob(jobs.size + 1, { trigger: 'api', ...changes });
    jobs.set(job.id, { job, steps: [], logs: [] });
    return job;
  };
  const jobOf = (name: string) => [...jobs.values()].findLast(({ job }) => job.stack === name)?.job ?? null;
  const viewOf = (name: string) => {
    const view = buildView(name, known(name), jobOf(name));
    if (!stopped.has(name)) return view;
    const services = view.services.map((service) => ({ ...service, health: 'stopped' as const }));
    return { ...view, state: 'stopped' as const, services };
  };
  const written = (what: string, name: string, file: string): WriteResult => {
    writes.push(`${what} ${name}`);
    return { commit: COMMIT, file };
  };
  const planOf = (stack: string, mode: Plan['mode']): Plan => ({
    ...buildStoredPlan(stack),
    mode,
    desired: createHash('sha256')
      .update(JSON.stringify(stacks.get(stack)))
      .digest('hex')
      .slice(0, 32),
    summary: { create: 1, update: 0, replace: 0, delete: 0, noop: 0 },
    confirmations,
  });

  const data = createFakeData({
    viewOf,
    stacks: () => [...stacks.keys()].sort(),
    addJob,
    check: throwPlanned,
  });
  return {
    ...data,
    ...createFakeReleases(tags, addJob),
    ...createFakeUpkeep({ known, viewOf, addJob, commit: COMMIT }),
    ...createFakeVersions((stack) => stacks.get(stack)),
    ...createFakePlatform((write) => void writes.push(write), { stacks, viewOf }),
    leftovers: () => Promise.resolve([]),
    suggestPolicy: () => Promise.resolve(''),
    writes,
    ...createFakeHints(),
    documentOf: (stack) => stacks.get(stack),
    listeners: () => listeners.size,
    emit: publish,
    finish(id, status = 'completed') {
      const detail = detailOf(id);
      detail.job = { ...detail.job, status, progress: 100, endedAt: at(2) };
      publish({ type: 'job', job: detail.job });
    },
    log(id, message) {
      const detail = detailOf(id);
      const log: JobLog = {
        jobId: id,
        sequence: detail.logs.length + 1,
        time: at(1),
        level: 'info',
        step: null,
        message,
      };
      detail.logs.push(log);
      publish({ type: 'log', log });
    },
    step(id, name, status) {
      const detail = detailOf(id);
      const ended = status === 'running' || status === 'pending' ? null : at(2);
      const index = detail.steps.findIndex((step) => step.name === name);
      const step: JobStep = {
        jobId: id,
        index: index === -1 ? detail.steps.length : index,
        name,
        action: 'create',
        status,
        message: null,
        health: null,
        startedAt: at(1),
        endedAt: ended,
      };
      detail.steps[step.index] = step;
      publish({ type: 'step', step });
    },
    askFor: (wanted) => void (confirmations = wanted),
    addTag: (name, message) => void tags.push({ name, commit: COMMIT, message, time: at(1) }),
    failControl: (error) => void (controlFailure = error),
    failWith: (error) => void (failure = error),
    setRepository: (changes) => void (repository = { ...repository, ...changes }),
    setStoreError: (error) => void (storeError = error),
    addWorker: (changes) => void workers.push(buildWorker(changes)),

    start: () => Promise.resolve(),
    refresh: () => Promise.resolve(repository),
    repository: () => repository,
    stackNames: () => [...stacks.keys()].sort(),
    listStacks(page) {
      throwPlanned();
      const names = [...stacks.keys()].sort();
      const { offset, limit } = page ?? { offset: 0, limit: names.length };
      return names.slice(offset, offset + limit).map((name) => buildView(name, known(name), jobOf(name)));
    },
    getStack: viewOf,
    ...createFakeSearch(() => [...stacks.keys()].sort(), viewOf, throwPlanned),
    countHolds: () => new Map(),
    stackFigures: () => [],
    countStacks: () => new Map([['pending', stacks.size]]),
    storeError: () => storeError,
    tagError: () => null,
    observe: (name) => Promise.resolve({ ...viewOf(name), message: 'observed' }),
    plan(request) {
      known(request.stack);
      const plan = planOf(request.stack, request.mode ?? 'apply');
      const planId = `plan_${createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 32)}`;
      plans.set(planId, plan);
      const job = addJob({ type: 'plan', stack: request.stack, planId, actor: request.actor?.name ?? null });
      return Promise.resolve({ plan, planId, job });
    },
    apply(request) {
      known(request.stack);
      const current = planOf(request.stack, request.mode ?? 'apply');
      if (request.plan !== undefined && request.plan.desired !== current.desired) {
        throw new ReconcilerError('PLAN_STALE', 'the description changed');
      }
      if (confirmations.length > 0 && request.confirm !== true) {
        throw new ReconcilerError('CONFIRMATION_REQUIRED', 'the plan needs a yes');
      }
      const type = request.mode ?? 'apply';
      const actor = request.actor?.name ?? null;
      return Promise.resolve(
        addJob({
          type,
          stack: request.stack,
          status: 'queued',
          actor,
          startedAt: null,
          endedAt: null,
          progress: 0,
        }),
      );
    },
    control({ stack, action, actor }) {
      known(stack);
      if (controlFailure === null) stopped[action === 'stop' ? 'add' : 'delete'](stack);
      const job = addJob({
        type: action,
        stack,
        status: controlFailure === null ? 'completed' : 'failed',
        error: controlFailure,
        actor: actor?.name ?? null,
      });
      const verb = action === 'stop' ? 'stop' : 'start';
      const line = { jobId: job.id, sequence: 1, time: at(1), level: 'info', step: null } as const;
      const message = `${verb} local/container/web: completed`;
      jobs.set(job.id, { job, steps: [], logs: [{ ...line, message }] });
      return job;
    },
    async waitForJob(id, signal) {
      const detail = detailOf(id);
      if (detail.job.endedAt !== null) return detail;
      const { promise, resolve, reject } = Promise.withResolvers<JobDetail>();
      const listener = (event: ReconcilerEvent) => {
        if (event.type === 'job' && event.job.id === id && event.job.endedAt !== null) resolve(detail);
      };
      const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      listeners.add(listener);
      signal.addEventListener('abort', abort);
      return promise.finally(() => {
        listeners.delete(listener);
        signal.removeEventListener('abort', abort);
      });
    },
    getJob: (id) => detailOf(id),
    cancelJob: (id) => cancelFake(detailOf(id)),
    listJobs(filter) {
      throwPlanned();
      const all = [...jobs.values()].map(({ job }) => job).reverse();
      const found = all.filter(
        (job) =>
          (filter.stack ?? job.stack) === job.stack &&
          (filter.type ?? job.type) === job.type &&
          filter.except !== job.type &&
          (filter.status ?? job.status) === job.status &&
          (filter.since ?? '') <= job.createdAt,
      );
      const offset = filter.offset ?? 0;
      return { jobs: found.slice(offset, offset + (filter.limit ?? 50)), total: found.length };
    },
    getPlan: (id) => plans.get(id),
    getDrift: (stack) => {
      known(stack);
      return DRIFT;
    },
    checkDrift: async (stack, actor) => {
      known(stack);
      return { drift: DRIFT, job: addJob({ type: 'drift_check', stack, actor: actor?.name ?? null }) };
    },
    async resolveDrift({ stack, action, actor }) {
      known(stack);
      if (action === 'apply_desired')
        return { job: addJob({ type: 'apply', stack, actor: actor.name }), write: null, unplaced: [] };
      const file = `kombinations/${stack}/kombination.yaml`;
      return { job: null, write: written(`accept drift by ${actor.name}`, stack, file), unplaced: ['a b'] };
    },
    history(stack) {
      known(stack);
      const commit = { revision: COMMIT, author: 'Ada', subject: 'raise memory' };
      const how = { result: 'deployed', trigger: 'push', durationMs: 1_200, message: null } as const;
      const deployment = { number: 1, tag: `deploy/${stack}/1`, time: at(1), jobId: null };
      return Promise.resolve([{ ...deployment, ...commit, ...how, summary: 'Plan: 1 to create' }]);
    },
    async rollback(stack, to, actor) {
      known(stack);
      const file = `kombinations/${stack}/kombination.yaml`;
      return { ...written(`rollback to ${JSON.stringify(to)} by ${actor.name}`, stack, file), files: [file] };
    },
    listTags: async () => tags,
    ...createFakeSessions(),
    async *logs(stack, service) {
      known(stack);
      yield { stream: 'stdout', time: at(1), text: `${service} is up` };
      yield { stream: 'stderr', time: at(2), text: 'a warning' };
    },
    listWorkers: () => workers,
    validate: (text) => validate(text),
    validateAround: (text) => Promise.resolve(validate(text)),
    async generate(request) {
      throwPlanned();
      return generateFake(request);
    },
    async createStack(name, document, actor) {
      throwPlanned();
      if (stacks.has(name)) throw new ReconcilerError('STACK_EXISTS', `there is a stack ${name} already`);
      assertServices(document);
      stacks.set(name, { ...document });
      return written(
        `createStack by ${actor.name} <${actor.email}>`,
        name,
        `kombinations/${name}/kombination.yaml`,
      );
    },
    async createWorkflow(name, document, actor) {
      throwPlanned();
      if (stacks.has(name)) throw new ReconcilerError('STACK_EXISTS', `there is a stack ${name} already`);
      stacks.set(name, { name, ...document });
      return written(`createWorkflow by ${actor.name}`, name, `workflows/${name}.yaml`);
    },
    async updateStack(name, { keys }, actor) {
      const before = known(name);
      const document = { ...before, ...(typeof keys === 'function' ? keys(before) : keys) };
      stacks.set(name, Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null)));
      return written(`updateStack by ${actor.name}`, name, `kombinations/${name}/kombination.yaml`);
    },
    async deleteStack(name, actor) {
      known(name);
      stacks.delete(name);
      return written(`deleteStack by ${actor.name}`, name, `kombinations/${name}/kombination.yaml`);
    },
    async deleteStacks({ stacks: names, actor, volumes = false }) {
      for (const name of names) known(name);
      const order = [...names].sort();
      for (const name of order) stacks.delete(name);
      written(`deleteStacks${volumes ? ' with volumes' : ''} by ${actor.name}`, order.join(', '), '');
      const done = order.map((stack) => ({ stack, job: addJob({ type: 'destroy', stack }), error: null }));
      return { commit: COMMIT, order, done: Promise.resolve(done) };
    },
    async registerWorker(name, _document, actor) {
      throwPlanned();
      if (workers.some((worker) => worker.name === name)) {
        throw new ReconcilerError('WORKER_EXISTS', `there is a worker ${name} already`);
      }
      const facts = { status: 'unknown', facts: null, lastSeen: null } as const;
      workers.push(buildWorker({ name, ...facts, file: `nodes/${name}.yaml` }));
      return written(`registerWorker by ${actor.name}`, name, `nodes/${name}.yaml`);
    },
    async unregisterWorker(name, actor) {
      const index = workers.findIndex((worker) => worker.name === name);
      if ((workers[index]?.stacks.length ?? 0) > 0) {
        throw new ReconcilerError('WORKER_IN_USE', `stacks refer to ${name}`);
      }
      workers.splice(index, 1);
      return written(`unregisterWorker by ${actor.name}`, name, `nodes/${name}.yaml`);
    },
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
