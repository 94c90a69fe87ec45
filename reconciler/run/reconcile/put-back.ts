import { errorMessage } from '../../base/errors.ts';
import type { DesiredResource, ObservedResource } from '../../model/resource.ts';
import { resourceId } from '../../model/resource.ts';
import type { Change } from '../../plan/plan.ts';
import { hasCapability } from '../../ports/target-capabilities.ts';
import type { ApplyContext } from '../../ports/target.ts';
import { recallStack } from '../context.ts';
import type { RunContext } from '../context.ts';
import type { Decision } from '../decide/decide.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';

/** Decisions after which nobody may go on for a long time. What is stopped or destroyed by hand is to stay down. */
const HALTS: ReadonlySet<Decision['kind'] | 'invalid'> = new Set([
  'invalid',
  'blocked',
  'frozen',
  'out-of-turn',
  'waiting',
  'held',
  'report-drift',
]);

/**
 * Has old objects run again whose replacement was cut short, where the decision is that nobody goes on with it: the new one was never seen to be
 * well, and no tag tells of it. Throws nothing; what could not be put back is tried again with the next look.
 */
export async function putBackReplaced(
  context: RunContext,
  planned: PlannedStack,
  kind: Decision['kind'] | 'invalid',
): Promise<void> {
  const { stack } = planned.plan;
  if (!HALTS.has(kind)) return;
  let left = planned.observed.filter(({ replacing }) => replacing === true);
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
  { plan, desired, description, references, aliases }: PlannedStack,
  resource: ObservedResource,
): Promise<unknown> {
  const reference = references.get(resource.target);
  const target = reference === undefined ? null : pool.get(reference);
  if (target === null || !hasCapability(target, 'replaces')) return null;
  const context: ApplyContext = {
    stack: plan.stack,
    revision: plan.revision,
    branch: source.branch,
    // Like every end of a replace it is not cut short.
    signal: new AbortController().signal,
    readBlob: async (blob) => state.inlineBlob(blob) ?? source.readBlob(blob),
    progress: () => undefined,
  };
  const change = toChange(resource, aliases.get(resource.target) ?? resource.target);
  const described = desired.get(resource.id) ?? asItWas(resource, description.file);
  try {
    await target.settle({ change, desired: described }, 'revert', context);
    return null;
  } catch (error) {
    return error;
  }
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
