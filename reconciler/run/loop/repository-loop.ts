import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { LoadResult } from '../../ports/desired.ts';
import type { Revision } from '../../ports/source.ts';
import type { RepositoryStatus } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';
import { RevisionGate } from './revision-gate.ts';

/** Errors of a repository that was read, and holds nothing. */
const READ_CODES: ReadonlySet<string> = new Set(['BRANCH_NOT_FOUND', 'EMPTY_REPOSITORY']);

/**
 * Follows the branch. One read at a time; whoever asks while one is under way gets the next one. A revision that cannot be read, or that describes
 * nothing, changes nothing: the last good one stays in force.
 */
export class RepositoryLoop {
  readonly #context: RunContext;
  readonly #lifetime: AbortSignal;
  readonly #onLoad: (result: LoadResult, revision: Revision) => void;
  readonly #gate: RevisionGate;
  #revision: Revision | null = null;
  #error: RepositoryStatus['error'] = null;
  #current: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  /** @param lifetime ends reads that are under way; a read is shared, so it outlives whoever asked for it first */
  constructor(
    context: RunContext,
    lifetime: AbortSignal,
    onLoad: (result: LoadResult, revision: Revision) => void,
  ) {
    this.#context = context;
    this.#gate = new RevisionGate(context);
    this.#lifetime = lifetime;
    this.#onLoad = onLoad;
  }

  status(): RepositoryStatus {
    const { source, desired, gitHost } = this.#context;
    return {
      location: source.location,
      branch: source.branch,
      root: source.root,
      ...(gitHost !== null && { host: { kind: gitHost.kind, address: gitHost.address } }),
      revision: this.#revision,
      error: this.#error,
      stacks: desired.names().length,
      diagnostics: desired.diagnostics(),
    };
  }

  get error(): RepositoryStatus['error'] {
    return this.#error;
  }

  /** Throws REPOSITORY_UNREACHABLE while nothing has been read. */
  requireRead(): void {
    if (this.#context.desired.revision !== null) return;
    const error = this.#error;
    if (error !== null && READ_CODES.has(error.code)) return;
    const reason = error === null ? '' : `: ${error.message}`;
    const message = `the repository has not been read yet${reason}`;
    throw new ReconcilerError('REPOSITORY_UNREACHABLE', message, { retryable: true });
  }

  /** Resolves once a read that began after this call has ended; throws why it failed. The signal ends the waiting, not the read. */
  async refresh(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#share(), stopped]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #share(): Promise<void> {
    if (this.#current === null) {
      this.#current = this.#read().finally(() => {
        this.#current = null;
      });
      return this.#current;
    }
    this.#next ??= this.#current
      .catch(() => undefined) // told to those who asked for that one
      .then(() => {
        this.#next = null;
        return this.#share();
      });
    return this.#next;
  }

  async #read(): Promise<void> {
    const signal = this.#lifetime;
    const { source, desired, logger, events, stacks } = this.#context;
    try {
      const revision = await source.resolve(signal);
      await this.#gate.check(revision, signal);
      const known = desired.revision?.commit === revision.commit && !source.isIncomplete(revision.commit);
      const isFirst = desired.revision === null;
      const result = known ? null : await desired.load(revision, signal);
      if (result !== null && !isFirst) stacks.described(result.changed, revision.time);
      if (this.#error !== null)
        logger.info({ revision: revision.commit }, 'the repository can be read again');
      this.#revision = revision;
      this.#error = null;
      if (result !== null) this.#onLoad(result, revision);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#note(error);
      await this.#useLastKnown(signal);
      throw error;
    } finally {
      if (!signal.aborted)
        events.publish({ type: 'repository', revision: this.#revision?.commit ?? null, error: this.#error });
    }
  }

  /** A process that has read nothing yet goes on with what an earlier one has read last. */
  async #useLastKnown(signal: AbortSignal): Promise<void> {
    const { source, desired, logger } = this.#context;
    if (desired.revision !== null) return;
    try {
      // The newest that is known may be the one that does not pass.
      const revision = this.#gate.isClosed ? await this.#gate.lastPassed() : await source.lastKnown();
      if (revision === null) return;
      const result = await desired.load(revision, signal);
      logger.warn(
        { revision: revision.commit },
        'the revision that was read last is in force until the repository can be read',
      );
      this.#revision = revision;
      this.#onLoad(result, revision);
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, 'the revision that was read last cannot be used');
    }
  }

  #note(error: unknown): void {
    const code = error instanceof ReconcilerError ? error.code : 'GIT_ERROR';
    const message = errorMessage(error);
    if (this.#error?.message !== message) {
      this.#context.logger.error(
        { code, error: message },
        code === 'COMMIT_NOT_VERIFIED'
          ? 'commits cannot be trusted; the last good revision stays in force'
          : 'the repository cannot be read; the last good revision stays in force',
      );
    }
    this.#error = { code, message };
  }
}
