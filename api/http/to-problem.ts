import type { Diagnostic, ErrorCode } from '../../reconciler/index.ts';
import { isReconcilerError, own } from '../../reconciler/index.ts';
import type { ProblemCode, ProblemDetail } from './problem.ts';
import { HttpProblem } from './problem.ts';

/** Time that a client waits before it asks again, in seconds. */
const RETRY_AFTER_SECONDS = '5';

/** Forget a code and it does not compile. */
const PROBLEM_OF: Readonly<Record<ErrorCode, ProblemCode>> = {
  INVALID_CONFIGURATION: 'VALIDATION_ERROR',
  SECRET_NOT_FOUND: 'VALIDATION_ERROR',
  SECRET_NOT_DECRYPTED: 'VALIDATION_ERROR',
  SECRET_TIMEOUT: 'VALIDATION_ERROR',
  FILE_TOO_LARGE: 'VALIDATION_ERROR',
  BAD_OPTIONS: 'BAD_REQUEST',
  UNKNOWN_STACK: 'NOT_FOUND',
  UNKNOWN_SERVICE: 'NOT_FOUND',
  UNKNOWN_PROJECT: 'NOT_FOUND',
  UNKNOWN_WORKER: 'NOT_FOUND',
  UNKNOWN_JOB: 'NOT_FOUND',
  UNKNOWN_BACKUP: 'NOT_FOUND',
  UNKNOWN_BUILD: 'NOT_FOUND',
  UNKNOWN_TAG: 'NOT_FOUND',
  UNKNOWN_PLUGIN: 'NOT_FOUND',
  UNKNOWN_REGISTRY: 'NOT_FOUND',
  UNKNOWN_CLUSTER: 'NOT_FOUND',
  UNKNOWN_OBJECT: 'NOT_FOUND',
  UNKNOWN_IMPORT: 'NOT_FOUND',
  UNKNOWN_NODE: 'NOT_FOUND',
  UNKNOWN_CHANNEL: 'NOT_FOUND',
  IMPORTS_FULL: 'SERVICE_UNAVAILABLE',
  CLUSTER_EXISTS: 'CONFLICT',
  CLUSTER_IN_USE: 'CONFLICT',
  REGISTRY_EXISTS: 'CONFLICT',
  TAG_EXISTS: 'CONFLICT',
  STACK_EXISTS: 'CONFLICT',
  WORKER_EXISTS: 'CONFLICT',
  WORKER_IN_USE: 'CONFLICT',
  EMPTY_REPOSITORY: 'CONFLICT',
  WRITE_CONFLICT: 'CONFLICT',
  PLAN_STALE: 'CONFLICT',
  CONFIRMATION_REQUIRED: 'CONFLICT',
  FROZEN: 'CONFLICT',
  HELD: 'CONFLICT',
  DEPENDENCY_NOT_READY: 'CONFLICT',
  STACK_STOPPED: 'CONFLICT',
  TOO_MANY_SESSIONS: 'SERVICE_UNAVAILABLE',
  CANCELLED: 'CONFLICT',
  BUILD_ENDED: 'CONFLICT',
  JOB_ENDED: 'CONFLICT',
  PORT_TAKEN: 'CONFLICT',
  NAME_TAKEN: 'CONFLICT',
  TARGET_UNREACHABLE: 'SERVICE_UNAVAILABLE',
  TARGET_UNSUPPORTED: 'SERVICE_UNAVAILABLE',
  TARGET_ERROR: 'SERVICE_UNAVAILABLE',
  BUILD_FAILED: 'SERVICE_UNAVAILABLE',
  IMAGE_NOT_FOUND: 'SERVICE_UNAVAILABLE',
  IMAGE_PULL_FAILED: 'SERVICE_UNAVAILABLE',
  REGISTRY_UNAUTHORIZED: 'SERVICE_UNAVAILABLE',
  UNHEALTHY: 'SERVICE_UNAVAILABLE',
  NO_EFFECT: 'SERVICE_UNAVAILABLE',
  HOOK_FAILED: 'SERVICE_UNAVAILABLE',
  BACKUP_FAILED: 'SERVICE_UNAVAILABLE',
  BACKUP_DAMAGED: 'SERVICE_UNAVAILABLE',
  RESTORE_FAILED: 'SERVICE_UNAVAILABLE',
  REPOSITORY_NOT_FOUND: 'SERVICE_UNAVAILABLE',
  REPOSITORY_UNREACHABLE: 'SERVICE_UNAVAILABLE',
  REPOSITORY_UNAUTHORIZED: 'SERVICE_UNAVAILABLE',
  BRANCH_NOT_FOUND: 'SERVICE_UNAVAILABLE',
  GIT_NOT_INSTALLED: 'SERVICE_UNAVAILABLE',
  GIT_ERROR: 'SERVICE_UNAVAILABLE',
  COMMIT_NOT_VERIFIED: 'SERVICE_UNAVAILABLE',
  HOST_UNREACHABLE: 'SERVICE_UNAVAILABLE',
  HOST_UNAUTHORIZED: 'SERVICE_UNAVAILABLE',
  HOST_REFUSED: 'SERVICE_UNAVAILABLE',
  HOOK_REFUSED: 'UNAUTHORIZED',
  INVALID_POD_SPEC: 'VALIDATION_ERROR',
  INVALID_INPUT: 'VALIDATION_ERROR',
  CLUSTER_SATURATED: 'SERVICE_UNAVAILABLE',
  NO_NODE_PORT: 'SERVICE_UNAVAILABLE',
  UNKNOWN_INSTANCE: 'NOT_FOUND',
  STORE_UNAVAILABLE: 'SERVICE_UNAVAILABLE',
  NOT_DELIVERED: 'SERVICE_UNAVAILABLE',
  STORE_FULL: 'SERVICE_UNAVAILABLE',
};

/** Returns the code of the answer for one of the reconciler's codes, as it stands in a job. */
export function problemCodeOf(code: string): ProblemCode {
  return own<ProblemCode>(PROBLEM_OF, code) ?? 'SERVICE_UNAVAILABLE';
}

/**
 * Anything thrown as the answer it becomes. What was not thrown on purpose is INTERNAL_ERROR with a fixed text: its own
 * message belongs in the log only.
 */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (isReconcilerError(error)) {
    const code = PROBLEM_OF[error.code];
    return new HttpProblem(code, error.message, {
      reason: error.code,
      cause: error,
      details: error.diagnostics.filter(({ severity }) => severity === 'error').map(toDetail),
      ...(code === 'SERVICE_UNAVAILABLE' && error.retryable
        ? { headers: { 'Retry-After': RETRY_AFTER_SECONDS } }
        : {}),
    });
  }
  return new HttpProblem(
    'INTERNAL_ERROR',
    'something went wrong here; the log has more under this request id',
    {
      cause: error,
    },
  );
}

/** A finding of the validation as one detail of an answer. */
export function toDetail({ path, file, line, column, message, code, hint }: Diagnostic): ProblemDetail {
  return {
    field: path ?? file ?? '',
    message,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
