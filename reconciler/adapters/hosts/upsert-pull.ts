import { createKeyedMutex } from '../../base/mutex.ts';
import type { GitHost, PullDraft } from '../../ports/hosts/git-host.ts';

/** A pull request out of the branch of a draft. */
export interface BranchPull {
  readonly number: number;
  readonly isOpen: boolean;
  /** Commit that it proposes, or the beginning of its name; `''`: it is not known. */
  readonly commit: string;
  /** Web address. */
  readonly address: string;
}

/** Pull requests out of branches of the repository itself, as a host keeps them. */
export interface PullPlace {
  /** Pull requests out of the branch of a draft into the other one, open or not, the newest first; closed ones only as far as the host finds them. */
  find(draft: PullDraft, signal: AbortSignal): Promise<readonly BranchPull[]>;
  /** Resolves to the web address. */
  create(draft: PullDraft, signal: AbortSignal): Promise<string>;
  update(pull: number, draft: PullDraft, signal: AbortSignal): Promise<void>;
}

/** Keeps one open pull request for each branch. One that people have closed says no to what it proposed, and stays closed for as long as the branch proposes that. */
export function createPullWriter(place: PullPlace): GitHost['upsertPull'] {
  const exclusively = createKeyedMutex();
  return (draft, signal) =>
    exclusively(`${draft.branch} ${draft.base}`, async () => {
      const found = await place.find(draft, signal);
      const open = found.find(({ isOpen }) => isOpen);
      if (open !== undefined) {
        await place.update(open.number, draft, signal);
        return open.address;
      }
      const isRefused = found.some(({ commit }) => commit !== '' && draft.commit.startsWith(commit));
      return isRefused ? null : place.create(draft, signal);
    });
}
