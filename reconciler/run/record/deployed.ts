import type { ObservedResource } from '../../model/resource.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RunContext } from '../context.ts';
import { isRemembered, recallFor, recallStack, recognize, rememberStack } from '../context.ts';

/**
 * Digest of the description that what runs was brought in line with last; `null` before there was one, and while a deployment has
 * been begun and not come to its end: what differs then is unfinished, not drift.
 */
export function deployedDigest(
  context: RunContext,
  { stack, desired }: Pick<Plan, 'stack' | 'desired'>,
): string | null {
  const record = recallFor(context, { stack, desired });
  if (record.untagged) return null;
  const known = context.stacks.synced(stack);
  if (known !== null) return known === '' ? null : known;
  const latest = context.deployments.knownLatest(stack);
  const { synced } = record;
  if (synced !== null && synced.deployment === (latest?.number ?? null)) return synced.desired;
  return deployedAs(context, { stack, desired });
}

/** Tells of the newest deployment, whether its tag stands already or is still to be made. */
export function newestDeployed(
  context: RunContext,
  stack: string,
): { readonly desired: string | null; readonly revision: string | null; readonly jobId: string | null } {
  const { pendingTags } = recallStack(context, stack);
  const none = { desired: null, revision: null, jobId: null };
  return pendingTags.at(-1) ?? context.deployments.knownLatest(stack) ?? none;
}

/** Digest of the newest deployment, comparable with that of the plan. */
export function deployedAs(
  context: RunContext,
  { stack, desired }: Pick<Plan, 'stack' | 'desired'>,
): string | null {
  return recognize(context, desired, newestDeployed(context, stack).desired);
}

/** Tells whether carrying the plan out is a deployment; a repair of what was deployed already is none. */
export function isDeployment(context: RunContext, plan: Plan): boolean {
  return plan.mode === 'apply' && deployedAs(context, plan) !== plan.desired;
}

/** Tells the same of the newest deployment, which is of the plan's description: whether the one before it was not. */
export async function wasDeployment(context: RunContext, { stack, mode, desired }: Plan): Promise<boolean> {
  const { pendingTags } = recallStack(context, stack);
  const before = [...(await context.deployments.history(stack)), ...pendingTags].at(-2);
  return mode === 'apply' && recognize(context, desired, before?.desired ?? null) !== desired;
}

/** The deployment that was begun is written down already: its job was cut off between that and its own end. */
export function isNoted(context: RunContext, { stack, desired }: Plan): boolean {
  const newest = newestDeployed(context, stack);
  if (recognize(context, desired, newest.desired) !== desired || newest.jobId === null) return false;
  const status = context.jobs.get(newest.jobId)?.job.status;
  return status !== undefined && status !== 'completed';
}

/**
 * Tells whether what runs is as described, yet no tag says so and nobody remembers why: the store was lost between a deployment and its tag, or
 * took nothing then. The store knows of descriptions that were found to be what runs already; without it, the revisions that the resources came from tell.
 */
export async function isUntold(
  context: RunContext,
  {
    plan,
    observed,
  }: { readonly plan: Plan; readonly observed: readonly Pick<ObservedResource, 'revision'>[] },
): Promise<boolean> {
  const { stack, desired, revision, mode } = plan;
  if (mode !== 'apply' || revision === null || observed.every((one) => one.revision === null)) return false;
  // A process that has found the stack to be as described before has tagged, or remembered, whatever came after.
  if (context.stacks.synced(stack) !== null || deployedAs(context, plan) === desired) return false;
  const record = recallFor(context, plan);
  if (record.synced?.desired === desired) return false;
  if (!isRemembered(context, stack)) return true;
  const tagged = new Set((await context.deployments.history(stack)).map((one) => one.revision));
  for (const one of record.pendingTags) tagged.add(one.revision);
  return observed.some((one) => one.revision !== null && !tagged.has(one.revision));
}

/**
 * Notes that what is described is what runs. It is remembered for processes to come where no deployment made it so: an accepted drift, say.
 */
export function noteSynced(context: RunContext, { stack, desired }: Plan): void {
  context.stacks.setSynced(stack, desired);
  const { untagged, synced } = recallFor(context, { stack, desired });
  if (untagged) return;
  const latest = context.deployments.knownLatest(stack);
  const deployment = latest?.number ?? null;
  if (recognize(context, desired, latest?.desired ?? null) === desired) {
    if (synced !== null) rememberStack(context, stack, { synced: null });
  } else if (synced?.desired !== desired || synced.deployment !== deployment) {
    rememberStack(context, stack, { synced: { desired, deployment } });
  }
}
