/** Caches of one cluster that does not answer: the first that finds out tries again, and the others wait for it. */
export interface ClusterOutage {
  /**
   * Resolves when it is the caller's turn to try again: after the pause for the first, when that one has succeeded for the others.
   *
   * @param who stands for one cache
   */
  rest(who: object, pause: Promise<void>): Promise<void>;
  /** The cluster answers. */
  over(): void;
  /** This cache tries no more: another one has to. */
  leave(who: object): void;
}

export function createClusterOutage(): ClusterOutage {
  let first: object | null = null;
  let ended = Promise.withResolvers<void>();
  function over(): void {
    if (first === null) return;
    first = null;
    ended.resolve();
    ended = Promise.withResolvers();
  }
  return {
    rest(who, pause) {
      first ??= who;
      return first === who ? pause : ended.promise;
    },
    over,
    leave: (who) => {
      if (first === who) over();
    },
  };
}
