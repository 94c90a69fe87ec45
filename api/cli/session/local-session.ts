import { hostname, userInfo } from 'node:os';
import { relative, sep } from 'node:path';
import type { Actor, JobStep, Reconciler } from '../../../reconciler/index.ts';
import { isReconcilerError } from '../../../reconciler/index.ts';
import type { AdoptionSession } from '../adopt/adoption-session.ts';
import { createLocalAdoptions } from '../adopt/adoption-session.ts';
import { DISK_TEXTS, readDiskTree } from '../disk-tree.ts';
import type { DailySession } from './daily-session.ts';
import { createLocalDaily } from './daily-session.ts';
import type { DataSession } from './data-session.ts';
import type { TagSession } from './tag-session.ts';
import type { WorkflowSession } from '../workflow/workflow-session.ts';
import { createLocalWorkflows } from '../workflow/workflow-session.ts';
import { createLocalTags } from './tag-session.ts';
import type { InventorySession } from './inventory-session.ts';
import { createLocalInventory } from './inventory-session.ts';
import type { BuildSession } from './build-session.ts';
import type { NotifySession } from './notify-session.ts';
import { createLocalNotify } from './notify-session.ts';
import { createLocalBuilds } from './build-session.ts';
import { createLocalData } from './data-session.ts';
import type { Session } from './session.ts';
import { unknownStack } from '../terminal/failure.ts';

export interface LocalSessionOptions {
  readonly reconciler: Reconciler;
  readonly actor: Actor;
  /** Ends running jobs at their next step boundary, then closes everything. */
  readonly close: () => Promise<void>;
}

/** Works in this process on a reconciler that does nothing by itself. */
export function createLocalSession({ reconciler, actor, close }: LocalSessionOptions): Session {
  let closing: Promise<void> | undefined;
  const closeOnce = () => (closing ??= close());
  let reading: Promise<unknown> | undefined;
  const readOnce: ReadOnce = async (signal) => {
    reading ??= readRepository(reconciler, signal);
    await reading;
  };
  return {
    ...readingPart(reconciler, readOnce),
    ...changingPart(reconciler, readOnce, actor),
    ...createLocalNotify(reconciler),
    ...createLocalDaily({ reconciler, actor, readOnce }),
    ...createLocalInventory({ reconciler, readOnce }),
    ...createLocalTags({ reconciler, actor, readOnce }),
    ...createLocalBuilds({ reconciler, actor, readOnce }),
    ...createLocalWorkflows({ reconciler, actor, readOnce }),
    ...createLocalAdoptions({ reconciler, actor, readOnce }),
    ...createLocalData({
      reconciler,
      actor,
      readOnce,
      withNames: (work, stack) => withNames(reconciler, work, stack),
    }),
    async stop() {
      await closeOnce();
      return 'what ran is finished or put back; the rest was not started';
    },
    [Symbol.asyncDispose]: closeOnce,
  };
}

/** A remote that is away is no reason not to show what is known: what was read last counts, and `repository` says why. */
async function readRepository(reconciler: Reconciler, signal: AbortSignal): Promise<void> {
  try {
    await reconciler.refresh(signal);
  } catch (error) {
    if (!isReconcilerError(error) || reconciler.repository().revision === null) throw error;
  }
}

/** Reads the repository before the first thing that needs it. */
type ReadOnce = (signal: AbortSignal) => Promise<void>;
type ChangingPart =
  | 'plan'
  | 'apply'
  | 'followJob'
  | 'control'
  | 'deleteStacks'
  | 'rollback'
  | 'acceptDrift'
  | 'exec';
type ReadingPart = Exclude<
  keyof Session,
  | ChangingPart
  | keyof DailySession
  | keyof DataSession
  | keyof InventorySession
  | keyof TagSession
  | keyof BuildSession
  | keyof WorkflowSession
  | keyof NotifySession
  | keyof AdoptionSession
  | 'stop'
  | typeof Symbol.asyncDispose
>;

function readingPart(reconciler: Reconciler, readOnce: ReadOnce): Pick<Session, ReadingPart> {
  return {
    async repository(signal) {
      await readOnce(signal);
      const status = reconciler.repository();
      return {
        location: status.location,
        branch: status.branch,
        root: status.root,
        commit: status.revision?.commit ?? null,
        dirty: status.revision?.dirty ?? false,
        stacks: reconciler.stackNames(),
        diagnostics: status.diagnostics,
        error: status.error,
        tagError: reconciler.tagError(),
      };
    },
    async leftovers(signal) {
      await readOnce(signal);
      return reconciler.leftovers(signal);
    },
    async validate(text, file, signal, root) {
      // Shared nodes come from the repository; without a readable one the document stands alone.
      await readOnce(signal).catch((error: unknown) => {
        if (!isReconcilerError(error)) throw error;
      });
      if (root === undefined) return reconciler.validate(text, file);
      const path = relative(root, file).split(sep).join('/');
      const place = { path, tree: readDiskTree(root), texts: DISK_TEXTS };
      return reconciler.validateAround(text, place, signal);
    },
    async suggestPolicy(signal) {
      await readOnce(signal);
      return reconciler.suggestPolicy(signal);
    },
    async generate(request, signal) {
      await readOnce(signal);
      const work = () => reconciler.generate(request, signal);
      return 'stack' in request.subject ? withNames(reconciler, work, request.subject.stack) : work();
    },
    async observe(name, signal) {
      await readOnce(signal);
      return withNames(reconciler, () => reconciler.observe(name, signal), name);
    },
    listJobs: (filter) => Promise.resolve(reconciler.listJobs(filter).jobs),
    getPlan: (id) => Promise.resolve(reconciler.getPlan(id)),
    getJob: (id) => Promise.resolve(reconciler.getJob(id)),
    async history(stack, signal) {
      await readOnce(signal);
      return withNames(reconciler, () => reconciler.history(stack), stack);
    },
    async *logs(stack, service, options) {
      await readOnce(options.signal);
      // The place of its container is known once somebody has looked.
      await withNames(reconciler, () => reconciler.observe(stack, options.signal), stack);
      yield* reconciler.logs(stack, service, options);
    },
  };
}

function changingPart(reconciler: Reconciler, readOnce: ReadOnce, actor: Actor): Pick<Session, ChangingPart> {
  const origin = { actor, trigger: 'cli' } as const;
  return {
    async plan(request, signal) {
      await readOnce(signal);
      return withNames(reconciler, () => reconciler.plan({ ...request, ...origin }, signal), request.stack);
    },
    async apply(request, signal) {
      await readOnce(signal);
      return withNames(reconciler, () => reconciler.apply({ ...request, ...origin }, signal), request.stack);
    },
    async control(stack, action, signal) {
      await readOnce(signal);
      const work = async () => reconciler.control({ stack, action, ...origin });
      return withNames(reconciler, work, stack);
    },
    async exec(stack, service, options) {
      await readOnce(options.signal);
      // The place of its container is known once somebody has looked.
      await withNames(reconciler, () => reconciler.observe(stack, options.signal), stack);
      return reconciler.openSession(stack, service, { ...options, actor, via: 'cli' });
    },
    async deleteStacks(request, signal) {
      await readOnce(signal);
      const { commit, done } = await reconciler.deleteStacks({ ...request, ...origin });
      const removed = (await done).map(({ stack, job, error }) => ({ stack, jobId: job?.id ?? null, error }));
      return { commit, stacks: removed };
    },
    async followJob(id, onStep, signal) {
      using reported = reportSteps(reconciler, id, onStep);
      const detail = await reconciler.waitForJob(id, signal);
      for (const step of detail.steps) reported.report(step);
      return detail;
    },
    async acceptDrift(stack, signal) {
      await readOnce(signal);
      const request = { stack, action: 'accept_actual', ...origin } as const;
      return withNames(reconciler, () => reconciler.resolveDrift(request, signal), stack);
    },
    async rollback(stack, to, signal) {
      await readOnce(signal);
      return withNames(reconciler, () => reconciler.rollback(stack, to, actor, signal), stack);
    },
  };
}

/** The person at the keyboard: Git's own variables when set, else the user and host name of the system. */
export function localActor(env: NodeJS.ProcessEnv): Actor {
  const user = userName(env);
  return {
    name: env['GIT_AUTHOR_NAME'] || user,
    email: env['GIT_AUTHOR_EMAIL'] || `${user}@${hostname()}`,
  };
}

function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user id that has no name.
    return env['USER'] || 'kombinator';
  }
}

async function withNames<T>(reconciler: Reconciler, work: () => Promise<T>, name: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isReconcilerError(error, 'UNKNOWN_STACK')) throw error;
    throw unknownStack(name, reconciler.stackNames());
  }
}

/** Passes on every step whose status or message differs from what was passed on last. */
function reportSteps(reconciler: Reconciler, jobId: string, onStep: (step: JobStep) => void) {
  const last = new Map<number, string>();
  const report = (step: JobStep) => {
    const state = `${step.status}\0${step.message ?? ''}`;
    if (last.get(step.index) === state) return;
    last.set(step.index, state);
    onStep(step);
  };
  const subscription = reconciler.subscribe((event) => {
    if (event.type === 'step' && event.step.jobId === jobId) report(event.step);
  });
  return { report, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
}
