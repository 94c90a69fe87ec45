/** Runs work on many items with a bound that all calls share; the answers are in the order of the items. */
export function createWorkers(
  concurrency: number,
): <T, R>(items: readonly T[], work: (item: T) => Promise<R>) => Promise<R[]> {
  let free = concurrency;
  const waiting: (() => void)[] = [];
  async function take(): Promise<void> {
    if (free > 0) {
      free -= 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push(resolve);
    await promise;
  }
  function release(): void {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
  return (items, work) =>
    Promise.all(
      items.map(async (item) => {
        await take();
        try {
          return await work(item);
        } finally {
          release();
        }
      }),
    );
}
