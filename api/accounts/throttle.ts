import { LRUCache } from 'lru-cache';

export interface ThrottleOptions {
  /** Attempts that nobody has to wait after. */
  readonly free: number;
  /** Longest time between two attempts, in milliseconds. The first wait is 1 s; each next one is twice as long. */
  readonly maxDelayMs: number;
  /** Milliseconds, from any start, never backwards. */
  readonly elapsed: () => number;
}

/** Slows down repeated attempts, each kind by its key. */
export interface Throttle {
  /** Milliseconds until the next attempt may be made. */
  waitOf(key: string): number;
  /** Counts an attempt that is made. */
  count(key: string): void;
  /** Takes back one that turned out to be right. */
  forgive(key: string): void;
}

const FIRST_DELAY_MS = 1_000;
/** A key that was quiet for so long begins anew. */
const FORGET_MS = 15 * 60_000;
/** Keys that are remembered; the one that was quiet longest is forgotten first. */
const MAX_KEYS = 10_000;

interface Entry {
  readonly attempts: number;
  readonly allowedAt: number;
  readonly lastAt: number;
}

/** Attempts that come too early are refused and not counted: whoever goes on does not make others wait longer. */
export function createThrottle({ free, maxDelayMs, elapsed }: ThrottleOptions): Throttle {
  const entries = new LRUCache<string, Entry>({ max: MAX_KEYS });
  function entryOf(key: string): Entry | undefined {
    const entry = entries.get(key);
    return entry === undefined || elapsed() - entry.lastAt > FORGET_MS ? undefined : entry;
  }
  function write(key: string, attempts: number, delayMs: number): void {
    entries.set(key, { attempts, allowedAt: elapsed() + delayMs, lastAt: elapsed() });
  }
  return {
    waitOf: (key) => Math.max(0, (entryOf(key)?.allowedAt ?? 0) - elapsed()),
    count(key) {
      const attempts = (entryOf(key)?.attempts ?? 0) + 1;
      const doublings = Math.min(attempts - free, 30);
      write(key, attempts, doublings < 0 ? 0 : Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** doublings));
    },
    forgive(key) {
      const attempts = (entryOf(key)?.attempts ?? 0) - 1;
      if (attempts <= 0) entries.delete(key);
      else write(key, attempts, 0);
    },
  };
}
