import { own, asText } from '../../../base/values.ts';
import { errorMessage, ReconcilerError, toCancelled } from '../../../base/errors.ts';
import { ApiError } from './api-error.ts';

/**
 * Says in our words what went wrong with a cluster.
 *
 * @param doing what was being done, for the message: `apply prod/Deployment/shop/web`
 * @param signal of the caller: once aborted, its reason is what went wrong
 */
export function toTargetError(
  error: unknown,
  doing: string,
  address: string,
  signal?: AbortSignal,
): ReconcilerError {
  if (signal?.aborted) return toCancelled(signal, doing);
  if (error instanceof ReconcilerError) return error;
  if (error instanceof ApiError) return refused(error, doing);
  return new ReconcilerError(
    'TARGET_UNREACHABLE',
    `cannot reach the cluster at ${address}: ${reasonOf(error)}`,
    {
      cause: error,
      retryable: true,
    },
  );
}

/** Rights, quotas and namespaces change without us; what is invalid stays so. */
function refused(error: ApiError, doing: string): ReconcilerError {
  const { status } = error;
  const message = `${doing}: ${error.message.replaceAll(/\s+/g, ' ')}`;
  if (status === 401) {
    return new ReconcilerError('TARGET_ERROR', `${doing}: the cluster does not accept the credentials`, {
      cause: error,
      retryable: true,
    });
  }
  const hopeless = /^failed to (create typed patch|convert new) object/.test(error.message);
  const retryable = !hopeless && status !== 400 && status !== 422 && status !== 405 && status !== 415;
  return new ReconcilerError('TARGET_ERROR', message, { cause: error, retryable });
}

const HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'is the API server running, and does it listen there?',
  ENOTFOUND: 'is the host name right?',
  ETIMEDOUT: 'is the host up, and does a firewall let us through?',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'give the certificate authority with ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'give the certificate authority with ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'give the certificate authority with ca',
};

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'it did not answer in time';
  const code = error instanceof Error && 'code' in error ? asText(error.code) : '';
  const hint = own(HINTS, code);
  return `${errorMessage(error) || code}${hint ? ` (${hint})` : ''}`;
}
