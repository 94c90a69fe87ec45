import type { ErrorCode } from '../../base/errors.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { formatOrigin } from '../../model/git/source-root.ts';
import type { DesiredResource, ObservedResource } from '../../model/resource.ts';
import { resourceId } from '../../model/resource.ts';
import { exclusiveIn, isTaken } from '../../plan/exclusive-resources.ts';
import type { Change } from '../../plan/plan.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { JobStep } from '../../ports/store.ts';
import type { ApplyContext } from '../../ports/target.ts';
import { recallStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { Decision } from '../decide/decide.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';
import type { JobRecorder } from '../record/job-store.ts';

/** Decisions after which nobody may go on for a long time. What is stopped or destroyed by hand is to stay down. */
const HALTS: ReadonlySet<Decision['kind'] | 'invalid'> = new Set([
  'invalid',
  'blocked',
  'frozen',
  'out-of-turn',
  'waiting',
  'held',
  'cancelled',
  'on-hold',
  'report-drift',
]);

/** Failures after which a target could not be asked to put anything back either. */
const AWAY: ReadonlySet<ErrorCode> = new Set([
  'TARGET_UNREACHABLE',
  'CANCELLED',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
]);

/** Both are on one target: its name stands for its engine. */
const ONE_EACH: ReadonlyMap<string, string> = new Map();

/**
 * Has old objects run again whose replacement was cut short, or that made room for one, where the decision is that nobody goes on with it: the new one was never seen to be
 * well, and no tag tells of it. Throws nothing; what could not be put back is tried again with the next look.
 */
export async function putBackReplaced(
  context: RunContext,
  planned: PlannedStack,
  kind: Decision['kind'] | 'invalid',
): Promise<void> {
  if (!HALTS.has(kind)) return;
  await putBackThese(
    context,
    planned,
    planned.observed.filter(({ replacing }) => replacing === true),
  );
}

/**
 * The same where a deployment has failed before it came to what an earlier one was replacing. It may be tried again, but nobody knows when that gets
 * as far.
 *
 * @param job of the deployment that has failed
 */
export async function putBackSkipped(
  context: RunContext,
  planned: PlannedStack,
  job: JobRecorder,
  error: unknown,
): Promise<void> {
  if (!isReconcilerError(error) || AWAY.has(error.code)) return;
  const done = new Set(
    job.detail().steps.flatMap(({ name, status }) => (NOT_BEGUN.has(status) ? [] : [name])),
  );
  const left = planned.observed.filter(({ id, replacing }) => replacing === true && !done.has(id));
  await putBackThese(context, planned, left);
}

const NOT_BEGUN: ReadonlySet<JobStep['status']> = new Set(['pending', 'skipped']);

async function putBackThese(
  context: RunContext,
  planned: PlannedStack,
  replaced: readonly ObservedResource[],
): Promise<void> {
  const { stack } = planned.plan;
  let left = replaced;
  if (left.length === 0) return;
  context.logger.info(
    { stack, resources: left.map(({ id }) => id) },
    'puts back what was being replaced: nobody goes on with it',
  );
  // A name or port may be in the hands of another one's replacement, which is gone the second time.
  for (let round = 1; round <= 2 && left.length > 0; round += 1) {
    const failed: ObservedResource[] = [];
    for (const resource of left) {
      const error = await putBack(context, planned, resource);
      if (error === null) continue;
      failed.push(resource);
      if (round === 2)
        context.logger.warn(
          { stack, resource: resource.id, error: errorMessage(error) },
          'cannot be put back',
        );
    }
    left = failed;
  }
}

/** The same where the description has errors, so that nothing can be planned of it. */
export async function putBackInvalid(context: RunContext, stack: string, signal: AbortSignal): Promise<void> {
  // Nothing was begun since the newest deployment, so that there is nothing to look for.
  if (!recallStack(context, stack).untagged) return;
  const order = { stack, mode: 'destroy', deleteVolumes: false, unasked: true } as const;
  try {
    await putBackReplaced(context, await planStack(context, order, signal), 'invalid');
  } catch (error) {
    context.logger.warn({ stack, error: errorMessage(error) }, 'cannot tell what was being replaced');
  }
}

/** @returns the error, `null` when it was put back */
async function putBack(
  { pool, source, desired: state }: RunContext,
  { plan, desired, description, references, aliases, observed }: PlannedStack,
  resource: ObservedResource,
): Promise<unknown> {
  const reference = references.get(resource.target);
  const target = reference === undefined ? null : pool.get(reference);
  if (target === null || !hasCapability(target, 'replaces')) return null;
  const context: ApplyContext = {
    stack: plan.stack,
    revision: plan.revision,
    branch: formatOrigin(source),
    // Like every end of a replace it is not cut short.
    signal: new AbortController().signal,
    readBlob: async (blob) => state.inlineBlob(blob) ?? source.readBlob(blob),
    progress: () => undefined,
  };
  const known = aliases.get(resource.target) ?? resource.target;
  const change = toChange(resource, known);
  const described = desired.get(resource.id) ?? asItWas(resource, description.file);
  const successor = successorOf(resource, observed);
  try {
    if (successor !== undefined) {
      const takeover = {
        ...change,
        id: resourceId(known, successor.kind, successor.name),
        name: successor.name,
      };
      await target.settle(
        { change: { ...takeover, from: change.id }, desired: described },
        'revert',
        context,
      );
    }
    await target.settle({ change, desired: described }, 'revert', context);
    return null;
  } catch (error) {
    return error;
  }
}

/** Finds what has taken over from an object that nothing describes any more: it has no object of its own, and wants something that one has. */
function successorOf(
  resource: ObservedResource,
  observed: readonly ObservedResource[],
): ObservedResource | undefined {
  const { id, kind, target, spec } = resource;
  const held = exclusiveIn(resource, spec, ONE_EACH);
  return observed.find(
    (other) =>
      other.interrupted &&
      other.replacing !== true &&
      other.id !== id &&
      other.kind === kind &&
      other.target === target &&
      exclusiveIn(other, other.spec, ONE_EACH).some((wanted) => held.some((its) => isTaken(wanted, its))),
  );
}

function toChange({ kind, name, objectId }: ObservedResource, target: string): Change {
  return {
    id: resourceId(target, kind, name),
    action: 'replace',
    target,
    kind,
    name,
    before: null,
    after: null,
    fields: [],
    cause: 'nobody goes on with its replacement',
    origin: null,
    dependsOn: [],
    verify: false,
    ...(objectId === undefined ? {} : { objectId }),
  };
}

/** It is described no more: the object itself says what it is. */
function asItWas({ id, target, kind, name, spec, hash }: ObservedResource, file: string): DesiredResource {
  const origin = { file, line: 1, column: 1 };
  return { id, target, kind, name, spec, hash: hash ?? '', updatable: [], dependsOn: [], origin };
}
