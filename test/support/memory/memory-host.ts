import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import type {
  CommitStatus,
  GitHost,
  HookNews,
  HostDeployment,
  HostPermission,
  PullComment,
  PullDraft,
  PullRequest,
} from '../../../reconciler/ports/hosts/git-host.ts';

/** A Git host in memory, and hands that do there what people do. */
export interface MemoryHost extends GitHost {
  /** Opens a pull request, or pushes to one. */
  propose(number: number, commit: string, more?: Partial<PullRequest>): void;
  /** Merged as this commit of the branch. */
  merged(number: number, commit: string): void;
  close(number: number): void;
  write(number: number, author: string, text: string, isEdited?: boolean): HookNews;
  permit(login: string, permission: HostPermission): void;
  /** Calls fail with this, until `null`. */
  failWith(error: ReconcilerError | null): void;
  /** Comments with the marker, by pull request: as many as were written. */
  comments(number: number): readonly string[];
  /** Texts that the one comment has had, the oldest first. */
  history(number: number): readonly string[];
  /** Pull requests that were to be opened or brought up to date, the oldest first. */
  readonly drafts: readonly PullDraft[];
  /** Statuses as they were set, the oldest first. */
  readonly statuses: readonly (CommitStatus & { readonly commit: string })[];
  readonly deployments: readonly HostDeployment[];
  readonly reactions: readonly { readonly comment: string; readonly answer: 'yes' | 'no' }[];
  status(commit: string, context: string): CommitStatus | undefined;
}

export interface MemoryHostOptions {
  /** Called before each call is carried out. */
  readonly pause?: () => Promise<void>;
  /** Told of each status before anybody else is. */
  readonly onStatus?: (commit: string, status: CommitStatus) => void;
}

export function createMemoryHost({ pause, onStatus }: MemoryHostOptions = {}): MemoryHost {
  const pulls = new Map<number, PullRequest>();
  const written = new Map<string, PullComment>();
  const own = new Map<number, Map<string, string[]>>();
  const permissions = new Map<string, HostPermission>();
  const statuses: (CommitStatus & { readonly commit: string })[] = [];
  const drafts: PullDraft[] = [];
  const deployments: HostDeployment[] = [];
  const reactions: { readonly comment: string; readonly answer: 'yes' | 'no' }[] = [];
  let failure: ReconcilerError | null = null;
  const enter = async (): Promise<void> => {
    await pause?.();
    if (failure !== null) throw failure;
  };
  const find = (number: number): PullRequest => {
    const pull = pulls.get(number);
    if (pull === undefined) throw new ReconcilerError('HOST_REFUSED', `there is no pull request ${number}`);
    return pull;
  };
  return {
    kind: 'forgejo',
    address: 'https://forge.example.org/home/config',
    drafts,
    statuses,
    deployments,
    reactions,
    status: (commit, context) =>
      statuses.findLast((status) => status.commit === commit && status.context === context),
    propose(number, commit, more = {}) {
      pulls.set(number, {
        number,
        title: `Change ${number}`,
        address: `https://forge.example.org/home/config/pulls/${number}`,
        author: 'eve',
        isOpen: true,
        isMerged: false,
        isFork: false,
        base: 'main',
        mergeCommit: null,
        ...pulls.get(number),
        head: { commit, ref: `refs/pull/${number}/head` },
        ...more,
      });
    },
    merged: (number, commit) =>
      void pulls.set(number, { ...find(number), isOpen: false, isMerged: true, mergeCommit: commit }),
    close: (number) => void pulls.set(number, { ...find(number), isOpen: false }),
    write(number, author, text, isEdited = false) {
      const id = String(written.size + 1);
      written.set(id, { id, pull: number, author, text, isEdited });
      return { type: 'comment', number, comment: id, delivery: `comment-${id}` };
    },
    permit: (login, permission) => void permissions.set(login, permission),
    failWith: (error) => void (failure = error),
    comments: (number) => [...(own.get(number)?.values() ?? [])].map((texts) => texts.at(-1) ?? ''),
    history: (number) => [...(own.get(number)?.values() ?? [])].flat(),
    verifyHook: () => {
      throw new ReconcilerError('HOOK_REFUSED', 'no hooks come from memory');
    },
    async getPull(number) {
      await enter();
      return find(number);
    },
    async listPulls(base) {
      await enter();
      return [...pulls.values()].filter((pull) => pull.isOpen && pull.base === base);
    },
    async upsertPull(draft) {
      await enter();
      drafts.push(draft);
      return `https://forge.example.org/home/config/pulls/of/${draft.branch}`;
    },
    async getComment(_, comment) {
      await enter();
      const found = written.get(comment);
      if (found === undefined) throw new ReconcilerError('HOST_REFUSED', 'there is no such comment');
      return found;
    },
    async upsertComment(number, marker, text) {
      await enter();
      const comments = own.get(number) ?? new Map<string, string[]>();
      own.set(number, comments);
      comments.set(marker, [...(comments.get(marker) ?? []), text]);
      return `https://forge.example.org/home/config/pulls/${number}#comment`;
    },
    async setStatus(commit, status) {
      await enter();
      onStatus?.(commit, status);
      statuses.push({ commit, ...status });
    },
    async setDeployment(deployment) {
      await enter();
      deployments.push(deployment);
    },
    async permissionOf(login) {
      await enter();
      return permissions.get(login) ?? 'none';
    },
    async react(_, comment, answer) {
      await enter();
      reactions.push({ comment, answer });
    },
    installHook: async () => 'https://forge.example.org/home/config/settings/hooks/1',
  };
}
