/** Tells of keys at once, and of each no more often than once in an interval. */
export interface Paced extends Disposable {
  /** Something of the key has changed. */
  touch(this: void, key: string): void;
}

/** @param tell called at once for a key that was quiet, else when its interval is over, however often it was touched meanwhile */
export function createPaced(everyMs: number, tell: (key: string) => void): Paced {
  /** Keys that were told of in the last interval, and whether they were touched since. */
  const recent = new Map<string, boolean>();
  let timer: NodeJS.Timeout | null = null;
  const stop = () => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const sweep = () => {
    for (const [key, isTouched] of recent) {
      if (isTouched) {
        recent.set(key, false);
        tell(key);
      } else recent.delete(key);
    }
    if (recent.size === 0) stop();
  };
  return {
    touch(key) {
      if (recent.has(key)) return void recent.set(key, true);
      recent.set(key, false);
      timer ??= setInterval(sweep, everyMs).unref();
      tell(key);
    },
    [Symbol.dispose]() {
      recent.clear();
      stop();
    },
  };
}
