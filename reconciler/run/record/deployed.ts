import type { Plan } from '../../plan/plan.ts';
import type { RunContext } from '../context.ts';
import { recallStack, rememberStack } from '../context.ts';

/**
 * Digest of the description that what runs was brought in line with last; `null` before there was one, and while a deployment has
 * been begun and not come to its end: what differs then is unfinished, not drift.
 */
export function deployedDigest(context: RunContext, stack: string): string | null {
  const record = recallStack(context, stack);
  if (record.untagged) return null;
  const known = context.stacks.synced(stack);
  if (known !== null) return known === '' ? null : known;
  const latest = context.deployments.knownLatest(stack);
  const { synced } = record;
  if (synced !== null && synced.deployment === (latest?.number ?? null)) return synced.desired;
  return latest?.desired ?? null;
}

/**
 * Notes that what is described is what runs. It is remembered for processes to come where no deployment made it so: an accepted drift, say.
 */
export function noteSynced(context: RunContext, { stack, desired }: Plan): void {
  context.stacks.setSynced(stack, desired);
  const { untagged, synced } = recallStack(context, stack);
  if (untagged) return;
  const latest = context.deployments.knownLatest(stack);
  const deployment = latest?.number ?? null;
  if (latest?.desired === desired) {
    if (synced !== null) rememberStack(context, stack, { synced: null });
  } else if (synced?.desired !== desired || synced.deployment !== deployment) {
    rememberStack(context, stack, { synced: { desired, deployment } });
  }
}
