import { HttpProblem } from './problem.ts';

/** Event streams that one caller may have open: each holds a connection, and that of a log one to an engine as well. */
const MAX_STREAMS = 64;

/** Open event streams by caller. */
export interface StreamCount {
  /** Counts one more, until what it returns is called. Throws SERVICE_UNAVAILABLE for one too many. */
  take(caller: string): () => void;
}

export function createStreamCount(): StreamCount {
  const open = new Map<string, number>();
  return {
    take(caller) {
      const count = open.get(caller) ?? 0;
      if (count >= MAX_STREAMS) {
        const message = `${caller} has ${count} event streams open, which is as many as there may be: close one`;
        throw new HttpProblem('SERVICE_UNAVAILABLE', message, { headers: { 'Retry-After': '5' } });
      }
      open.set(caller, count + 1);
      return () => {
        const left = (open.get(caller) ?? 1) - 1;
        if (left > 0) open.set(caller, left);
        else open.delete(caller);
      };
    },
  };
}
