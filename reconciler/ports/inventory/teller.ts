import { onAbort } from '../../base/abort-scope.ts';
import type { Clock } from '../clock.ts';
import type { InventorySink, SeenObject } from './inventory.ts';

/** Changes come in bursts. */
const BURST_MS = 500;
const MAX_PAUSE_MS = 30_000;

export interface TellerOptions {
  readonly sink: InventorySink;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Tells an inventory: at the beginning, and after each sign of a change. */
export interface Teller {
  /** Something may be otherwise now. */
  changed(): void;
  /** Tells until the signal aborts. A look that fails is told as such, and tried again after a pause. */
  run(look: () => Promise<readonly SeenObject[]>): Promise<void>;
}

export function createTeller({ sink, clock, signal }: TellerOptions): Teller {
  let sign = Promise.withResolvers<void>();
  async function tell(look: () => Promise<readonly SeenObject[]>): Promise<boolean> {
    try {
      sink.told(await look());
      return true;
    } catch (error) {
      if (!signal.aborted) sink.failed(error);
      return false;
    }
  }
  return {
    changed: () => sign.resolve(),
    async run(look) {
      using _ = onAbort(signal, () => sign.resolve());
      for (let pause = BURST_MS; !signal.aborted;) {
        sign = Promise.withResolvers();
        const isTold = await tell(look);
        pause = isTold ? BURST_MS : Math.min(2 * pause, MAX_PAUSE_MS);
        if (isTold && !signal.aborted) await sign.promise;
        await clock.sleep(pause, signal).catch(() => undefined);
      }
    },
  };
}
