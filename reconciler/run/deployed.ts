import type { RunContext } from './context.ts';
import { recallStack } from './context.ts';

/**
 * Digest of the description that what runs was brought in line with last; `null` before there was one, and while a deployment has
 * been begun and not come to its end: what differs then is unfinished, not drift.
 */
export function deployedDigest(context: RunContext, stack: string): string | null {
  if (recallStack(context, stack).untagged) return null;
  const synced = context.stacks.synced(stack);
  if (synced !== null) return synced === '' ? null : synced;
  return context.deployments.knownLatest(stack)?.desired ?? null;
}
