import type { SignedCommit } from './signed-commit.ts';

/** The files of the rules, as they are now. */
export interface SignatureFiles {
  /** Content of `allowed_signers`; `null`: there is none. */
  readonly signers: string | null;
  readonly keyring: string | null;
  readonly hostKeys: readonly string[];
  /** Public key of this program; `null`: it has none. */
  readonly own: string | null;
}

/** Reasons by commit; one that is not in it counts. */
export type Reasons = ReadonlyMap<string, string>;

export interface Judgement {
  readonly commits: readonly SignedCommit[];
  readonly files: SignatureFiles;
  /** Moment of the check, in milliseconds since the epoch. */
  readonly at: number;
  readonly signal: AbortSignal;
}
