import { errorMessage } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** A write is carried through even when whoever asked for it goes away in the middle. */
export function newSignal(): AbortSignal {
  return new AbortController().signal;
}

/**
 * Reads the repository after a commit, so that the writer sees what was written. The commit is there whatever happens now: a
 * failure is logged, and the next poll makes up for it.
 */
export async function readAgain({ reconciler, logger }: ApiDeps): Promise<void> {
  try {
    await reconciler.refresh(newSignal());
  } catch (error) {
    logger.warn({ reason: errorMessage(error) }, 'The repository could not be read after a write to it');
  }
}
