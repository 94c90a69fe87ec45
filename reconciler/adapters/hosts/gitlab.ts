import { createHmac } from 'node:crypto';
import type { Fields } from '../../base/values.ts';
import { asFields, asNumber, asString } from '../../base/values.ts';
import { createKeyedMutex } from '../../base/mutex.ts';
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
import { HostAnswer } from './host-fetch.ts';
import {
  decodeBody,
  deliveryOf,
  headerOf,
  hookFields,
  isSame,
  keyOf,
  parseHook,
  pushOf,
  refused,
  REPLAY_WINDOW_MS,
} from './hook.ts';
import { writeHook } from './install-hook.ts';
import { isChanged, memberAt, readAnswer, readEntries, shorten } from './read-answer.ts';
import type { CommentPlace } from './upsert-comment.ts';
import { createCommentWriter, createLogin } from './upsert-comment.ts';
import type { PullPlace } from './upsert-pull.ts';
import { createPullWriter } from './upsert-pull.ts';

const PER_PAGE = { per_page: '100' };
const MAX_PULLS = 100;
const MAX_COMMENTS = 10_000;
/** Beginning of secrets that sign; others are sent as they are (https://docs.gitlab.com/user/project/integrations/webhooks). */
const SIGNING = 'whsec_';

/** GitLab, whose pull requests are merge requests (https://docs.gitlab.com/api/rest). */
export function createGitlabHost(options: HostOptions): GitHost {
  const ask = createAskHost({ ...options, authorize: (token) => `Bearer ${token}` });
  const { address } = options;
  const root = `/projects/${encodeURIComponent(options.repository)}`;
  return {
    kind: 'gitlab',
    address,
    verifyHook: (delivery, secret) => verify(delivery, secret),
    async getPull(number, signal) {
      return readPull((await ask({ path: `${root}/merge_requests/${number}`, signal })).data);
    },
    async listPulls(base, signal) {
      const order = { order_by: 'updated_at', sort: 'desc' };
      const query = { ...PER_PAGE, ...order, state: 'opened', target_branch: base };
      const request = { path: `${root}/merge_requests`, query, limit: MAX_PULLS, signal };
      const listed = await askForAll(ask, request, readEntries);
      // One that is being prepared, or has no commits, proposes nothing yet.
      return listed.filter((pull) => asString(memberAt(pull, 'sha')) !== undefined).map(readPull);
    },
    upsertPull: createPullWriter(createMergeRequests(ask, root)),
    async getComment(pull, comment, signal) {
      const path = `${root}/merge_requests/${pull}/notes/${segment(comment)}`;
      return readComment((await ask({ path, signal })).data, pull);
    },
    upsertComment: createCommentWriter(createNotes(ask, root, address)),
    setStatus: createStatusWriter(ask, root),
    permissionOf: (login, signal) => askPermission(ask, { root, login, signal }),
    async react(pull, comment, answer, signal) {
      const path = `${root}/merge_requests/${pull}/notes/${segment(comment)}/award_emoji`;
      const query = { name: answer === 'yes' ? 'thumbsup' : 'thumbsdown' };
      await ask({ method: 'POST', path, query, signal }).catch(ignoreTaken);
    },
    async installHook({ address: url, secret }, signal) {
      const update = { url, ...secretMember(secret.reveal().trim()), ...EVENTS };
      const right = 'one with scope api and role Maintainer';
      const place = { ask, path: `${root}/hooks`, perPage: PER_PAGE, right };
      const id = await writeHook(
        { ...place, addressAt: 'url', method: 'PUT' },
        { address: url, create: update, update },
        signal,
      );
      return `${address}/-/hooks/${id}/edit`;
    },
  };
}

const EVENTS = {
  push_events: true,
  tag_push_events: true,
  merge_requests_events: true,
  note_events: true,
  enable_ssl_verification: true,
};

function createMergeRequests(ask: AskHost, root: string): PullPlace {
  const path = `${root}/merge_requests`;
  return {
    async find({ branch, base }, signal) {
      const order = { order_by: 'created_at', sort: 'desc' };
      const query = { ...PER_PAGE, ...order, source_branch: branch, target_branch: base };
      const listed = await askForAll(ask, { path, query, limit: MAX_PULLS, signal }, readEntries);
      return listed
        .filter((pull) => memberAt(pull, 'source_project_id') === memberAt(pull, 'target_project_id'))
        .map((data) => {
          const pull = readAnswer(data);
          const commit = pull.optionalText('sha') ?? '';
          const isOpen = pull.text('state') === 'opened';
          return { number: pull.number('iid'), isOpen, commit, address: pull.text('web_url') };
        });
    },
    async create({ branch, base, title, text }, signal) {
      const draft = { source_branch: branch, target_branch: base, title, description: text };
      const body = { ...draft, remove_source_branch: true };
      return readAnswer((await ask({ method: 'POST', path, body, signal })).data).text('web_url');
    },
    async update(number, { title, text }, signal) {
      const body = { title, description: text };
      await ask({ method: 'PUT', path: `${path}/${number}`, body, signal });
    },
  };
}

/** A hook has one of both: what a signing token was before would still let somebody in. */
function secretMember(secret: string): object {
  return secret.startsWith(SIGNING) ? { signing_token: secret, token: '' } : { token: secret };
}

function verify(delivery: HookDelivery, secret: Secret): HookNews {
  const event = headerOf(delivery, 'x-gitlab-event');
  if (event === undefined) throw refused('it is no hook of GitLab');
  const key = keyOf(secret);
  if (key.startsWith(SIGNING)) checkSignature(key, delivery);
  else checkToken(key, delivery);
  const id = deliveryOf(delivery, ['webhook-id', 'idempotency-key', 'x-gitlab-webhook-uuid']);
  return toNews(event, id, parseHook(decodeBody(delivery)));
}

function checkToken(key: string, delivery: HookDelivery): void {
  const token = headerOf(delivery, 'x-gitlab-token');
  if (token === undefined || token === '')
    throw refused('it has no secret token: set the one of the hook at the host');
  if (!isSame(token, key)) throw refused('it has another secret token');
}

/** Checks as Standard Webhooks say (https://www.standardwebhooks.com): an HMAC-SHA256 of id, time and body, in base64. */
function checkSignature(key: string, delivery: HookDelivery): void {
  const [id, time, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    headerOf(delivery, name),
  );
  if (id === undefined || time === undefined || signatures === undefined)
    throw refused('it is not signed: set the signing token of the hook at the host');
  const signedAt = /^\d{1,12}$/.test(time) ? Number(time) * 1_000 : Number.NaN;
  if (!(Math.abs(delivery.now - signedAt) <= REPLAY_WINDOW_MS))
    throw refused('it was signed more than five minutes ago, or the clocks differ');
  const hmac = createHmac('sha256', bytesOf(key)).update(`${id}.${time}.`).update(delivery.body);
  const right = `v1,${hmac.digest('base64')}`;
  // A signing token that is being replaced signs beside the new one.
  const isRight = signatures.split(' ').map((signature) => isSame(signature, right));
  if (!isRight.includes(true)) throw refused('it is signed with another secret');
}

function bytesOf(key: string): Buffer {
  const encoded = key.slice(SIGNING.length);
  if (!/^[A-Za-z0-9+/]{2,}={0,2}$/.test(encoded))
    throw refused('the signing token of the hook is none here: it is whsec_ with base64 behind it');
  return Buffer.from(encoded, 'base64');
}

function toNews(event: string, delivery: string, hook: Fields): HookNews {
  switch (event) {
    case 'Push Hook':
    case 'Tag Push Hook':
      return pushOf(delivery, hookFields.text(hook, 'ref'), hookFields.commit(hook, 'after'));
    case 'Merge Request Hook':
      return { type: 'pull', delivery, number: hookFields.number(hook, 'object_attributes.iid') };
    case 'Note Hook':
      return toNoteNews(delivery, hook);
    default:
      return { type: 'other', delivery };
  }
}

/** Notes that were changed are not those of their authors any more; an older GitLab does not say what happened to one. */
function toNoteNews(delivery: string, hook: Fields): HookNews {
  const note = asFields(hook['object_attributes']) ?? {};
  const isNew = (note['action'] ?? 'create') === 'create' && note['system'] !== true;
  if (!isNew || note['noteable_type'] !== 'MergeRequest') return { type: 'other', delivery };
  const number = hookFields.number(hook, 'merge_request.iid');
  return { type: 'comment', delivery, number, comment: hookFields.id(hook, 'object_attributes.id') };
}

function createNotes(ask: AskHost, root: string, address: string): CommentPlace {
  const notesOf = (pull: number) => `${root}/merge_requests/${pull}/notes`;
  const written = (data: unknown, pull: number) => {
    const note = readAnswer(data);
    const id = `${note.number('id')}`;
    const author = note.optionalText('author.username') ?? '';
    return { id, author, address: `${address}/-/merge_requests/${pull}#note_${id}` };
  };
  return {
    login: createLogin(async (signal) =>
      readAnswer((await ask({ path: '/user', signal })).data).text('username'),
    ),
    async *pages(pull, signal) {
      const query = { ...PER_PAGE, sort: 'asc', order_by: 'created_at' };
      const request = { path: notesOf(pull), query, limit: MAX_COMMENTS, signal };
      for await (const listed of askForPages(ask, request, readEntries))
        yield listed.map((note) => readComment(note, pull));
    },
    async create(pull, body, signal) {
      return written((await ask({ method: 'POST', path: notesOf(pull), body: { body }, signal })).data, pull);
    },
    async update({ id, pull }, body, signal) {
      const path = `${notesOf(pull)}/${segment(id)}`;
      return written((await ask({ method: 'PUT', path, body: { body }, signal })).data, pull);
    },
    async remove({ id, pull }, signal) {
      await ask({ method: 'DELETE', path: `${notesOf(pull)}/${segment(id)}`, signal });
    },
  };
}

const STATES = { pending: 'pending', success: 'success', failure: 'failed', error: 'failed' } as const;

/** Writes statuses one after the other: of two at once for one commit and name GitLab refuses one. It refuses as well what is pending to become so. */
function createStatusWriter(ask: AskHost, root: string): GitHost['setStatus'] {
  const exclusively = createKeyedMutex();
  return async (commit, status, signal) => {
    const path = `${root}/statuses/${segment(commit)}`;
    const write = async (state: string): Promise<boolean> => {
      try {
        await ask({ method: 'POST', path, body: { ...toStatus(status), state }, signal });
        return true;
      } catch (error) {
        const isSo = error instanceof HostAnswer && /cannot transition status/i.test(error.message);
        if (!isSo || status.state !== 'pending') throw error;
        return false;
      }
    };
    await exclusively(commit, async () => {
      // One that is pending takes no other words; as running it does, once.
      if (!(await write(STATES[status.state]))) await write('running');
    });
  };
}

function toStatus({ context, description, address }: CommitStatus): object {
  return {
    name: context,
    description: shorten(description),
    ...(address !== null && { target_url: address }),
  };
}

/** Access levels (https://docs.gitlab.com/api/access_requests). */
const MAINTAINER = 40;
const DEVELOPER = 30;
const GUEST = 10;

async function askPermission(
  ask: AskHost,
  { root, login, signal }: { readonly root: string; readonly login: string; readonly signal: AbortSignal },
): Promise<HostPermission> {
  segment(login);
  const users = readEntries((await ask({ path: '/users', query: { username: login }, signal })).data);
  const user = users.find(
    (one) => asString(memberAt(one, 'username'))?.toLowerCase() === login.toLowerCase(),
  );
  if (user === undefined) return 'none';
  try {
    const path = `${root}/members/all/${readAnswer(user).number('id')}`;
    const { data } = await ask({ path, signal });
    // Somebody who was blocked keeps the membership.
    if ((memberAt(data, 'state') ?? 'active') !== 'active') return 'none';
    const level = asNumber(memberAt(data, 'access_level')) ?? 0;
    if (level >= MAINTAINER) return 'admin';
    if (level >= DEVELOPER) return 'write';
    return level >= GUEST ? 'read' : 'none';
  } catch (error) {
    if (error instanceof HostAnswer && error.status === 404) return 'none';
    throw error;
  }
}

/** An emoji that is there already is refused. */
function ignoreTaken(error: unknown): void {
  if (!(error instanceof HostAnswer) || !/taken/i.test(error.message)) throw error;
}

function readPull(data: unknown): PullRequest {
  const pull = readAnswer(data);
  const number = pull.number('iid');
  const isMerged = pull.text('state') === 'merged';
  // A merge without a commit of its own leaves that of the branch.
  const merged = pull.optionalText('merge_commit_sha') ?? pull.optionalText('squash_commit_sha');
  return {
    number,
    title: pull.text('title'),
    address: pull.text('web_url'),
    author: pull.optionalText('author.username') ?? '',
    isOpen: pull.text('state') === 'opened',
    isMerged,
    isFork: pull.number('source_project_id') !== pull.number('target_project_id'),
    head: { commit: pull.text('sha'), ref: `refs/merge-requests/${number}/head` },
    base: pull.text('target_branch'),
    mergeCommit: isMerged ? (merged ?? pull.text('sha')) : null,
  };
}

function readComment(data: unknown, pull: number): PullComment {
  const note = readAnswer(data);
  const author = note.optionalText('author.username') ?? '';
  const isEdited = isChanged(data, 'created_at', 'updated_at');
  return { id: `${note.number('id')}`, pull, author, text: note.text('body'), isEdited };
}
