import type { Diagnostic } from './diagnostic.ts';
import { asText } from './values.ts';

/** Facts of an error for programs, beyond its code. */
export interface ErrorDetails {
  /** Milliseconds to wait before trying again, as whoever refused has said; left out: nobody has. */
  readonly retryAfterMs?: number;
}

/**
 * Base of every error this project throws on purpose.
 * Bad input in files is not thrown: it is returned as `Diagnostic[]`.
 */
export class ReconcilerError extends Error {
  override readonly name: string = 'ReconcilerError';
  /** Stable, upper snake case; part of the API. The message is not. */
  readonly code: ErrorCode;
  /** True when trying again later can help without anybody changing anything. */
  readonly retryable: boolean;
  /** Every finding, with INVALID_CONFIGURATION. */
  readonly diagnostics: readonly Diagnostic[];
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      cause?: unknown;
      retryable?: boolean;
      diagnostics?: readonly Diagnostic[];
      details?: ErrorDetails;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.diagnostics = options.diagnostics ?? [];
    this.details = options.details ?? {};
  }
}

/** Every code, grouped by who must act. */
export type ErrorCode =
  // the author of the configuration
  | 'INVALID_CONFIGURATION'
  | 'EMPTY_REPOSITORY'
  | 'UNKNOWN_STACK'
  | 'UNKNOWN_SERVICE'
  | 'STACK_EXISTS'
  | 'UNKNOWN_PROJECT'
  | 'UNKNOWN_WORKER'
  | 'WORKER_EXISTS'
  | 'WORKER_IN_USE'
  | 'UNKNOWN_JOB'
  | 'JOB_ENDED'
  | 'UNKNOWN_BACKUP'
  | 'UNKNOWN_BUILD'
  | 'UNKNOWN_TAG'
  | 'UNKNOWN_PLUGIN'
  | 'UNKNOWN_REGISTRY'
  | 'UNKNOWN_CLUSTER'
  | 'UNKNOWN_OBJECT'
  | 'UNKNOWN_IMPORT'
  | 'UNKNOWN_NODE'
  | 'UNKNOWN_CHANNEL'
  | 'IMPORTS_FULL'
  | 'CLUSTER_EXISTS'
  | 'CLUSTER_IN_USE'
  | 'REGISTRY_EXISTS'
  | 'TAG_EXISTS'
  | 'HELD'
  | 'SECRET_NOT_FOUND'
  | 'SECRET_NOT_DECRYPTED'
  | 'SECRET_TIMEOUT'
  | 'FILE_TOO_LARGE'
  | 'BUILD_FAILED'
  // the operator of a target
  | 'TARGET_UNREACHABLE'
  | 'TARGET_UNSUPPORTED'
  | 'IMAGE_NOT_FOUND'
  | 'IMAGE_PULL_FAILED'
  | 'REGISTRY_UNAUTHORIZED'
  | 'PORT_TAKEN'
  | 'NAME_TAKEN'
  | 'UNHEALTHY'
  | 'NO_EFFECT'
  | 'HOOK_FAILED'
  | 'BACKUP_FAILED'
  | 'BACKUP_DAMAGED'
  | 'RESTORE_FAILED'
  | 'TARGET_ERROR'
  // the operator of Git
  | 'REPOSITORY_NOT_FOUND'
  | 'REPOSITORY_UNREACHABLE'
  | 'REPOSITORY_UNAUTHORIZED'
  | 'BRANCH_NOT_FOUND'
  | 'GIT_NOT_INSTALLED'
  | 'GIT_ERROR'
  | 'COMMIT_NOT_VERIFIED'
  | 'WRITE_CONFLICT'
  | 'HOST_UNREACHABLE'
  | 'HOST_UNAUTHORIZED'
  | 'HOST_REFUSED'
  // the operator of the daemon
  | 'STORE_UNAVAILABLE'
  | 'STORE_FULL'
  | 'NOT_DELIVERED'
  | 'BAD_OPTIONS'
  // whoever asks for an instance
  | 'INVALID_POD_SPEC'
  | 'INVALID_INPUT'
  | 'CLUSTER_SATURATED'
  | 'NO_NODE_PORT'
  | 'UNKNOWN_INSTANCE'
  // whoever asked
  | 'HOOK_REFUSED'
  | 'PLAN_STALE'
  | 'CONFIRMATION_REQUIRED'
  | 'FROZEN'
  | 'DEPENDENCY_NOT_READY'
  | 'STACK_STOPPED'
  | 'BUILD_ENDED'
  | 'TOO_MANY_SESSIONS'
  | 'CANCELLED';

export function isReconcilerError(error: unknown, code?: ErrorCode): error is ReconcilerError {
  return error instanceof ReconcilerError && (code === undefined || error.code === code);
}

/** The message of anything thrown, causes included, one line. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return asText(error);
  const cause = error.cause instanceof Error ? errorMessage(error.cause) : '';
  return cause && !error.message.includes(cause) ? `${error.message}: ${cause}` : error.message;
}

/** Returns what a caller gets that has called something off: its own reason where it gave one. */
export function toCancelled(signal: AbortSignal, doing: string): ReconcilerError {
  const reason: unknown = signal.reason;
  if (reason instanceof ReconcilerError) return reason;
  return new ReconcilerError('CANCELLED', `${doing}: cancelled`, { cause: reason, retryable: true });
}

/** A fault of this program, met while one thing of many was worked on, as a finding about that thing. */
export interface Fault {
  readonly code: 'INTERNAL_ERROR';
  readonly message: string;
  readonly hint: string;
}

/**
 * Works on one thing of many. Whatever it throws is a fault of ours, since bad input is told in findings: it becomes one about this thing, so that
 * all others go on.
 */
export function contain<T>(work: () => T, instead: (fault: Fault) => T): T {
  try {
    return work();
  } catch (error) {
    return instead(toFault(error));
  }
}

function toFault(error: unknown): Fault {
  return {
    code: 'INTERNAL_ERROR',
    message: `Kombinator itself failed at this: ${describe(error)}`,
    hint: 'take back what was changed here last, and report it; everything else goes on',
  };
}

/** Returns what may be shown: parsers repeat a piece of their text, which may be that of a secret. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no error was thrown';
  return error instanceof SyntaxError ? error.name : `${error.name}: ${error.message.slice(0, 500)}`;
}
