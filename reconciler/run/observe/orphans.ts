import { errorMessage } from '../../base/errors.ts';
import { formatOrigin } from '../../model/git/source-root.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { OwnedStack, Target } from '../../ports/target.ts';
import type { RunContext } from '../context.ts';
import { claimsOn } from './claims.ts';

/**
 * Stacks with resources on a target that this repository put there: one of their revisions is a commit of it. Remembers the target for each.
 *
 * @param unasked nobody has asked for it by name: a target that is known to be away is not asked
 * @returns their names; empty when the target does not answer
 */
export async function findOwned(
  context: RunContext,
  reference: TargetReference,
  signal: AbortSignal,
  unasked = false,
): Promise<string[]> {
  const names: string[] = [];
  const released = new Set(context.desired.settings().released);
  const known = new Map<string, Promise<boolean | 'unknown'>>();
  for (const owned of await askOwned(context, reference, signal, unasked)) {
    if (released.has(owned.stack) || !(await isOurs(context, owned, known))) continue;
    if (await isHandedOver(context, reference, owned)) continue;
    context.stacks.sawOn(owned.stack, reference);
    names.push(owned.stack);
  }
  return names;
}

/**
 * Decides whether so many stacks left the description at once that a person should look first: more than the operator has said; where nothing is said,
 * at least two, and more than are left. All are of one source.
 *
 * @param bound most that may go at once; `null`: as many as are left
 * @returns the reason, `null` when they may go
 */
export function tooManyRemovals(removed: number, left: number, bound: number | null): string | null {
  if (removed <= (bound ?? Math.max(1, left))) return null;
  const gone = `${removed} ${removed === 1 ? 'stack is' : 'stacks are'} no longer described`;
  const reason =
    bound === null
      ? ` while ${left} ${left === 1 ? 'is' : 'are'} left`
      : `, and the operator lets ${bound === 0 ? 'none' : bound} go at once`;
  return `${gone}${reason}; apply or destroy this one to remove it`;
}

/** The same for stacks that have left what is described now. */
export function whyNotRemoved(
  { desired, maxRemovals }: Pick<RunContext, 'desired' | 'maxRemovals'>,
  removed: number,
): string | null {
  return tooManyRemovals(removed, desired.names().length, maxRemovals);
}

async function askOwned(
  context: RunContext,
  reference: TargetReference,
  signal: AbortSignal,
  unasked: boolean,
): Promise<readonly OwnedStack[]> {
  const { pool, logger } = context;
  const ask = (target: Pick<Target, 'owned'>) => target.owned(signal);
  try {
    return await (unasked ? pool.probeUnlessAway(reference, ask) : pool.probe(reference, ask));
  } catch (error) {
    // One that is away is told of where it is, once.
    if (!unasked || pool.standing(targetKey(reference)) !== 'away')
      logger.warn({ target: reference.name, error: errorMessage(error) }, 'a target could not be searched');
    return [];
  }
}

/** Tells whether other stacks have all that bears its labels. */
async function isHandedOver(
  context: RunContext,
  reference: TargetReference,
  { stack, only = [] }: OwnedStack,
): Promise<boolean> {
  if (only.length === 0 || context.desired.get(stack) !== undefined) return false;
  const claims = claimsOn(context, reference);
  for (const object of only) if ((await claims.holderOf(object)) === stack) return false;
  return true;
}

/** @param known what was asked before: thousands of stacks share a few revisions */
async function isOurs(
  { source }: RunContext,
  owned: OwnedStack,
  known: Map<string, Promise<boolean | 'unknown'>>,
): Promise<boolean> {
  // Another branch or root of the same repository may be at work on the same target.
  if (owned.branches.length > 0 && !owned.branches.includes(formatOrigin(source))) return false;
  for (const revision of owned.revisions) {
    const answer = known.get(revision) ?? source.contains(revision);
    known.set(revision, answer);
    if ((await answer) === true) return true;
  }
  return false;
}
