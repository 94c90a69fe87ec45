import type { Secret } from '../../model/secret.ts';

export type GitHostKind = 'github' | 'gitlab' | 'gitea' | 'forgejo' | 'bitbucket';

/** A request that a host has sent, as it came. */
export interface HookDelivery {
  /** Names are in small letters; one that came several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it was sent, at most 25 MiB: signatures are over its bytes. */
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Something that a host tells. It is a hint, never data: whoever gets one fetches from the host what it is about.
 * - `push` branches or tags have moved; `ref` in full, `''` for several, `after` the commit that it is on (40 hex digits), `null` where it was deleted
 * - `pull` a pull request was opened, has changed, or was closed
 * - `comment` somebody has written under a pull request, which may be a command
 * - `ping` the host tries whether the hook arrives
 * - `other` nothing that concerns anybody
 */
export type HookNews = { readonly delivery: string } & (
  | { readonly type: 'push'; readonly ref: string; readonly after: string | null }
  | { readonly type: 'pull'; readonly number: number }
  | { readonly type: 'comment'; readonly number: number; readonly comment: string }
  | { readonly type: 'ping' | 'other' }
);

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  /** Web address. */
  readonly address: string;
  /** Login of who opened it. */
  readonly author: string;
  readonly isOpen: boolean;
  readonly isMerged: boolean;
  /** It comes out of another repository. */
  readonly isFork: boolean;
  /** Commit that it proposes (40 hex digits), and a ref of the config repository that holds it, such as `refs/pull/7/head`. */
  readonly head: { readonly commit: string; readonly ref: string };
  /** Branch that it is to be merged into, without `refs/heads/`. */
  readonly base: string;
  /** Commit that its merge made, `null` while it is not merged. */
  readonly mergeCommit: string | null;
}

/** A pull request that is to be: out of a branch of the repository itself, into another one of it. */
export interface PullDraft {
  /** Names of branches, without `refs/heads/`. */
  readonly branch: string;
  readonly base: string;
  /** Commit that the branch is on. */
  readonly commit: string;
  /** One line. */
  readonly title: string;
  /** Markdown, at most 60,000 characters. */
  readonly text: string;
}

export interface PullComment {
  readonly id: string;
  readonly pull: number;
  /** Login of who wrote it. */
  readonly author: string;
  readonly text: string;
  /** It was changed after it was written, not necessarily by its author. */
  readonly isEdited: boolean;
}

/** Outcome of something about one commit. */
export interface CommitStatus {
  /** `kombinator/plan`, `kombinator/deploy`. */
  readonly context: string;
  /** `error`: it could not be found out. */
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  /** One line, at most 140 characters. */
  readonly description: string;
  /** Page that tells more; `null`: none is known. */
  readonly address: string | null;
}

/** A deployment as a host shows it: GitHub has such, the others have not. */
export interface HostDeployment {
  readonly commit: string;
  readonly environment: string;
  readonly state: 'in_progress' | 'success' | 'failure';
  readonly description: string;
  /** Page of the daemon; `null`: none is known. */
  readonly address: string | null;
}

/** Right that somebody has in the repository at this moment. */
export type HostPermission = 'none' | 'read' | 'write' | 'admin';

/**
 * The host that the config repository is kept on: what is told by its hooks, and what is written beside pull requests and commits there. Throws
 * `ReconcilerError`: HOST_UNREACHABLE (retryable; `retryAfterMs` in the details where the host has said so), HOST_UNAUTHORIZED, HOST_REFUSED (what is asked for is not
 * there, or may not be), HOOK_REFUSED.
 */
export interface GitHost {
  readonly kind: GitHostKind;
  /** Web address of the repository, without credentials. */
  readonly address: string;
  /**
   * Reads a request that came to the address of the hook. Throws HOOK_REFUSED for what the host has not signed with the secret, what is too old or of the
   * future (more than five minutes, where the host signs a time), and what is not understood; the message quotes nothing of it.
   */
  verifyHook(delivery: HookDelivery, secret: Secret): HookNews | Promise<HookNews>;
  /** Throws HOST_REFUSED when there is no such pull request. */
  getPull(number: number, signal: AbortSignal): Promise<PullRequest>;
  /** Open ones that are to be merged into a branch, newest change first, at most 100. */
  listPulls(base: string, signal: AbortSignal): Promise<readonly PullRequest[]>;
  /**
   * Opens a pull request, or brings title and text of the open one of that branch up to date. Resolves to its web address; `null`: people have closed the one that
   * proposed this commit.
   */
  upsertPull(draft: PullDraft, signal: AbortSignal): Promise<string | null>;
  getComment(pull: number, comment: string, signal: AbortSignal): Promise<PullComment>;
  /**
   * Writes the one comment that has a marker (`<!-- kombinator:plan -->`, its first line), in place of what it said, or a new one; comments of others that
   * quote the marker are left alone. Resolves to its web address.
   *
   * @param text Markdown with the marker in its first line, at most 60,000 characters
   */
  upsertComment(pull: number, marker: string, text: string, signal: AbortSignal): Promise<string>;
  setStatus(commit: string, status: CommitStatus, signal: AbortSignal): Promise<void>;
  /** Left out where the host knows no deployments. */
  readonly setDeployment?: (deployment: HostDeployment, signal: AbortSignal) => Promise<void>;
  permissionOf(login: string, signal: AbortSignal): Promise<HostPermission>;
  /** Shows who wrote a comment that it was understood (`yes`) or refused (`no`). */
  react(pull: number, comment: string, answer: 'yes' | 'no', signal: AbortSignal): Promise<void>;
  /** Sets the hook up, or brings the one of that address up to date. Resolves to its web address. */
  installHook(
    request: { readonly address: string; readonly secret: Secret },
    signal: AbortSignal,
  ): Promise<string>;
}
