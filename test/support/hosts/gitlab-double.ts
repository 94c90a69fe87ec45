import { Webhook } from 'standardwebhooks';
import type { HostPermission } from '../../../reconciler/ports/hosts/git-host.ts';
import type { DoubleAnswer, DoubleRequest, HookSigning, HostDialect } from './host-double.ts';
import { page } from './host-double.ts';
import type { HostWorld, WorldComment, WorldEvent, WorldPull } from './host-world.ts';
import { allPulls, commentsOf, openPull, openPulls, timesOf } from './host-world.ts';

const API = '/api/v4';
const ZEROS = '0'.repeat(40);
const LEVELS: Readonly<Record<HostPermission, number>> = { none: 5, read: 20, write: 30, admin: 50 };

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  answer(groups: readonly string[], request: DoubleRequest, world: HostWorld): DoubleAnswer | null;
}

/** GitLab 18 by its documentation, with hooks that carry a secret token, or are signed where the secret is a signing token. */
export function createGitlabDialect(): HostDialect {
  return {
    apiPath: API,
    isAuthorized: (headers, world) => headers.authorization === `Bearer ${world.token}`,
    answer(request, world) {
      const root = `/projects/${encodeURIComponent(world.repository)}`;
      const path = request.path.startsWith(root) ? request.path.slice(root.length) : request.path;
      for (const { method, pattern, answer } of ROUTES) {
        const groups = method === request.method ? pattern.exec(path) : null;
        if (groups !== null) return answer(groups.slice(1), request, world);
      }
      return null;
    },
    hook(event, signing) {
      const { type, body } = payloadOf(event, signing);
      const text = JSON.stringify(body);
      return { headers: headersOf(type, text, signing), body: text };
    },
  };
}

function headersOf(
  type: string,
  text: string,
  { secret, delivery, now, origin }: HookSigning,
): Record<string, string> {
  const common = {
    'user-agent': 'GitLab/18.6.0',
    'idempotency-key': delivery,
    'x-gitlab-event': type,
    'x-gitlab-instance': origin,
    'x-gitlab-webhook-uuid': `hook-${delivery}`,
  };
  if (!secret.startsWith('whsec_')) return { ...common, 'x-gitlab-token': secret };
  const time = `${Math.floor(now / 1_000)}`;
  const signature = new Webhook(secret).sign(delivery, new Date(now), text);
  return {
    ...common,
    'webhook-id': delivery,
    'webhook-timestamp': time,
    'webhook-signature': signature,
  };
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    pattern: /^\/user$/,
    answer: (_, __, world) => (world.tellsLogin ? ok({ username: world.login }) : { status: 403, body: {} }),
  },
  {
    method: 'GET',
    pattern: /^\/users$/,
    answer(_, { query }, world) {
      const names = [...world.permissions.keys()];
      const at = names.indexOf(query.get('username') ?? '');
      return ok(at === -1 ? [] : [{ id: at + 1, username: names[at] }]);
    },
  },
  {
    method: 'GET',
    pattern: /^\/members\/all\/(\d+)$/,
    answer([id], _, world) {
      const permission = [...world.permissions.values()][Number(id) - 1];
      return permission === undefined ? null : ok({ state: 'active', access_level: LEVELS[permission] });
    },
  },
  {
    method: 'GET',
    pattern: /^\/merge_requests$/,
    answer(_, request, world) {
      const [base, branch] = ['target_branch', 'source_branch'].map((name) => request.query.get(name));
      const isOpen = request.query.get('state') === 'opened';
      const pulls = isOpen ? openPulls(world, base ?? null) : allPulls(world, base ?? null);
      const asked = pulls.filter((pull) => branch === null || pull.branch === branch);
      return list(asked, request, (pull) => pullBody(pull, request.origin, world));
    },
  },
  {
    method: 'POST',
    pattern: /^\/merge_requests$/,
    answer(_, { body, origin }, world) {
      const {
        source_branch: branch = '',
        target_branch: base = '',
        title = '',
        description = '',
      } = body as Record<string, string>;
      const pull = openPull(world, { branch, base, title, text: description });
      if (pull === null)
        return { status: 409, body: { message: ['Another open merge request already exists'] } };
      // It is prepared first, and has no commit until then.
      return { status: 201, body: { ...pullBody(pull, origin, world), sha: null } };
    },
  },
  {
    method: 'PUT',
    pattern: /^\/merge_requests\/(\d+)$/,
    answer: ([number], { body, origin }, world) =>
      toAnswer(world.pulls.get(Number(number)), (pull) => {
        Object.assign(pull, { title: body['title'], text: body['description'] });
        return pullBody(pull, origin, world);
      }),
  },
  {
    method: 'GET',
    pattern: /^\/merge_requests\/(\d+)$/,
    answer: ([number], { origin }, world) =>
      toAnswer(world.pulls.get(Number(number)), (pull) => pullBody(pull, origin, world)),
  },
  {
    method: 'GET',
    pattern: /^\/merge_requests\/(\d+)\/notes$/,
    answer: ([number], request, world) => list(commentsOf(world, Number(number)), request, noteBody),
  },
  {
    method: 'POST',
    pattern: /^\/merge_requests\/(\d+)\/notes$/,
    answer([number], { body }, world) {
      if (!world.pulls.has(Number(number))) return null;
      return {
        status: 201,
        body: noteBody(world.addComment(Number(number), world.login, String(body['body']))),
      };
    },
  },
  {
    method: 'GET',
    pattern: /^\/merge_requests\/(\d+)\/notes\/(\d+)$/,
    answer: ([number, id], _, world) => toAnswer(noteOf(world, number, id), noteBody),
  },
  {
    method: 'PUT',
    pattern: /^\/merge_requests\/(\d+)\/notes\/(\d+)$/,
    answer: ([number, id], { body }, world) =>
      toAnswer(noteOf(world, number, id), (note) => {
        note.text = String(body['body']);
        return noteBody(note);
      }),
  },
  {
    method: 'DELETE',
    pattern: /^\/merge_requests\/\d+\/notes\/(\d+)$/,
    answer: ([id], _, world) => (world.comments.delete(Number(id)) ? { status: 204 } : null),
  },
  {
    method: 'POST',
    pattern: /^\/merge_requests\/(\d+)\/notes\/(\d+)\/award_emoji$/,
    answer: ([number, id], { query }, world) =>
      toAnswer(noteOf(world, number, id), ({ reactions }) => {
        reactions.push(query.get('name') === 'thumbsup' ? 'yes' : 'no');
        return {};
      }),
  },
  { method: 'POST', pattern: /^\/statuses\/([0-9a-f]{40})$/, answer: answerStatus },
  {
    method: 'GET',
    pattern: /^\/hooks$/,
    answer: (_, request, world) =>
      list([...world.hooks.values()], request, ({ id, address }) => ({ id, url: address })),
  },
  {
    method: 'POST',
    pattern: /^\/hooks$/,
    answer(_, { body }, world) {
      const id = world.nextId();
      world.hooks.set(id, { id, ...hookOf(body) });
      return { status: 201, body: { id, url: body['url'] } };
    },
  },
  {
    method: 'PUT',
    pattern: /^\/hooks\/(\d+)$/,
    answer: ([id], { body }, world) =>
      toAnswer(world.hooks.get(Number(id)), (hook) => {
        Object.assign(hook, hookOf(body));
        return { id: hook.id };
      }),
  },
];

/** GitLab refuses what is pending to become pending. */
function answerStatus(
  [commit = '']: readonly string[],
  { body }: DoubleRequest,
  world: HostWorld,
): DoubleAnswer {
  const state = String(body['state']);
  const context = String(body['name']);
  const last = world.statuses.findLast((one) => one.commit === commit && one.status.context === context);
  if (last?.state === 'running' && (state === 'running' || state === 'pending'))
    return { status: 400, body: { message: 'Cannot transition status via :run from :running' } };
  if (last?.state === 'pending' && state === 'pending')
    return { status: 400, body: { message: 'Cannot transition status via :enqueue from :pending' } };
  const description = String(body['description']);
  const address = (body['target_url'] as string | undefined) ?? null;
  world.statuses.push({ commit, state, status: { context, state: 'pending', description, address } });
  return { status: 201, body: {} };
}

function hookOf(body: Record<string, unknown>) {
  const secret = (body['signing_token'] ?? body['token']) as string;
  return { address: String(body['url']), secret, events: ['push'] };
}

function noteOf(world: HostWorld, number?: string, id?: string): WorldComment | undefined {
  const note = world.comments.get(Number(id));
  return note?.pull === Number(number) ? note : undefined;
}

function ok(body: unknown): DoubleAnswer {
  return { status: 200, body };
}

function toAnswer<T>(value: T | undefined, toBody: (value: T) => object): DoubleAnswer | null {
  return value === undefined ? null : ok(toBody(value));
}

function list<T>(entries: readonly T[], request: DoubleRequest, toBody: (entry: T) => object): DoubleAnswer {
  const size = Number(request.query.get('per_page') ?? '20');
  const { entries: part, next } = page(entries, request, { size, apiPath: API });
  const headers: Record<string, string> =
    next === null ? {} : { link: `<${next}>; rel="next", <${next}>; rel="last"` };
  return { status: 200, body: part.map(toBody), headers };
}

function pullBody(pull: WorldPull, origin: string, world: HostWorld) {
  const { number, title, author, isOpen, isMerged, isFork, commit, branch, base, mergeCommit } = pull;
  return {
    iid: number,
    title,
    web_url: `${origin}/${world.repository}/-/merge_requests/${number}`,
    author: { username: author },
    state: isMerged ? 'merged' : isOpen ? 'opened' : 'closed',
    source_project_id: isFork ? 2 : 1,
    target_project_id: 1,
    source_branch: branch,
    target_branch: base,
    sha: commit,
    merge_commit_sha: mergeCommit,
    squash_commit_sha: null,
  };
}

function noteBody(comment: WorldComment) {
  const { id, author, text } = comment;
  const { created, updated } = timesOf(comment);
  const times = { created_at: created, updated_at: updated };
  return { id, body: text, author: { username: author }, system: false, ...times };
}

function payloadOf(
  event: WorldEvent,
  { world, origin }: HookSigning,
): { readonly type: string; readonly body: object } {
  const common = {
    project: { path_with_namespace: world.repository, web_url: `${origin}/${world.repository}` },
  };
  switch (event.type) {
    case 'push': {
      const { ref, after } = event;
      const isTag = ref.startsWith('refs/tags/');
      const kind = isTag ? 'tag_push' : 'push';
      const body = {
        object_kind: kind,
        event_name: kind,
        ref,
        before: ZEROS,
        after: after ?? ZEROS,
        checkout_sha: after,
      };
      return { type: isTag ? 'Tag Push Hook' : 'Push Hook', body: { ...body, commits: [], ...common } };
    }
    case 'pull': {
      const pull = world.pulls.get(event.number);
      const isMerged = pull?.isMerged === true;
      const attributes = {
        iid: event.number,
        action: isMerged ? 'merge' : 'update',
        state: isMerged ? 'merged' : 'opened',
        last_commit: { id: pull?.commit },
      };
      return {
        type: 'Merge Request Hook',
        body: { object_kind: 'merge_request', object_attributes: attributes, ...common },
      };
    }
    case 'comment': {
      const action = event.change === undefined ? 'create' : 'update';
      const attributes = { id: event.comment, noteable_type: 'MergeRequest', system: false, action };
      const body = {
        object_kind: 'note',
        object_attributes: attributes,
        merge_request: { iid: event.number },
      };
      return { type: 'Note Hook', body: { ...body, ...common } };
    }
    case 'issue':
      return { type: 'Issue Hook', body: { object_kind: 'issue', object_attributes: { iid: 3 }, ...common } };
    case 'ping':
      // Trying a hook sends the newest push once more.
      return payloadOf({ type: 'push', ref: 'refs/heads/main', after: 'd'.repeat(40) }, {
        world,
        origin,
      } as HookSigning);
    default:
      return event satisfies never;
  }
}
