import type { StackRow } from './api-types.ts';

/** Reasons for which a stack waits, and would wait after a commit as well. A new description is tried where only the old one failed or was stopped. */
const KEPT: Readonly<Record<string, string>> = {
  'on-hold': 'it is held as it is',
  frozen: 'the operator has frozen changes',
  waiting: 'it is applied by hand only',
};

type Kept = Pick<StackRow, 'hold' | 'waits'>;

/** Reason why a commit to a stack is not applied by itself, such as `it is held as it is`; `null`: none is known. */
export function whyKept({ hold, waits }: Kept): string | null {
  if (hold !== null && hold !== undefined) return KEPT['on-hold'] ?? null;
  return KEPT[waits?.reason ?? ''] ?? null;
}

/**
 * Says what becomes of a commit to a stack: the end of a sentence that begins with the commit.
 *
 * @param stack as it was before the commit; `null`: it is not known, or new
 */
export function tellAfterCommit(stack: Kept | null): string {
  const why = stack === null ? null : whyKept(stack);
  if (why !== null) return `nothing is applied for now, since ${why}`;
  return 'it is applied next, unless something is in its way';
}
