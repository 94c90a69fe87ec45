/** Lets one piece of work run at a time, in the order asked. */
export function createMutex(): <T>(work: () => Promise<T>) => Promise<T> {
  const exclusively = createKeyedMutex();
  return (work) => exclusively('', work);
}

/** Lets one piece of work run at a time for each key, in the order asked. Holds nothing for a key that nobody works on. */
export function createKeyedMutex(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const run = (last.get(key) ?? Promise.resolve()).then(work, work);
    const settled = run.then(
      () => undefined,
      () => undefined,
    );
    last.set(key, settled);
    void settled.then(() => {
      if (last.get(key) === settled) last.delete(key);
    });
    return run;
  };
}

/** Clock that a pace is kept by, in milliseconds. */
interface PaceClock {
  elapsed(): number;
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/**
 * Holds up whoever takes in more than so many things a second: a sender that floods waits then, and whatever else the process does goes on. Rejects
 * with the signal's reason.
 */
export function createPace(clock: PaceClock, perSecond: number): (signal: AbortSignal) => Promise<void> {
  let began = Number.NEGATIVE_INFINITY;
  let count = 0;
  return async (signal) => {
    const now = clock.elapsed();
    if (now - began >= 1_000) {
      began = now;
      count = 0;
    }
    count += 1;
    if (count > perSecond) await clock.sleep(1_000 - (now - began), signal);
  };
}
