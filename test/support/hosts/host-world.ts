import type {
  CommitStatus,
  HostDeployment,
  HostPermission,
} from '../../../reconciler/ports/hosts/git-host.ts';

export interface WorldPull {
  readonly number: number;
  title: string;
  text: string;
  author: string;
  isOpen: boolean;
  isMerged: boolean;
  isFork: boolean;
  commit: string;
  branch: string;
  base: string;
  mergeCommit: string | null;
  /** Order of changes, the newest has the highest. */
  changed: number;
}

export interface WorldComment {
  readonly id: number;
  readonly pull: number;
  author: string;
  text: string;
  /** Time of the last change in milliseconds after it was written; 0: there was none. */
  changedAfter: number;
  readonly reactions: string[];
}

export interface WorldHook {
  readonly id: number;
  address: string;
  secret: string;
  events: readonly string[];
}

/** Something that a host tells by a hook. */
export type WorldEvent =
  | { readonly type: 'push'; readonly ref: string; readonly after: string | null }
  | { readonly type: 'pull'; readonly number: number }
  | {
      readonly type: 'comment';
      readonly number: number;
      readonly comment: number;
      readonly change?: 'edited';
    }
  | { readonly type: 'issue' }
  | { readonly type: 'ping' };

/** A repository with its pull requests as a host keeps them, in memory. Every double puts the same world into the words of its host. */
export interface HostWorld {
  readonly repository: string;
  /** Login behind the token that is right. */
  readonly login: string;
  readonly token: string;
  /** False: the token may not ask whose it is. */
  tellsLogin: boolean;
  readonly pulls: Map<number, WorldPull>;
  readonly comments: Map<number, WorldComment>;
  readonly statuses: { readonly commit: string; readonly state: string; readonly status: CommitStatus }[];
  readonly deployments: (HostDeployment & { readonly id: number })[];
  readonly hooks: Map<number, WorldHook>;
  readonly permissions: Map<string, HostPermission>;
  nextId(): number;
  addPull(change?: Partial<WorldPull>): WorldPull;
  addComment(pull: number, author: string, text: string): WorldComment;
}

export const HEAD = 'a'.repeat(40);
export const MERGE = 'b'.repeat(40);

export function createHostWorld(): HostWorld {
  let id = 1_000;
  let number = 0;
  const world: HostWorld = {
    repository: 'acme/config',
    login: 'kombinator-bot',
    token: 'token-of-the-host-1234567890',
    tellsLogin: true,
    pulls: new Map(),
    comments: new Map(),
    statuses: [],
    deployments: [],
    hooks: new Map(),
    permissions: new Map(),
    nextId: () => (id += 1),
    addPull(change = {}) {
      number = change.number ?? number + 1;
      const pull: WorldPull = {
        number,
        title: `Change ${number}`,
        text: '',
        author: 'ada',
        isOpen: true,
        isMerged: false,
        isFork: false,
        commit: HEAD,
        branch: `feature-${number}`,
        base: 'main',
        mergeCommit: null,
        changed: number,
        ...change,
      };
      world.pulls.set(number, pull);
      return pull;
    },
    addComment(pull, author, text) {
      const comment: WorldComment = {
        id: world.nextId(),
        pull,
        author,
        text,
        changedAfter: 0,
        reactions: [],
      };
      world.comments.set(comment.id, comment);
      return comment;
    },
  };
  return world;
}

/** Open ones into a branch, the newest change first. */
export function openPulls(world: HostWorld, base: string | null): readonly WorldPull[] {
  return [...world.pulls.values()]
    .filter((pull) => pull.isOpen && (base === null || pull.base === base))
    .toSorted((a, b) => b.changed - a.changed);
}

/** Times of a comment, ISO 8601. */
export function timesOf({ changedAfter }: WorldComment): {
  readonly created: string;
  readonly updated: string;
} {
  const created = Date.UTC(2026, 10, 1, 12);
  return {
    created: new Date(created).toISOString(),
    updated: new Date(created + changedAfter).toISOString(),
  };
}

/** Opens a pull request of a branch as the one behind the token. */
export function openPull(
  world: HostWorld,
  pull: Pick<WorldPull, 'title' | 'text' | 'branch' | 'base'>,
): WorldPull | null {
  const isThere = [...world.pulls.values()].some(
    (one) => one.isOpen && !one.isFork && one.branch === pull.branch && one.base === pull.base,
  );
  return isThere ? null : world.addPull({ ...pull, author: world.login });
}

/** All into a branch, open or not, the newest first. */
export function allPulls(world: HostWorld, base: string | null): readonly WorldPull[] {
  return [...world.pulls.values()].filter((pull) => base === null || pull.base === base).toReversed();
}

export function commentsOf(world: HostWorld, pull: number): readonly WorldComment[] {
  return [...world.comments.values()].filter((comment) => comment.pull === pull);
}
