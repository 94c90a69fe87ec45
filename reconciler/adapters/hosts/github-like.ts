import type { Fields } from '../../base/values.ts';
import type {
  CommitStatus,
  GitHost,
  HookNews,
  HostPermission,
  PullComment,
  PullDraft,
  PullRequest,
} from '../../ports/hosts/git-host.ts';
import type { AskHost } from './host-client.ts';
import { askForAll, askForPages, segment } from './host-client.ts';
import { hookFields } from './hook.ts';
import { HostAnswer } from './host-fetch.ts';
import { ReconcilerError } from '../../base/errors.ts';
import { isChanged, memberAt, readAnswer, readEntries, shorten } from './read-answer.ts';
import type { CommentPlace, WrittenComment } from './upsert-comment.ts';
import { createCommentWriter, createLogin } from './upsert-comment.ts';
import type { PullPlace } from './upsert-pull.ts';
import { createPullWriter } from './upsert-pull.ts';

export interface GithubLikeOptions {
  readonly ask: AskHost;
  /** `owner/name` */
  readonly repository: string;
  /** Query for open pull requests that are to be merged into a branch, the newest change first. */
  readonly openPulls: (base: string) => Readonly<Record<string, string>>;
  /** Query for pull requests out of a branch, open or not, the newest first; a server that does not know it lists more. */
  readonly pullsOf: (draft: PullDraft) => Readonly<Record<string, string>>;
  /** Entries of a page. */
  readonly perPage: Readonly<Record<string, string>>;
  /** Finds out who writes with the token. */
  readonly askLogin: (signal: AbortSignal) => Promise<string>;
}

type GithubLike = Pick<
  GitHost,
  | 'getPull'
  | 'listPulls'
  | 'upsertPull'
  | 'getComment'
  | 'upsertComment'
  | 'setStatus'
  | 'permissionOf'
  | 'react'
>;

const MAX_PULLS = 100;
const MAX_COMMENTS = 10_000;

/** Calls that GitHub, Gitea and Forgejo have in common (https://docs.github.com/rest, https://docs.gitea.com/api). */
export function createGithubLike(options: GithubLikeOptions): GithubLike {
  const { ask, repository, perPage, openPulls } = options;
  const root = `/repos/${repository}`;
  return {
    async getPull(number, signal) {
      return readPull((await ask({ path: `${root}/pulls/${number}`, signal })).data);
    },
    async listPulls(base, signal) {
      const query = { ...perPage, ...openPulls(base) };
      const request = { path: `${root}/pulls`, query, limit: MAX_PULLS, signal };
      const pulls = await askForAll(ask, request, readEntries);
      // An older server does not know the parameter, and lists those of all branches.
      return pulls.map(readPull).filter((pull) => pull.base === base);
    },
    upsertPull: createPullWriter(createPullPlace(options)),
    async getComment(pull, comment, signal) {
      const { data } = await ask({ path: `${root}/issues/comments/${segment(comment)}`, signal });
      if (pullOf(data) !== pull)
        throw new ReconcilerError('HOST_REFUSED', `the comment is none of pull request ${pull}`);
      return readComment(data, pull);
    },
    upsertComment: createCommentWriter(createCommentPlace(options)),
    async setStatus(commit, status, signal) {
      await ask({
        method: 'POST',
        path: `${root}/statuses/${segment(commit)}`,
        body: toStatus(status),
        signal,
      });
    },
    permissionOf: async (login, signal) =>
      askPermission(ask, `${root}/collaborators/${segment(login)}`, signal),
    async react(_pull, comment, answer, signal) {
      const path = `${root}/issues/comments/${segment(comment)}/reactions`;
      await ask({ method: 'POST', path, body: { content: answer === 'yes' ? '+1' : '-1' }, signal });
    },
  };
}

/** Comments of pull requests, which are issues there. */
function createCommentPlace({ ask, repository, perPage, askLogin }: GithubLikeOptions): CommentPlace {
  const root = `/repos/${repository}`;
  return {
    login: createLogin(askLogin),
    async *pages(pull, signal) {
      const request = {
        path: `${root}/issues/${pull}/comments`,
        query: perPage,
        limit: MAX_COMMENTS,
        signal,
      };
      for await (const listed of askForPages(ask, request, readEntries))
        yield listed.map((comment) => readComment(comment, pull));
    },
    async create(pull, text, signal) {
      const path = `${root}/issues/${pull}/comments`;
      return readWritten((await ask({ method: 'POST', path, body: { body: text }, signal })).data);
    },
    async update({ id }, text, signal) {
      const path = `${root}/issues/comments/${segment(id)}`;
      return readWritten((await ask({ method: 'PATCH', path, body: { body: text }, signal })).data);
    },
    async remove({ id }, signal) {
      await ask({ method: 'DELETE', path: `${root}/issues/comments/${segment(id)}`, signal });
    },
  };
}

function createPullPlace({ ask, repository, perPage, pullsOf }: GithubLikeOptions): PullPlace {
  const path = `/repos/${repository}/pulls`;
  return {
    async find(draft, signal) {
      const query = { ...perPage, ...pullsOf(draft) };
      const listed = await askForAll(ask, { path, query, limit: MAX_PULLS, signal }, readEntries);
      const isOurs = (data: unknown): boolean =>
        memberAt(data, 'head.ref') === draft.branch && memberAt(data, 'base.ref') === draft.base;
      return listed
        .filter(isOurs)
        .map(readPull)
        .filter(({ isFork }) => !isFork)
        .map(({ number, isOpen, head, address }) => ({ number, isOpen, commit: head.commit, address }));
    },
    async create({ branch, base, title, text }, signal) {
      const body = { head: branch, base, title, body: text };
      return readAnswer((await ask({ method: 'POST', path, body, signal })).data).text('html_url');
    },
    async update(number, { title, text }, signal) {
      await ask({ method: 'PATCH', path: `${path}/${number}`, body: { title, body: text }, signal });
    },
  };
}

/** Collaborators alone have a right; of people who are not known, hosts answer 404. */
async function askPermission(ask: AskHost, path: string, signal: AbortSignal): Promise<HostPermission> {
  try {
    const { data } = await ask({ path: `${path}/permission`, signal });
    const permission = readAnswer(data).text('permission');
    if (permission === 'owner') return 'admin';
    return permission === 'admin' || permission === 'write' || permission === 'read' ? permission : 'none';
  } catch (error) {
    if (error instanceof HostAnswer && error.status === 404) return 'none';
    throw error;
  }
}

function toStatus({ context, state, description, address }: CommitStatus): object {
  return {
    context,
    state,
    description: shorten(description),
    ...(address !== null && { target_url: address }),
  };
}

function readPull(data: unknown): PullRequest {
  const pull = readAnswer(data);
  const number = pull.number('number');
  // GitHub's lists know when it was merged, and its merge commit is a trial before that.
  const isMerged = pull.flag('merged') || pull.optionalText('merged_at') !== null;
  const base = pull.text('base.repo.full_name');
  return {
    number,
    title: pull.text('title'),
    address: pull.text('html_url'),
    author: pull.optionalText('user.login') ?? '',
    isOpen: pull.text('state') === 'open',
    isMerged,
    // A fork that was deleted is none that can be named.
    isFork: pull.optionalText('head.repo.full_name')?.toLowerCase() !== base.toLowerCase(),
    head: { commit: pull.text('head.sha'), ref: `refs/pull/${number}/head` },
    base: pull.text('base.ref'),
    mergeCommit: isMerged ? pull.optionalText('merge_commit_sha') : null,
  };
}

function readComment(data: unknown, pull: number): PullComment {
  const comment = readAnswer(data);
  // The account of who wrote it may be gone.
  const author = comment.optionalText('user.login') ?? '';
  const isEdited = isChanged(data, 'created_at', 'updated_at');
  return { id: `${comment.number('id')}`, pull, author, text: comment.optionalText('body') ?? '', isEdited };
}

/** Number of the pull request that a comment is under, by the address that it has there. */
function pullOf(data: unknown): number | null {
  const addresses = ['pull_request_url', 'issue_url'].map((name) => memberAt(data, name));
  for (const address of addresses) {
    const number =
      typeof address === 'string' ? /\/(?:pulls|pull|issues)\/(\d+)$/.exec(address)?.[1] : undefined;
    if (number !== undefined) return Number(number);
  }
  return null;
}

function readWritten(data: unknown): WrittenComment {
  const comment = readAnswer(data);
  const author = comment.optionalText('user.login') ?? '';
  return { id: `${comment.number('id')}`, author, address: comment.text('html_url') };
}

/** Comments that were changed are not those of their authors any more. */
export function toCommentNews(delivery: string, hook: Fields): HookNews {
  const isOfPull = hook['is_pull'] === true || (memberAt(hook, 'issue.pull_request') ?? null) !== null;
  if (hook['action'] !== 'created' || !isOfPull) return { type: 'other', delivery };
  const number = hookFields.number(hook, 'issue.number');
  return { type: 'comment', delivery, number, comment: hookFields.id(hook, 'comment.id') };
}
