/** Runs work as soon as there is a place for it, in the order it came. */
export type Bounded = <T>(work: () => Promise<T>) => Promise<T>;

export function createBounded(limit: number): Bounded {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      // A place is handed on without being free in between.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
