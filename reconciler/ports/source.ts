import type { Verification, VerifyRequest } from './signatures.ts';

/** A commit the desired state is read from. */
export interface Revision {
  /** 40 hex digits. */
  readonly commit: string;
  readonly branch: string;
  readonly author: { readonly name: string; readonly email: string };
  /** First line of the commit message. */
  readonly subject: string;
  /** Time of the committer, ISO 8601. */
  readonly time: string;
  /** A working repository has changes that are not committed (they are not read). */
  readonly dirty: boolean;
}

export interface FileEntry {
  /** A file, an executable file, a symlink whose content is its target path, or a submodule, whose files are elsewhere. */
  readonly type: 'file' | 'executable' | 'symlink' | 'submodule';
  /** Blob id; of a submodule the commit that it is at. */
  readonly blob: string;
  /** Reason why the files of a submodule are not there, although submodules are fetched. */
  readonly reason?: string;
}

/** `after: null` the file is gone; `before: null` it is new. */
export interface FileChange {
  readonly path: string;
  readonly before: FileEntry | null;
  readonly after: FileEntry | null;
}

/** A pointer that Git LFS has committed in place of a file. */
export interface LargeFile {
  /** Blob id of the pointer, which stands for the content as well. */
  readonly blob: string;
  /** SHA-256 of the content, 64 hex digits. */
  readonly oid: string;
  /** Bytes of the content. */
  readonly size: number;
}

/** A commit among others. */
export type LoggedCommit = Pick<Revision, 'commit' | 'author' | 'subject' | 'time'> & {
  /** The first one; `null` where there is none. */
  readonly parent: string | null;
};

/** A file to write in a commit; `content: null` deletes it. Text is UTF-8. */
export interface FileWrite {
  readonly path: string;
  readonly content: string | Uint8Array | null;
  /** Default: as the file is now, `file` for a new one. */
  readonly type?: Exclude<FileEntry['type'], 'submodule'>;
}

export interface CommitRequest {
  readonly writes: readonly FileWrite[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** The commit the writes were decided on, `null` for a branch that has none yet; the branch having moved on gives `WRITE_CONFLICT`. */
  readonly expectedHead: string | null;
}

/** One commit that people are to decide about, on a branch beside the one that is read. */
export interface ProposalRequest {
  /** `drift/shop`; never the branch that is read. */
  readonly branch: string;
  /** The commit that the writes were decided on, and the parent of the new one. */
  readonly base: string;
  readonly writes: readonly FileWrite[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
}

/** A commit that somebody proposes for the branch. */
export interface MergeRequest {
  /** Commit that it is merged into. */
  readonly base: string;
  readonly head: string;
  /** Ref of the remote that has the head: `refs/pull/7/head`. It is fetched where it is not here yet. */
  readonly ref: string;
}

export interface MergeResult {
  /** Differences between the base and the merge, sorted by path. */
  readonly changes: readonly FileChange[];
  /** Paths that both sides have changed in ways that do not go together, sorted; there are no changes then. */
  readonly conflicts: readonly string[];
  /** Contents that merging has made and that `readBlobs` does not know, by blob; `null`: too large to be read. Left out: there are none. */
  readonly contents?: ReadonlyMap<string, Uint8Array | null>;
}

export interface TagRequest {
  readonly name: string;
  readonly commit: string;
  readonly message: string;
}

export interface DeploymentTag {
  readonly name: string;
  readonly commit: string;
  readonly message: string;
  /** Tagger date, ISO 8601. */
  readonly time: string;
}

/** Tags that a push has left behind; all others are at the remote. */
export interface PushedTags {
  /** Names that the remote has another tag of: the next `resolve` puts that in the place of ours. */
  readonly taken: readonly string[];
  /** Reasons why the remote does not take one, by name. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Tags of deployments that keep their refs. */
export interface TagFolding {
  /** Newest tags of a stack that keep theirs. */
  readonly keep: number;
  /** Number of tags of a stack up to which all of them do. */
  readonly above: number;
}

export interface FoldOptions extends TagFolding {
  /** Names of tags that wait to be pushed: those do, too. */
  readonly except: readonly string[];
}

/**
 * The config repository. Throws `ReconcilerError`: REPOSITORY_NOT_FOUND, REPOSITORY_UNREACHABLE (retryable), REPOSITORY_UNAUTHORIZED,
 * BRANCH_NOT_FOUND, GIT_NOT_INSTALLED, GIT_ERROR, WRITE_CONFLICT.
 */
export interface Source extends AsyncDisposable {
  /** Place of the repository, without credentials. */
  readonly location: string;
  readonly branch: string;
  /** Directory of the repository that all paths begin in, and that nothing else is read or written of; blank: the repository itself. */
  readonly root: string;
  /** Name among several sources of a daemon. Left out: it is the only one. */
  readonly name?: string;
  /** True when tags and commits are pushed somewhere. */
  readonly hasRemote: boolean;
  /**
   * Newest commit of the branch; fetches first when there is a remote. Tags come along the first time, when they are expected, and every five
   * minutes; those of releases each time, as long as there are no more than a hundred.
   */
  resolve(signal: AbortSignal): Promise<Revision>;
  /** Somebody may have made, moved or deleted tags: the next `resolve` brings all of them. */
  expectTags(): void;
  /** Newest commit that an earlier `resolve`, of this process or another, has found at the remote; `null` where none is kept. Asks nobody. */
  lastKnown(): Promise<Revision | null>;
  /** Any commit, branch or tag by name; throws GIT_ERROR when it is unknown. */
  lookup(reference: string): Promise<Revision>;
  /** Tells whether this commit is in the repository, `unknown` for shallow clones that lack it. */
  contains(commit: string): Promise<boolean | 'unknown'>;
  /** Tells whether a commit is the earlier one, or has it among those before it; `unknown` where the clone does not go back so far. Both by id. */
  comesAfter(later: string, earlier: string): Promise<boolean | 'unknown'>;
  /**
   * Commits that `later` has, and `earlier` has not, both by id: at most so many, the newest first. Where the clone does not go back so far, those that
   * it has.
   */
  between(earlier: string, later: string, limit: number): Promise<readonly LoggedCommit[]>;
  /** Files that differ, sorted by path; only trees whose ids differ are read. `from: null` lists everything. */
  diff(from: string | null, to: string, signal: AbortSignal): Promise<readonly FileChange[]>;
  /**
   * The same with the files of submodules, as far as the operator lets them be fetched. One that cannot be had is a submodule with the reason, and
   * no error. Compared is with what was told of `from`.
   */
  diffWithModules(from: string | null, to: string, signal: AbortSignal): Promise<readonly FileChange[]>;
  /** Tells whether a submodule or a large file could not be had, and it is time to try again: `diffWithModules` from the commit to itself does. */
  isIncomplete(commit: string): boolean;
  /**
   * Makes what pointers stand for readable by their blob ids. Resolves to the blobs whose content cannot be had, with the reason; `null`: the
   * operator lets none be fetched.
   */
  fetchLarge(
    files: readonly LargeFile[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string | null>>;
  /** One content by blob id. */
  readBlob(blob: string): Promise<Uint8Array>;
  /** Many contents, streamed in any order; far faster than one by one. Blobs larger than `maxBytes` come as `null` content with their size. */
  readBlobs(
    blobs: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly blob: string; readonly size: number; readonly content: Uint8Array | null }>;
  /** Commits on the branch and pushes when there is a remote; nothing is left behind when it fails. Resolves to the new commit. */
  commit(request: CommitRequest, signal: AbortSignal): Promise<string>;
  /**
   * Puts one commit on `base` on a branch that only proposals are made on, instead of what was proposed there before; pushes when there
   * is a remote. The same message and content as there makes no second commit. Resolves to what is there then. Throws WRITE_CONFLICT when
   * somebody else has committed on that branch, or has it checked out.
   */
  propose(
    request: ProposalRequest,
    signal: AbortSignal,
  ): Promise<{ readonly commit: string; readonly isNew: boolean }>;
  /** Merges what is proposed, on no branch and in no commit: only to see what it would change. */
  tryMerge(request: MergeRequest, signal: AbortSignal): Promise<MergeResult>;
  /**
   * Finds out which commits are signed by their authors. Those that this source makes itself are, where it has a key. Throws GIT_NOT_INSTALLED where a program
   * for it is missing, BAD_OPTIONS for rules that cannot be read, GIT_ERROR for a commit that is not there.
   */
  verify(request: VerifyRequest, signal: AbortSignal): Promise<Verification>;
  /** Annotated tag; an existing tag of that name gives WRITE_CONFLICT. Local only: see `pushTags`. */
  tag(request: TagRequest): Promise<void>;
  /**
   * Puts an annotated tag where it is to be, here and at the remote, or nowhere.
   *
   * @param expected commit that it is on now, `null` when there must be none; anything else gives WRITE_CONFLICT
   */
  moveTag(request: TagRequest, expected: string | null, signal: AbortSignal): Promise<void>;
  /** Takes a tag away, here and at the remote; `expected` as for `moveTag`. */
  deleteTag(name: string, expected: string, signal: AbortSignal): Promise<void>;
  /** Tags whose name starts with the prefix, by name. */
  tags(prefix: string): Promise<readonly DeploymentTag[]>;
  /** Pushes tags that the remote lacks, in one push where there are no more than a thousand; returns at once without a remote. */
  pushTags(names: readonly string[], signal: AbortSignal): Promise<PushedTags>;
  /**
   * Folds deployment tags (`deploy/<stack>/<n>`) of stacks that have many: the older ones go into one ref for each stack, here and at the remote, and
   * their own refs go. `tags`, `lookup` and `tag` know of them as before. No moment at which it ends loses a tag. Resolves to the reasons why a remote
   * does not take something, by ref.
   */
  foldTags(options: FoldOptions, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Calls back whenever the branch may have moved (ref files change; remotes: polled). Ends when the signal aborts. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>;
}
