import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { showLine } from '../../base/shown-text.ts';
import type { Revision } from '../../ports/source.ts';
import type { SignatureSettings, UnverifiedCommit, Verification } from '../../ports/signatures.ts';
import type { RunContext } from '../context.ts';

/** Commits that are named in an error. */
const NAMED = 5;
const SHORT_ID = 12;

/** Lets a revision come in force once all of its new commits are signed, where the operator wants that. */
export class RevisionGate {
  readonly #context: Pick<RunContext, 'source' | 'store' | 'logger' | 'signatures'>;
  /** The last one that passed, should the store not take it. */
  #passed: string | undefined;

  constructor(context: Pick<RunContext, 'source' | 'store' | 'logger' | 'signatures'>) {
    this.#context = context;
  }

  get isClosed(): boolean {
    return this.#context.signatures !== null;
  }

  /** Throws COMMIT_NOT_VERIFIED, what `Source.verify` and `Store.lastVerified` throw. */
  async check({ commit }: Revision, signal: AbortSignal): Promise<void> {
    const { source, signatures, logger } = this.#context;
    if (signatures === null || commit === this.#passed) return;
    const known = await this.#known(signatures);
    const found = await source.verify({ tip: commit, known, rules: signatures.rules }, signal);
    if (found.unverified.length > 0) throw notVerified(found, this.#last() ?? null);
    if (found.checked > 0)
      logger.info({ revision: commit, commits: found.checked }, 'signatures of commits were checked');
    this.#passed = commit;
    this.#save(commit);
  }

  /** The revision that passed last, in this process or an earlier one; `null` where there is none. */
  async lastPassed(): Promise<Revision | null> {
    const last = this.#last();
    if (last === undefined || (await this.#context.source.contains(last)) !== true) return null;
    return this.#context.source.lookup(last);
  }

  /** Commits that count without a look: the last that passed, and the one that the operator vouches for. */
  async #known({ since }: SignatureSettings): Promise<readonly string[]> {
    const { source } = this.#context;
    const trusted = since === null ? null : await this.#vouched(since);
    const last = this.#last();
    if (last === undefined) return trusted === null ? [] : [trusted];
    if ((await source.contains(last)) === true) return trusted === null ? [last] : [last, trusted];
    if (trusted !== null) return [trusted];
    throw new ReconcilerError(
      'COMMIT_NOT_VERIFIED',
      `the commit ${short(last)}, up to which signatures were checked, is not in the repository any more, so it is not known which commits are new: name one that is trusted as git.signatures.since`,
    );
  }

  async #vouched(since: string): Promise<string> {
    try {
      return (await this.#context.source.lookup(since)).commit;
    } catch (error) {
      if (!isReconcilerError(error, 'GIT_ERROR')) throw error;
      throw new ReconcilerError(
        'COMMIT_NOT_VERIFIED',
        `git.signatures.since names ${short(since)}, which is no commit of the repository: name one that is`,
      );
    }
  }

  #last(): string | undefined {
    const { source, store } = this.#context;
    return this.#passed ?? store.lastVerified(source.location);
  }

  #save(commit: string): void {
    const { source, store, logger } = this.#context;
    try {
      store.saveVerified(source.location, commit);
    } catch (error) {
      logger.warn(
        { error: errorMessage(error) },
        'the store does not take up to where signatures were checked',
      );
    }
  }
}

/** Says which commits do not count, why, and what to do about it. */
function notVerified({ unverified, checked }: Verification, last: string | null): ReconcilerError {
  const named = unverified.slice(0, NAMED).map(describe).join('; ');
  const more = unverified.length > NAMED ? `; and ${unverified.length - NAMED} more` : '';
  const force = last === null ? 'nothing is applied' : `${short(last)} is the last that counts`;
  const which = `${unverified.length} of ${checked} new ${checked === 1 ? 'commit' : 'commits'}`;
  const remedy =
    "have their authors sign them anew and push, or, if you trust them, name the newest as git.signatures.since of the operator's configuration";
  return new ReconcilerError(
    'COMMIT_NOT_VERIFIED',
    `${which} cannot be trusted, and ${force}: ${named}${more}. To go on, ${remedy}`,
  );
}

function describe({ commit, author, subject, reason }: UnverifiedCommit): string {
  const line = (text: string) => showLine(text).slice(0, 100);
  return `${short(commit)} "${line(subject)}" by ${line(author.name)} <${line(author.email)}> ${reason}`;
}

function short(commit: string): string {
  return commit.slice(0, SHORT_ID);
}
