/** Rule by which a service gets newer images. */
export type ImageUpdate =
  /** `range` as npm has it: `^1.29`, `1.x`, `>=1.2 <3`. */
  | { readonly policy: 'semver'; readonly range: string }
  /** The group of the pattern, or all that it matches, is what tags are ordered by. */
  | { readonly policy: 'regex'; readonly pattern: string; readonly order: 'numeric' | 'alphabetical' }
  /** The tag stays, and its digest follows it. */
  | { readonly policy: 'digest' };

/** When images are looked for, and what becomes of those that are found. */
export interface ImageUpdates {
  /** Cron expression. */
  readonly schedule: string;
  /** A commit on the branch that is read, or one on a branch of proposals beside it, with a pull request at the Git host or without. */
  readonly as: 'commit' | 'branch' | 'pull';
}
