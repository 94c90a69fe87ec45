/** Things that came one after the other, and are alike. */
export interface Episode<T> {
  readonly newest: T;
  readonly oldest: T;
  readonly times: number;
}

export interface Alike<T> {
  /** Things of different kinds do not come between each other. Default: all are of one. */
  readonly kindOf?: (one: T) => string;
  readonly isSame: (newer: T, older: T) => boolean;
}

/**
 * Folds what came again and again: a machine that is off fails every time in the same way.
 *
 * @param all the newest first
 */
export function foldRepeated<T>(
  all: readonly T[],
  { kindOf = () => '', isSame }: Alike<T>,
): readonly Episode<T>[] {
  const episodes: Episode<T>[] = [];
  const lastOf = new Map<string, number>();
  for (const one of all) {
    const at = lastOf.get(kindOf(one));
    const last = at === undefined ? undefined : episodes[at];
    if (at !== undefined && last !== undefined && isSame(last.oldest, one)) {
      episodes[at] = { ...last, oldest: one, times: last.times + 1 };
      continue;
    }
    lastOf.set(kindOf(one), episodes.length);
    episodes.push({ newest: one, oldest: one, times: 1 });
  }
  return episodes;
}
