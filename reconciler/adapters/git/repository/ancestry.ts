import type { Commit } from './objects.ts';

/** More commits than this are not walked through for one question. */
const MAX_WALKED = 50_000;
/** Clocks of committers differ; beyond that, what is older than a commit does not come after it. In seconds. */
const SKEW_SECONDS = 86_400;

/**
 * Tells whether a commit is another one, or comes after it; `unknown` where the history ends before that can be told.
 *
 * @param read `null` for a commit that is not there
 */
export async function comesAfter(
  read: (id: string) => Promise<Commit | null>,
  later: string,
  earlier: string,
): Promise<boolean | 'unknown'> {
  if (later === earlier) return true;
  const oldest = await read(earlier);
  const seen = new Set<string>([later]);
  const waiting = [later];
  let isCutOff = false;
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const commit = await read(id);
    if (commit === null) isCutOff = true;
    if (commit === null || (oldest !== null && commit.time < oldest.time - SKEW_SECONDS)) continue;
    for (const parent of commit.parents) {
      if (parent === earlier) return true;
      if (seen.size >= MAX_WALKED) return 'unknown';
      if (!seen.has(parent)) waiting.push(parent);
      seen.add(parent);
    }
  }
  return isCutOff ? 'unknown' : false;
}

export interface Between {
  readonly earlier: string;
  readonly later: string;
  /** Most commits that are listed. */
  readonly limit: number;
}

/** Commits that the later one has and the earlier one has not, the newest first. Both histories are walked side by side, by time. */
export async function listBetween(
  read: (id: string) => Promise<Commit | null>,
  { earlier, later, limit }: Between,
): Promise<readonly { readonly id: string; readonly commit: Commit }[]> {
  const known = new Map<string, Commit>();
  const old = new Set([earlier]);
  const waiting = new Set([earlier, later]);
  const found = new Set<string>();
  for (const id of waiting) await remember(read, known, id);
  for (let walked = 0; walked < MAX_WALKED; walked += 1) {
    const listed = [...found].filter((id) => !old.has(id));
    if (listed.length > limit || !isOpen({ waiting, old, known }, listed)) break;
    const id = newest({ waiting, old, known });
    waiting.delete(id);
    if (!old.has(id)) found.add(id);
    for (const parent of known.get(id)?.parents ?? []) {
      await remember(read, known, parent);
      const isNewlyOld = old.has(id) && !old.has(parent);
      if (isNewlyOld) old.add(parent);
      // One that was listed turns out to be old while clocks differ, and so do those before it.
      if (isNewlyOld || (!old.has(parent) && !found.has(parent))) waiting.add(parent);
    }
  }
  return [...found]
    .flatMap((id) => {
      const commit = old.has(id) ? undefined : known.get(id);
      return commit === undefined ? [] : [{ id, commit }];
    })
    .slice(0, limit);
}

interface Walk {
  readonly waiting: ReadonlySet<string>;
  /** Commits that the earlier one has. */
  readonly old: ReadonlySet<string>;
  readonly known: ReadonlyMap<string, Commit>;
}

/** Tells whether more may come, or one of those that are listed may still turn out to be old. */
function isOpen({ waiting, old, known }: Walk, listed: readonly string[]): boolean {
  const timeOf = (id: string) => known.get(id)?.time ?? Number.NEGATIVE_INFINITY;
  const oldest = Math.min(...listed.map(timeOf)) - SKEW_SECONDS;
  return [...waiting].some((id) => !old.has(id) || (listed.length > 0 && timeOf(id) > oldest));
}

async function remember(
  read: (id: string) => Promise<Commit | null>,
  known: Map<string, Commit>,
  id: string,
): Promise<void> {
  const commit = known.has(id) ? null : await read(id);
  if (commit !== null) known.set(id, commit);
}

/** The newest that waits, an old one first where several are; one that is not there counts as the oldest. */
function newest({ waiting, old, known }: Walk): string {
  const timeOf = (id: string) => known.get(id)?.time ?? Number.NEGATIVE_INFINITY;
  const isBefore = (id: string, other: string) =>
    timeOf(id) === timeOf(other) ? old.has(id) && !old.has(other) : timeOf(id) > timeOf(other);
  const [first = '', ...others] = waiting;
  return others.reduce((best, id) => (isBefore(id, best) ? id : best), first);
}
