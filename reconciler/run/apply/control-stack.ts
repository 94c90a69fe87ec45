import { hasErrors } from '../../base/diagnostic.ts';
import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import { isRunner } from '../../model/kubernetes/kubernetes-object.ts';
import type { Dependency, DesiredResource, ObservedResource, ResourceId } from '../../model/resource.ts';
import { stackDigest } from '../../model/stack.ts';
import { whyNotApplicable } from '../../plan/confirmations.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { Target } from '../../ports/target.ts';
import type { ControlRequest } from '../../public/reconciler.ts';
import { applyPlan, execute, failureOf } from './apply-plan.ts';
import type { ChangeTarget } from './execution.ts';
import { withApply } from './execution.ts';
import { recallFor, recallStack, rememberStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import { findGate, gateError } from '../decide/gates.ts';
import { endFailed } from '../record/end-job.ts';
import type { JobRecorder } from '../record/job-store.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import { partlyApplied } from './execution.ts';
import { hasFailed } from './failed-jobs.ts';
import { isUp } from './stopped.ts';

/** One control of one stack: what is asked, where it is recorded, what ends it. */
interface ControlTask {
  readonly request: ControlRequest;
  readonly job: JobRecorder;
  readonly signal: AbortSignal;
}

export interface ControlRun extends ControlTask {
  /** Brings the shown state up to date; what is shown while a job runs no longer counts. */
  readonly refreshStatus: () => Promise<void>;
}

/** Carries out what was asked and ends the job. A failure is told by the job; it is no reason to do anything again. */
export async function runControl(context: RunContext, run: ControlRun): Promise<void> {
  const { request, job, signal } = run;
  const { stacks, logger } = context;
  const { stack } = request;
  try {
    job.start();
    stacks.enter(stack, { at: 'working' });
    await controlStack(context, run);
    await run.refreshStatus();
    if (job.job.endedAt === null) job.end('completed');
  } catch (error) {
    endFailed(context, job, error, signal.aborted);
    if (signal.aborted) throw error;
    if (recallStack(context, stack).stopped !== null) {
      await run
        .refreshStatus()
        .catch((failure: unknown) =>
          logger.warn({ stack, error: errorMessage(failure) }, 'the stack could not be looked at'),
        );
    }
  } finally {
    stacks.setJob(stack, job.job);
  }
}

/** Throws when a part failed, after everything else was done. */
async function controlStack(context: RunContext, task: ControlTask): Promise<void> {
  switch (task.request.action) {
    case 'stop':
      return stopStack(context, task);
    case 'start':
      return startStack(context, task);
    case 'restart':
      return restartStack(context, task);
    default:
      task.request.action satisfies never;
  }
}

async function stopStack(context: RunContext, task: ControlTask): Promise<void> {
  const { stack, actor } = task.request;
  const planned = await planForControl(context, task);
  const desired = stackDigest(planned.description.resources);
  const before = recallFor(context, { stack, desired }).stopped;
  const resources = new Set(before?.desired === desired ? before.resources : []);
  for (const { id } of planned.observed.filter(isUp)) resources.add(id);
  const at = new Date(context.clock.now()).toISOString();
  // Written ahead: should this process die now, the next one does not start again what was stopped.
  rememberStack(context, stack, {
    stopped: { desired, resources: [...resources].sort(), at, by: actor?.name ?? null },
  });
  await stopAll(context, planned, task);
}

async function startStack(context: RunContext, task: ControlTask): Promise<void> {
  const { stack } = task.request;
  const planned = await planStack(context, orderFor(stack), task.signal);
  const { stopped } = recallFor(context, planned.plan);
  const ran = stopped?.desired === planned.plan.desired ? stopped.resources : [];
  const toStart = findStartable(planned, ran);
  if (needsMore(planned.plan, new Set(toStart.map(({ id }) => id)))) {
    const reason = whyNotApplicable(planned.plan, false);
    if (reason !== null) throw new ReconcilerError('CONFIRMATION_REQUIRED', reason);
    const gate = findGate(context, planned, { overrideFreeze: false, requested: true });
    if (gate !== null) throw gateError(gate);
    return applyPlan(context, planned, task.job, { signal: task.signal });
  }
  rememberStack(context, stack, { stopped: null });
  await startAll(context, planned, toStart, task);
}

async function restartStack(context: RunContext, task: ControlTask): Promise<void> {
  const { stack } = task.request;
  const planned = await planStack(context, orderFor(stack), task.signal);
  const containers = planned.observed.filter(({ kind }) => isRunner(kind));
  if (containers.length === 0) return startStack(context, task);
  const ran = [
    ...(recallStack(context, stack).stopped?.resources ?? []),
    ...containers.filter(isUp).map(({ id }) => id),
  ];
  rememberStack(context, stack, { stopped: null });
  let failure: unknown = null;
  try {
    await stopAll(context, planned, task);
  } catch (error) {
    // The stopped services have to run again, whatever the rest did.
    failure = error;
  }
  const now = await planStack(context, orderFor(stack), task.signal);
  await startAll(context, now, findStartable(now, ran), task);
  if (failure !== null) throw failure;
}

/** Plans for a stop or start. Nothing but its end can be planned of a description with errors, which shows all the same what is there. */
function planForControl(context: RunContext, { request, signal }: ControlTask): Promise<PlannedStack> {
  const description = context.desired.get(request.stack);
  const isInvalid = description !== undefined && hasErrors(description.diagnostics);
  return planStack(context, { ...orderFor(request.stack), mode: isInvalid ? 'destroy' : 'apply' }, signal);
}

function orderFor(stack: string) {
  return { stack, mode: 'apply', deleteVolumes: false } as const;
}

/** Stops services, those that depend on others first. */
async function stopAll(context: RunContext, planned: PlannedStack, task: ControlTask): Promise<void> {
  const chosen = planned.observed.filter((one) => isRunner(one.kind) && mayRun(one));
  const ids = new Set(chosen.map(({ id }) => id));
  const dependants = new Map<ResourceId, Dependency[]>();
  for (const { id, dependsOn } of planned.desired.values()) {
    for (const dependency of ids.has(id) ? dependsOn : []) {
      dependants.set(dependency.id, [...(dependants.get(dependency.id) ?? []), { id, until: 'applied' }]);
    }
  }
  const changes = chosen.map((one) => toChange(one, 'is to be stopped', dependants.get(one.id) ?? []));
  await walk(context, { planned, changes, desired: new Map(), verb: 'stop', through: asStopping }, task);
}

/** Starts services: what others depend on goes first, and has to be as well as they want it. */
async function startAll(
  context: RunContext,
  planned: PlannedStack,
  chosen: readonly ObservedResource[],
  task: ControlTask,
): Promise<void> {
  const ids = new Set(chosen.map(({ id }) => id));
  const changes = chosen.map((one) => {
    const dependsOn = planned.desired.get(one.id)?.dependsOn ?? [];
    return toChange(
      one,
      'is to be started',
      dependsOn.filter(({ id }) => ids.has(id)),
    );
  });
  const { desired } = planned;
  await walk(context, { planned, changes, desired, verb: 'start', through: asStarting }, task);
}

interface Walk {
  readonly planned: PlannedStack;
  readonly changes: readonly Change[];
  /** Resources whose health is waited for. */
  readonly desired: ReadonlyMap<ResourceId, DesiredResource>;
  readonly verb: 'start' | 'stop';
  readonly through: (target: Target) => ChangeTarget;
}

async function walk(context: RunContext, work: Walk, { job, signal }: ControlTask): Promise<void> {
  const { planned, changes, desired, verb, through } = work;
  const { references, aliases } = planned;
  if (changes.length === 0) job.log('info', `nothing to ${verb}`);
  const plan: Plan = { ...planned.plan, changes };
  const execution = { plan, desired, references, aliases, through, verb };
  const result = await execute(context, execution, job, signal);
  const failure = failureOf(result, signal) ?? partlyApplied(planned.plan);
  if (failure !== null) throw failure;
}

function asStopping(target: Target): ChangeTarget {
  return withApply(target, async ({ change }, { stack, signal }) =>
    requireCapability(target, 'controls').stop(stack, change.id, signal),
  );
}

function asStarting(target: Target): ChangeTarget {
  return withApply(target, async ({ change, desired }, context) => {
    if (desired === null)
      throw new ReconcilerError('TARGET_ERROR', `internal: ${change.id} is not described`);
    await requireCapability(target, 'controls').start(desired, context);
  });
}

/** Described containers that are there and do not run: those that should, and those that did until they were stopped. */
function findStartable(
  { plan, desired, observed }: PlannedStack,
  ran: readonly string[],
): ObservedResource[] {
  const down = new Set(
    plan.changes
      .filter(({ action, fields }) => action === 'update' && fields.length === 0)
      .map(({ id }): string => id),
  );
  return observed.filter(
    (one) =>
      isRunner(one.kind) &&
      desired.has(one.id) &&
      !one.interrupted &&
      !isUp(one) &&
      (ran.includes(one.id) || down.has(one.id) || hasFailed(one)),
  );
}

/** Tells whether the plan asks for more than starting these as they are. */
function needsMore({ changes }: Plan, startable: ReadonlySet<ResourceId>): boolean {
  return changes.some(
    ({ id, action, fields }) => action !== 'no-op' && (fields.length > 0 || !startable.has(id)),
  );
}

/** A paused one counts as stopped, and of a replace that was cut short both may run. */
function mayRun(resource: ObservedResource): boolean {
  return resource.interrupted || resource.health.status === 'stopped' || isUp(resource);
}

function toChange(
  { id, target, kind, name }: ObservedResource,
  cause: string,
  dependsOn: readonly Dependency[],
): Change {
  const nothing = { before: null, after: null, fields: [], origin: null, verify: false } as const;
  return { id, action: 'update', target, kind, name, cause, dependsOn, ...nothing };
}
