import { errorMessage } from '../../base/errors.ts';
import type { RunContext } from '../context.ts';

const STORE_RETRY_MS = 5_000;

/** Offers the store again what it would not take, until the signal aborts: a full disk may have room again long before the next job. */
export async function keepStoring(context: RunContext, signal: AbortSignal): Promise<void> {
  for (;;) {
    await context.jobs.untilUnstored(signal);
    await context.clock.sleep(STORE_RETRY_MS, signal);
    context.jobs.flush();
    if (context.jobs.storeError === null) saveStacks(context);
  }
}

function saveStacks({ unsaved, store, logger }: RunContext): void {
  for (const [stack, record] of unsaved) {
    try {
      store.saveStack(record);
      unsaved.delete(stack);
    } catch (error) {
      logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be written');
      return;
    }
  }
}
