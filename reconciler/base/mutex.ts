import { onAbort } from './abort-scope.ts';

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

/** Lets so many pieces of work run at a time, in the order asked. Who aborts while it waits leaves the line. */
export function createLine(width: number): <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  const waiting = new Set<() => void>();
  let running = 0;
  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (running < width) {
      running += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const turn = () => resolve(undefined);
    waiting.add(turn);
    using _ = onAbort(signal, () => {
      if (waiting.delete(turn)) reject(signal.reason);
    });
    await promise;
  };
  const leave = (): void => {
    const [next] = waiting;
    // The place goes straight to the next one.
    if (next === undefined) running -= 1;
    else {
      waiting.delete(next);
      next();
    }
  };
  return async (work, signal) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

/** Lets everybody else have a turn in a long loop. Rejects with the signal's reason. */
export function createBreather(clock: PaceClock): (signal: AbortSignal) => Promise<void> {
  const EVERY_MS = 12;
  let last = clock.elapsed();
  return async (signal) => {
    if (clock.elapsed() - last < EVERY_MS) return;
    await clock.sleep(0, signal);
    last = clock.elapsed();
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
