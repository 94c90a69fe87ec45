import type { Reconciler } from '../../../reconciler/index.ts';
import { isReconcilerError } from '../../../reconciler/index.ts';
import { unknownStack } from '../terminal/failure.ts';
import type { SyncReport, SyncRequest } from '../../operations/daily/wait-for-sync.ts';
import { waitForSync } from '../../operations/daily/wait-for-sync.ts';

/** The daily commands: waiting, looking at what runs, images, what is left over. */
export interface DailySession {
  /** Reports until it is over, see `waitForSync`. */
  waitForSync(request: SyncRequest, signal: AbortSignal): AsyncIterable<SyncReport>;
}

export interface LocalDailyOptions {
  readonly reconciler: Reconciler;
  readonly readOnce: (signal: AbortSignal) => Promise<void>;
}

/** A command that waits looks by itself so often, in milliseconds. */
const LOOK_MS = 2_000;

export function createLocalDaily({ reconciler }: LocalDailyOptions): DailySession {
  return {
    async *waitForSync(request, signal) {
      try {
        yield* waitForSync({ reconciler }, { ...request, lookEveryMs: LOOK_MS }, signal);
      } catch (error) {
        const known = reconciler.stackNames();
        const name = request.stacks?.find((stack) => !known.includes(stack));
        if (name === undefined || !isReconcilerError(error, 'UNKNOWN_STACK')) throw error;
        throw unknownStack(name, known);
      }
    },
  };
}
