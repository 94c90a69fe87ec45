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
