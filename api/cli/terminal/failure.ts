import { closest, distance } from 'fastest-levenshtein';
import type { ErrorCode } from '../../../reconciler/index.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../../reconciler/index.ts';

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, changes: 2, interrupted: 130 } as const;

/** Failure in words for people and programs. `hint` is what to do about it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** A command that was used wrongly: the message says what, the hint what to write instead. */
export class UsageError extends ReconcilerError {
  override readonly name: string = 'UsageError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, code: ErrorCode = 'BAD_OPTIONS') {
    super(code, message);
    this.hint = hint;
  }
}

/** A daemon that does not do what it was asked; the code is the daemon's own. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, { hint }: { readonly hint?: string } = {}) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Advice on what to do, by code, where the message alone may leave somebody stuck. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  REPOSITORY_NOT_FOUND:
    'give the config repository with --repo PATH|URL (default: the one that the current directory is in)',
  REPOSITORY_UNAUTHORIZED:
    'set KOMBINATOR_GIT_TOKEN, or KOMBINATOR_GIT_USERNAME and KOMBINATOR_GIT_PASSWORD, for http(s); check the ssh key otherwise',
  BRANCH_NOT_FOUND: 'commit something first, or name another branch with --branch',
  EMPTY_REPOSITORY: 'commit a kombinations/NAME/kombination.yaml; an empty repository never deletes anything',
  GIT_NOT_INSTALLED:
    'install what is missing (Debian, Ubuntu: apt-get install git openssh-client); repositories at http(s) addresses are read without',
  COMMIT_NOT_VERIFIED: 'docs/signatures.md says what each reason means, and what to do about it',
  INVALID_CONFIGURATION: '`kombinator validate` lists every problem with its line',
  TARGET_UNREACHABLE:
    'check that the engine or cluster runs and that you may use it (DOCKER_HOST and the docker group, or the kubeconfig)',
  IMAGE_NOT_FOUND:
    'check the image name and tag; private registries go into kombinator.yaml under registries',
  REGISTRY_UNAUTHORIZED: 'give the registry a username and a password reference in kombinator.yaml',
  PORT_TAKEN: 'stop what uses the port, or choose another host port in the kombination',
  NAME_TAKEN: 'something not made by Kombinator has this name: remove or rename it',
  PLAN_STALE: 'make a new plan and look at it again',
  FROZEN: 'wait until the window is over, or repeat with --override-freeze (admins only)',
  DEPENDENCY_NOT_READY: 'bring the stack that it waits for in sync first',
  CONFIRMATION_REQUIRED: 'look at the plan, then repeat with --yes',
  STORE_UNAVAILABLE:
    'check the state directory (--state-dir): it must be writable, and used by one process at a time',
  STORE_FULL: 'free some space on the file system of the state directory',
  SECRET_NOT_FOUND:
    'put the value into secrets/NAME of the state directory, or into KOMBINATOR_SECRET_NAME, as the reference says',
};

/** Turns anything thrown into what is shown. Unexpected errors get the code INTERNAL. */
export function toFailure(error: unknown): Failure {
  if (error instanceof UsageError || error instanceof RemoteError) {
    const { code, message } = error;
    const hint = error.hint ?? hintFor(code);
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  if (isReconcilerError(error)) {
    const hint = HINTS[error.code];
    const message = errorMessage(error);
    return hint === undefined ? { code: error.code, message } : { code: error.code, message, hint };
  }
  return { code: 'INTERNAL', message: errorMessage(error) };
}

function hintFor(code: string): string | undefined {
  return Object.entries(HINTS).find(([known]) => known === code)?.[1];
}

/** `error: message [CODE]` and, on a line of its own, what to do. */
export function formatFailure(failure: Failure, bad: (text: string) => string = (text) => text): string {
  const first = `${bad('error:')} ${failure.message} [${failure.code}]`;
  return failure.hint === undefined ? first : `${first}\n  → ${failure.hint}`;
}

/** The known name nearest to what was written, when near enough to be a slip. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(written, [...known]);
  return distance(written, candidate) <= Math.max(2, Math.floor(written.length / 3)) ? candidate : undefined;
}

/** The error for a stack nobody described, with the nearest name or the list of those there are. */
export function unknownStack(name: string, known: readonly string[], kind = 'stack'): UsageError {
  const near = nearestName(name, known);
  const shown = known.slice(0, 10).join(', ');
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : known.length === 0
        ? `the repository describes no ${kind}`
        : `known ${kind}s: ${shown}${known.length > 10 ? ` and ${known.length - 10} more` : ''}`;
  return new UsageError(`unknown ${kind} "${name}"`, hint, 'UNKNOWN_STACK');
}
