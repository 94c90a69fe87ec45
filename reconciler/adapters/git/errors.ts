import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';

export function notFound(location: string, detail: string, cause?: unknown): ReconcilerError {
  return new ReconcilerError('REPOSITORY_NOT_FOUND', `${location}: ${detail}`, { cause, retryable: true });
}

export function unreachable(location: string, detail: string, cause?: unknown): ReconcilerError {
  return new ReconcilerError('REPOSITORY_UNREACHABLE', `${location}: ${detail}`, { cause, retryable: true });
}

/** A server that was reached and has no answer for the moment: whoever asks again a little later may get one. */
export class PassingError extends ReconcilerError {
  /** Time for which the server asks to be left alone, in milliseconds; `null` where it does not say. */
  readonly pauseMs: number | null;

  constructor(location: string, detail: string, options: { cause?: unknown; pauseMs?: number | null } = {}) {
    super('REPOSITORY_UNREACHABLE', `${location}: ${detail}`, { cause: options.cause, retryable: true });
    this.pauseMs = options.pauseMs ?? null;
  }
}

/** GIT_ERROR of a remote, which says nothing about what is here: a mirror is not the better for being fetched anew. */
export class RemoteError extends ReconcilerError {
  constructor(message: string, cause?: unknown) {
    super('GIT_ERROR', message, { cause });
  }
}

export function unauthorized(location: string, detail: string): ReconcilerError {
  return new ReconcilerError('REPOSITORY_UNAUTHORIZED', `${location}: ${detail}`);
}

/** @param branches that exist, to be named in the message */
export function branchNotFound(branch: string, branches: readonly string[]): ReconcilerError {
  const shown = branches.slice(0, 10).join(', ');
  const hint = branches.length === 0 ? 'the repository has no branch yet' : `it has ${shown}`;
  return new ReconcilerError('BRANCH_NOT_FOUND', `no branch ${branch} in the repository: ${hint}`, {
    retryable: true,
  });
}

export function writeConflict(message: string, cause?: unknown): ReconcilerError {
  return new ReconcilerError('WRITE_CONFLICT', message, { cause });
}

export function gitError(message: string, cause?: unknown): ReconcilerError {
  return new ReconcilerError('GIT_ERROR', message, { cause });
}

/** An object that a partial clone has left at its remote. A repository on this machine is read as it is: nothing is fetched into it. */
export function leftAtRemote(commonDir: string): ReconcilerError {
  const place = commonDir.replace(/\/\.git$/, '');
  const mend = `git -C ${place} fetch --refetch --no-filter`;
  return gitError(
    `${place} is a partial clone (git clone --filter) and lacks files of the commit, which are not fetched: complete it (${mend}), or give the address of its remote as the repository`,
  );
}

export function gitNotInstalled(purpose: string): ReconcilerError {
  return new ReconcilerError(
    'GIT_NOT_INSTALLED',
    `${purpose} needs the git command, and there is none on the PATH: install git and an SSH client (Debian, Ubuntu: apt-get install git openssh-client), or use an https:// address`,
  );
}

/** Passes on what is already typed and what an abort threw; wraps everything else as GIT_ERROR. */
export function asGitError(error: unknown, doing: string, signal?: AbortSignal): unknown {
  if (isReconcilerError(error) || signal?.aborted) return error;
  return gitError(`${doing}: ${errorMessage(error)}`, error);
}

/** The `code` of a Node file system or network error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Nothing is there: neither the file nor, perhaps, the directory it would be in. */
export function isMissing(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
