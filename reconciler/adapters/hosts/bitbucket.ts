import { sha256 } from '../../base/json.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import type { Secret } from '../../model/secret.ts';
import type {
  CommitStatus,
  GitHost,
  HookDelivery,
  HookNews,
  HostPermission,
  PullComment,
  PullRequest,
} from '../../ports/hosts/git-host.ts';
import type { AskHost, HostOptions } from './host-client.ts';
import { askForAll, askForPages, createAskHost, segment } from './host-client.ts';
import {
  checkHmac,
  decodeBody,
  deliveryOf,
  headerOf,
  hookFields,
  parseHook,
  pushOf,
  refused,
} from './hook.ts';
import { writeHook } from './install-hook.ts';
import { isChanged, memberAt, readAnswer, readEntries, shorten } from './read-answer.ts';
import type { CommentPlace, WrittenComment } from './upsert-comment.ts';
import { createCommentWriter, createLogin } from './upsert-comment.ts';
import type { PullPlace } from './upsert-pull.ts';
import { createPullWriter } from './upsert-pull.ts';

/** Events that a hook is set up for (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads). */
const EVENTS: readonly string[] = [
  'repo:push',
  'pullrequest:created',
  'pullrequest:updated',
  'pullrequest:fulfilled',
  'pullrequest:rejected',
  'pullrequest:comment_created',
];

const PER_PAGE = { pagelen: '50' };
const MAX_PULLS = 100;
const MAX_COMMENTS = 10_000;

/**
 * Bitbucket Cloud (https://developer.atlassian.com/cloud/bitbucket/rest). People are known there by their account id: nicknames are neither unique nor
 * lasting. It has no reactions, and keeps no ref of what a pull request proposes.
 */
export function createBitbucketHost(options: HostOptions): GitHost {
  const ask = withPages(createAskHost({ ...options, authorize: toAuthorization }));
  const { address, repository } = options;
  const root = `/repositories/${repository}`;
  const toPull = createPullReader(ask, root);
  return {
    kind: 'bitbucket',
    address,
    verifyHook: (delivery, secret) => verify(delivery, secret),
    async getPull(number, signal) {
      return toPull((await ask({ path: `${root}/pullrequests/${number}`, signal })).data, signal);
    },
    async listPulls(base, signal) {
      const q = `state="OPEN" AND destination.branch.name=${JSON.stringify(base)}`;
      const query = { ...PER_PAGE, q, sort: '-updated_on' };
      const request = { path: `${root}/pullrequests`, query, limit: MAX_PULLS, signal };
      const pulls: PullRequest[] = [];
      for (const pull of await askForAll(ask, request, entriesOf)) {
        // The branch of one that is still open may be gone.
        if (asString(memberAt(pull, 'source.commit.hash')) !== undefined)
          pulls.push(await toPull(pull, signal));
      }
      return pulls;
    },
    upsertPull: createPullWriter(createPulls(ask, { root, repository })),
    async getComment(pull, comment, signal) {
      const path = `${root}/pullrequests/${pull}/comments/${segment(comment)}`;
      return readComment((await ask({ path, signal })).data, pull);
    },
    upsertComment: createUpsert(ask, root),
    async setStatus(commit, status, signal) {
      const path = `${root}/commit/${segment(commit)}/statuses/build`;
      await ask({ method: 'POST', path, body: toStatus(status, `${address}/commits/${commit}`), signal });
    },
    permissionOf: (login, signal) => askPermission(ask, { repository, login, signal }),
    // Bitbucket has no reactions: what is written beside the commit says what became of a comment.
    react: () => Promise.resolve(),
    async installHook({ address: url, secret }, signal) {
      const update = {
        description: 'Kombinator',
        url,
        active: true,
        secret: secret.reveal().trim(),
        events: EVENTS,
      };
      const right = 'one with Webhooks';
      const place = { ask, path: `${root}/hooks`, perPage: PER_PAGE, right, idAt: 'uuid', entriesOf };
      await writeHook(
        { ...place, addressAt: 'url', method: 'PUT' },
        { address: url, create: update, update },
        signal,
      );
      return `${address}/admin/webhooks`;
    },
  };
}

function createPulls(
  ask: AskHost,
  { root, repository }: { readonly root: string; readonly repository: string },
): PullPlace {
  const path = `${root}/pullrequests`;
  return {
    async find({ branch, base }, signal) {
      const [from, into] = [branch, base].map((name) => JSON.stringify(name));
      const states = '(state="OPEN" OR state="DECLINED")';
      const q = `${states} AND source.branch.name=${from} AND destination.branch.name=${into}`;
      const query = { ...PER_PAGE, q, sort: '-created_on' };
      const listed = await askForAll(ask, { path, query, limit: MAX_PULLS, signal }, entriesOf);
      const isOurs = (pull: unknown): boolean =>
        asString(memberAt(pull, 'source.repository.full_name'))?.toLowerCase() === repository.toLowerCase();
      return listed.filter(isOurs).map((data) => {
        const pull = readAnswer(data);
        const commit = pull.optionalText('source.commit.hash') ?? '';
        const isOpen = pull.text('state') === 'OPEN';
        return { number: pull.number('id'), isOpen, commit, address: pull.text('links.html.href') };
      });
    },
    async create(draft, signal) {
      const sides = {
        source: { branch: { name: draft.branch } },
        destination: { branch: { name: draft.base } },
      };
      const body = { ...sides, title: draft.title, description: draft.text, close_source_branch: true };
      return readAnswer((await ask({ method: 'POST', path, body, signal })).data).text('links.html.href');
    },
    async update(number, { title, text }, signal) {
      const body = { title, description: text };
      await ask({ method: 'PUT', path: `${path}/${number}`, body, signal });
    },
  };
}

/** Access tokens are bearers; a token of an account stands behind its address, `ada@example.org:TOKEN`. */
function toAuthorization(token: string): string {
  return token.includes(':') ? `Basic ${Buffer.from(token).toString('base64')}` : `Bearer ${token}`;
}

function entriesOf(data: unknown): readonly unknown[] {
  return readEntries(memberAt(data, 'values'));
}

/** Pages name the next one in their body. */
function withPages(ask: AskHost): AskHost {
  return async (request) => {
    const { data } = await ask(request);
    return { data, next: asString(memberAt(data, 'next')) ?? null };
  };
}

function verify(delivery: HookDelivery, secret: Secret): HookNews {
  const event = headerOf(delivery, 'x-event-key');
  if (event === undefined) throw refused('it is no hook of Bitbucket');
  const signature = headerOf(delivery, 'x-hub-signature') ?? '';
  checkHmac(delivery, secret, signature.replace(/^sha256=/, ''));
  return toNews(event, deliveryOf(delivery, ['x-request-uuid']), parseHook(decodeBody(delivery)));
}

function toNews(event: string, delivery: string, hook: Fields): HookNews {
  switch (event) {
    case 'repo:push':
      return toPushNews(delivery, hook);
    case 'pullrequest:created':
    case 'pullrequest:updated':
    case 'pullrequest:fulfilled':
    case 'pullrequest:rejected':
      return { type: 'pull', delivery, number: hookFields.number(hook, 'pullrequest.id') };
    case 'pullrequest:comment_created': {
      const number = hookFields.number(hook, 'pullrequest.id');
      return { type: 'comment', delivery, number, comment: hookFields.id(hook, 'comment.id') };
    }
    case 'diagnostics:ping':
      return { type: 'ping', delivery };
    default:
      return { type: 'other', delivery };
  }
}

function toPushNews(delivery: string, hook: Fields): HookNews {
  const changes = asList(memberAt(hook, 'push.changes')) ?? [];
  const [change] = changes;
  if (change === undefined) throw refused('it lacks what such a hook tells');
  if (changes.length > 1) return { type: 'push', delivery, ref: '', after: null };
  const now = asFields(memberAt(change, 'new'));
  const side = now ?? memberAt(change, 'old');
  const kind = hookFields.text(side, 'type') === 'tag' ? 'tags' : 'heads';
  const after = now === undefined ? null : hookFields.commit(now, 'target.hash');
  return pushOf(delivery, `refs/${kind}/${hookFields.text(side, 'name')}`, after);
}

/** Markers are comments of HTML, which Bitbucket shows as they stand; a link that is defined and not used is not shown. */
function toHidden(marker: string): string {
  return `[//]: # (${marker.replace(/^<!--\s*|\s*-->$/g, '')})`;
}

function createUpsert(ask: AskHost, root: string): GitHost['upsertComment'] {
  const write = createCommentWriter(createComments(ask, root));
  return (pull, marker, text, signal) => {
    const hidden = toHidden(marker);
    // A definition ends with an empty line.
    const rest = text.startsWith(marker) ? text.slice(marker.length).replace(/^\r?\n/, '') : text;
    return write(pull, hidden, `${hidden}\n\n${rest}`, signal);
  };
}

function createComments(ask: AskHost, root: string): CommentPlace {
  const commentsOf = (pull: number) => `${root}/pullrequests/${pull}/comments`;
  return {
    login: createLogin(async (signal) => nameOf((await ask({ path: '/user', signal })).data) ?? ''),
    async *pages(pull, signal) {
      const query = { ...PER_PAGE, sort: 'created_on' };
      const request = { path: commentsOf(pull), query, limit: MAX_COMMENTS, signal };
      for await (const listed of askForPages(ask, request, entriesOf))
        yield listed
          .filter((comment) => memberAt(comment, 'deleted') !== true)
          .map((comment) => readComment(comment, pull));
    },
    async create(pull, raw, signal) {
      const body = { content: { raw } };
      return readWritten((await ask({ method: 'POST', path: commentsOf(pull), body, signal })).data);
    },
    async update({ id, pull }, raw, signal) {
      const path = `${commentsOf(pull)}/${segment(id)}`;
      return readWritten((await ask({ method: 'PUT', path, body: { content: { raw } }, signal })).data);
    },
    async remove({ id, pull }, signal) {
      await ask({ method: 'DELETE', path: `${commentsOf(pull)}/${segment(id)}`, signal });
    },
  };
}

function readWritten(data: unknown): WrittenComment {
  const comment = readAnswer(data);
  const author = nameOf(memberAt(data, 'user')) ?? '';
  return { id: `${comment.number('id')}`, author, address: comment.text('links.html.href') };
}

/** Account id of a person; a token of a repository has none. */
function nameOf(user: unknown): string | undefined {
  return asString(memberAt(user, 'account_id')) ?? asString(memberAt(user, 'uuid'));
}

const STATES = { pending: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED', error: 'FAILED' } as const;

/** Longest key of a status, in characters. */
const MAX_KEY = 40;

/** @param otherwise address for a status without one: Bitbucket wants one */
function toStatus({ context, state, description, address }: CommitStatus, otherwise: string): object {
  return {
    key: context.length > MAX_KEY ? sha256(context).slice(0, MAX_KEY) : context,
    name: context,
    state: STATES[state],
    description: shorten(description),
    url: address ?? otherwise,
  };
}

interface PermissionRequest {
  readonly repository: string;
  readonly login: string;
  readonly signal: AbortSignal;
}

/** The highest right that somebody has, whichever way; only admins of the workspace may ask. */
async function askPermission(
  ask: AskHost,
  { repository, login, signal }: PermissionRequest,
): Promise<HostPermission> {
  segment(login);
  const [workspace = '', name = ''] = repository.split('/');
  const path = `/workspaces/${workspace}/permissions/repositories/${name}`;
  const query = { q: `user.account_id=${JSON.stringify(login)}` };
  const { data } = await ask({ path, query, signal });
  const found = entriesOf(data).find((entry) => memberAt(entry, 'user.account_id') === login);
  const permission = memberAt(found, 'permission');
  return permission === 'admin' || permission === 'write' || permission === 'read' ? permission : 'none';
}

/** Reads pull requests, whose commits are shortened to twelve digits. */
function createPullReader(
  ask: AskHost,
  root: string,
): (data: unknown, signal: AbortSignal) => Promise<PullRequest> {
  async function lengthen(commit: string, signal: AbortSignal): Promise<string> {
    if (/^[0-9a-f]{40}$/.test(commit)) return commit;
    return readAnswer((await ask({ path: `${root}/commit/${segment(commit)}`, signal })).data).text('hash');
  }
  return async (data, signal) => {
    const pull = readAnswer(data);
    const state = pull.text('state');
    const isMerged = state === 'MERGED';
    const base = pull.text('destination.repository.full_name');
    const isFork = pull.optionalText('source.repository.full_name')?.toLowerCase() !== base.toLowerCase();
    return {
      number: pull.number('id'),
      title: pull.text('title'),
      address: pull.text('links.html.href'),
      author: nameOf(memberAt(data, 'author')) ?? '',
      isOpen: state === 'OPEN',
      isMerged,
      isFork,
      head: {
        commit: await lengthen(pull.text('source.commit.hash'), signal),
        // No ref of this repository holds what is in another one.
        ref: isFork ? '' : `refs/heads/${pull.text('source.branch.name')}`,
      },
      base: pull.text('destination.branch.name'),
      mergeCommit: isMerged ? await lengthen(pull.text('merge_commit.hash'), signal) : null,
    };
  };
}

function readComment(data: unknown, pull: number): PullComment {
  const comment = readAnswer(data);
  const author = nameOf(memberAt(data, 'user')) ?? '';
  const isEdited = isChanged(data, 'created_on', 'updated_on');
  return { id: `${comment.number('id')}`, pull, author, text: comment.text('content.raw'), isEdited };
}
