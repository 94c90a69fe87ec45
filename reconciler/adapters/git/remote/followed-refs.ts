import { parseRelease } from '../../../model/release-tag.ts';
import { HISTORY } from '../repository/folded-tags.ts';

/* Refs of a remote that its mirror follows, and what a look at the remote asks for. Pure. */

const TAGS = 'refs/tags/';
/** Tags of deployments: they may wait in the mirror to be pushed. */
export const DEPLOYMENTS = 'refs/tags/deploy/';
/** Tags of versions of workflows, which are pushed as they are made. */
const VERSIONS = 'refs/tags/version/';

/** Letters that names of services go on with. One that begins with `dE`, say, is seen with all other tags only. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789_.-'.split('');
/** Letters that they begin with. */
const FIRST_LETTERS = [...LETTERS, ...LETTERS.map((letter) => letter.toUpperCase())];

/** Beginnings of the names of all tags but those of deployments, of which there may be a hundred thousand: no question can leave something out. */
const OTHER_TAGS: readonly string[] = DEPLOYMENTS.slice(TAGS.length)
  .split('')
  .flatMap((next, length) =>
    [...new Set(length === 0 ? FIRST_LETTERS : LETTERS)]
      .filter((letter) => letter !== next)
      .map((letter) => `${DEPLOYMENTS.slice(0, TAGS.length + length)}${letter}`),
  );

/** Extent of a look: the branch alone, that and the tags of releases, or all that is followed. */
export type Extent = 'branch' | 'releases' | 'everything';

/** Returns what the names of the refs begin with that a look asks for. */
export function prefixesOf(extent: Extent, branches: readonly string[]): readonly string[] {
  const heads = branches.map((branch) => `refs/heads/${branch}`);
  if (extent === 'branch') return heads;
  return [...heads, ...(extent === 'releases' ? OTHER_TAGS : [TAGS, HISTORY])];
}

/** Tells whether a ref is followed, besides the branch. All other tags stay where they are. */
export function isFollowed(ref: string): boolean {
  return ref.startsWith(DEPLOYMENTS) || ref.startsWith(HISTORY) || isRemotes(ref);
}

/** Tells whether a ref is the remote's alone: a release, or a version. Those that it does not have any more go here, too. */
export function isRemotes(ref: string): boolean {
  if (!ref.startsWith(TAGS)) return false;
  return ref.startsWith(VERSIONS) || parseRelease(ref.slice(TAGS.length)) !== null;
}

/** Counts the tags that a look for releases lists. */
export function countOtherTags(refs: ReadonlyMap<string, string>): number {
  let count = 0;
  for (const name of refs.keys()) if (name.startsWith(TAGS) && !name.startsWith(DEPLOYMENTS)) count += 1;
  return count;
}
