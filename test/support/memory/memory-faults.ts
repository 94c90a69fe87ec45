import { isReconcilerError, ReconcilerError } from '../../../reconciler/base/errors.ts';

export type Fault = 'hang' | 'kill' | Error;

export type Step = (what: string, signal: AbortSignal) => Promise<void>;

export interface Faults {
  readonly step: Step;
  readonly log: string[];
  readonly close: () => void;
  calls: number;
  delayMs: number;
  planned: Map<number, Fault>;
  /** Becomes of the next call of a name. */
  readonly byName: Map<string, Fault>;
  outage: Error | null;
}

export function createFaults(): Faults {
  const closing = new AbortController();
  const faults: Faults = {
    calls: 0,
    delayMs: 0,
    outage: null,
    log: [],
    planned: new Map(),
    byName: new Map(),
    close: () => closing.abort(new ReconcilerError('CANCELLED', 'the target was closed')),
    async step(what, callerSignal) {
      const signal = AbortSignal.any([callerSignal, closing.signal]);
      throwIfAborted(signal);
      faults.calls++;
      faults.log.push(what);
      if (faults.log.length > 1_000) faults.log.shift();
      if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
      throwIfAborted(signal);
      if (faults.outage) throw faults.outage;
      const fault = faults.byName.get(what) ?? faults.planned.get(faults.calls);
      faults.byName.delete(what);
      if (fault === 'hang') await hang(signal);
      if (fault === 'kill') faults.outage = new ReconcilerError('CANCELLED', 'killed');
      if (fault instanceof Error) throw fault;
      if (faults.outage) throw faults.outage;
    },
  };
  return faults;
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw isReconcilerError(signal.reason)
    ? signal.reason
    : new ReconcilerError('CANCELLED', 'cancelled', { cause: signal.reason, retryable: true });
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    });
  });
}
