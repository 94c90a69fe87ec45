import type { Clock } from '../../../ports/clock.ts';
import type { Extent } from './followed-refs.ts';
import { countOtherTags } from './followed-refs.ts';
import type { RemoteRefs } from './transport.ts';
import { isCovered } from './transport.ts';

/** Decides which looks at a remote are for its tags as well: with a hundred thousand of them a list takes seconds, and 15 MB. */
export interface TagWatch {
  /** Returns what the look that begins now is for. */
  next(): Extent;
  /** A look has come to its end. */
  seen(extent: Extent, listed: RemoteRefs): void;
  /** Something says that tags may have changed, or wants to be sure: the next look is for everything. */
  expect(): void;
}

/** Longest time after which all tags are looked for, whoever has made them. */
const TAGS_EVERY_MS = 300_000;
/** Tags besides those of deployments that every look lists, 70 bytes each; where there are more, releases are seen with all others. */
const MAX_LISTED = 100;

export function createTagWatch(clock: Clock): TagWatch {
  let isExpected = true;
  let seenAt = Number.NEGATIVE_INFINITY;
  let areFew = false;
  return {
    next: () => {
      const isDue = isExpected || clock.elapsed() - seenAt >= TAGS_EVERY_MS;
      // Tags that are expected while the look is under way are looked for once more.
      isExpected = false;
      return isDue ? 'everything' : areFew ? 'releases' : 'branch';
    },
    seen: (extent, listed) => {
      // A remote that cannot be asked for some lists all.
      if (extent === 'everything' || isCovered(listed, 'refs/tags/')) seenAt = clock.elapsed();
      if (extent !== 'branch') areFew = countOtherTags(listed.refs) <= MAX_LISTED;
    },
    expect: () => {
      isExpected = true;
    },
  };
}
