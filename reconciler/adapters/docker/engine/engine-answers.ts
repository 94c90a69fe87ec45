import { statusOf } from './engine-errors.ts';

/** `null` for what the engine does not have. */
export function orNull<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch((error: unknown) => {
    if (statusOf(error) === 404) return null;
    throw error;
  });
}

/** Passes over refusals that say that it is so already. */
export async function ignoreStatus(statuses: readonly number[], answer: Promise<void>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!statuses.includes(statusOf(error) ?? 0)) throw error;
  }
}
