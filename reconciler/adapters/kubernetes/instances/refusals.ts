import { ReconcilerError } from '../../../base/errors.ts';
import { invalidPodSpec, saturated } from '../../../pods/refusals.ts';
import { ApiError } from '../api/api-error.ts';
import { toTargetError } from '../api/errors.ts';

const QUOTA = /exceeded quota|failed quota/i;
const LIMITS = /(?:maximum|minimum) (?:\S+ )?(?:usage|limit|request)|limit to request ratio|LimitRange/i;
const PORT = /provided port is already allocated/i;

export interface RefusalContext {
  readonly doing: string;
  readonly address: string;
  readonly signal: AbortSignal;
}

/** Translates what a cluster said to an instance by the words it used: quotas and limits have no reason of their own. */
export function toInstanceError(error: unknown, { doing, address, signal }: RefusalContext): ReconcilerError {
  if (error instanceof ApiError) {
    const { message, status } = error;
    if (QUOTA.test(message)) return saturated(message);
    if (LIMITS.test(message)) return invalidPodSpec(message);
    if (PORT.test(message))
      return new ReconcilerError('PORT_TAKEN', `${doing}: ${message}`, { cause: error, retryable: true });
    if (status === 400 || status === 422) return invalidPodSpec(message);
  }
  return toTargetError(error, doing, address, signal);
}
