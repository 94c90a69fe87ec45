import type { HookNews } from '../../reconciler/index.ts';

/**
 * - `sync` the repository is read
 * - `note` whoever follows pull requests is told
 * - `nothing` it concerns nobody
 */
export type HookDecision = 'sync' | 'note' | 'nothing';

const HEADS = 'refs/heads/';
const TAGS = 'refs/tags/';
/** Tags that are pushed from here. */
const OWN_TAGS = 'refs/tags/deploy/';

/**
 * Decides what news of a host are good for.
 *
 * @param branch that is watched, without `refs/heads/`
 */
export function decideHook(news: HookNews, branch: string): HookDecision {
  if (news.type === 'pull' || news.type === 'comment') return 'note';
  if (news.type !== 'push') return 'nothing';
  const { ref } = news;
  // Several have moved, and it is not said which.
  if (ref === '' || ref === `${HEADS}${branch}`) return 'sync';
  return ref.startsWith(TAGS) && !ref.startsWith(OWN_TAGS) ? 'sync' : 'nothing';
}
