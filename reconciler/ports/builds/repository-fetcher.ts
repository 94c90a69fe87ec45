import { ReconcilerError } from '../../base/errors.ts';
import type { FileEntry } from '../source.ts';

/** A branch of a repository that is not the config repository. Disposing of it removes the copy. */
export interface FetchedRepository extends AsyncDisposable {
  readonly branch: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** First line of the commit message. */
  readonly subject: string;
  /** Every file, sorted by path. Those of submodules are not there. */
  readonly files: readonly FetchedFile[];
  /** One content by blob id. Throws GIT_ERROR for one that is too large. */
  readBlob(blob: string): Promise<Uint8Array>;
  /** Contents by blob id, in any order; `null` for those that are larger than `maxBytes`. */
  readBlobs(
    blobs: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly blob: string; readonly content: Uint8Array | null }>;
}

export interface FetchedFile {
  readonly path: string;
  readonly type: FileEntry['type'];
  readonly blob: string;
}

/** Fetches from nowhere. */
export const NO_REPOSITORIES: RepositoryFetcher = {
  check: (address) =>
    Promise.reject(new ReconcilerError('BAD_OPTIONS', `${address}: no repository is fetched here`)),
  fetch: (address) => NO_REPOSITORIES.check(address) as Promise<never>,
  sweep: () => Promise.resolve(),
};

/** Fetches from places that the operator names, and nowhere else. */
export interface RepositoryFetcher {
  /** Returns the address without credentials. Throws BAD_OPTIONS for one that is none, or is below no such place. */
  check(address: string): Promise<string>;
  /**
   * Fetches one branch. Throws as `check` does, and as `Source` does.
   *
   * @param branch `null`: the one that the repository's HEAD names
   */
  fetch(address: string, branch: string | null, signal: AbortSignal): Promise<FetchedRepository>;
  /** Removes copies that a process has left that was ended in the middle. */
  sweep(): Promise<void>;
}
