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
