/** Decision of the operator whose signatures count. With neither file only commits that the source made itself count. */
export interface SignatureRules {
  /** Path of an `allowed_signers` file (ssh-keygen(1)); `null`: no SSH signature of others counts. */
  readonly allowedSigners: string | null;
  /** Path of exported OpenPGP keys, armored or not; `null`: no OpenPGP signature counts. */
  readonly keyring: string | null;
  /** Fingerprints (40 hex digits, capitals) of primary keys in the keyring that sign for every author, as hosts of Git do. */
  readonly hostKeys: readonly string[];
}

export interface VerifyRequest {
  /** Commit that is to count. It is checked itself, unless it is one of the known ones. */
  readonly tip: string;
  /** Commits that count with all before them; empty: nothing before the tip is looked at. */
  readonly known: readonly string[];
  readonly rules: SignatureRules;
}

/** A commit that does not count. */
export interface UnverifiedCommit {
  readonly commit: string;
  readonly author: { readonly name: string; readonly email: string };
  /** First line of the message. */
  readonly subject: string;
  /** Half a sentence that goes on after "it": `is not signed`. */
  readonly reason: string;
}

export interface Verification {
  /** Number of commits that were looked at. */
  readonly checked: number;
  /** Commits that do not count, the newest first. */
  readonly unverified: readonly UnverifiedCommit[];
}

/** Remembers how far branches were found to be signed. Part of the store: it throws as the store does. */
export interface VerifiedRecords {
  /** Newest commit of a repository that counted with all before it; `undefined` where none was looked at. */
  lastVerified(location: string): string | undefined;
  saveVerified(location: string, commit: string): void;
}

/** Decision of the operator about signatures of commits. */
export interface SignatureSettings {
  readonly rules: SignatureRules;
  /** Commit that counts with all before it, 40 hex digits; `null`: the first one that is read has to be signed, and counts with all before it. */
  readonly since: string | null;
}
