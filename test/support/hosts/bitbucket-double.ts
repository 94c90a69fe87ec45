import { createHmac } from 'node:crypto';
import type { DoubleAnswer, DoubleRequest, HookSigning, HostDialect } from './host-double.ts';
import { page } from './host-double.ts';
import type { HostWorld, WorldComment, WorldEvent, WorldPull } from './host-world.ts';
import { allPulls, commentsOf, openPull, openPulls, timesOf } from './host-world.ts';

const API = '/2.0';

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  answer(groups: readonly string[], request: DoubleRequest, world: HostWorld): DoubleAnswer | null;
}

/** Bitbucket Cloud by its documentation: short commits, pages in bodies, and comments that are deleted stay in lists. */
export function createBitbucketDialect(): HostDialect {
  return {
    apiPath: API,
    isAuthorized: (headers, world) => headers.authorization === `Bearer ${world.token}`,
    answer(request, world) {
      const root = `/repositories/${world.repository}`;
      const path = request.path.startsWith(root) ? request.path.slice(root.length) : request.path;
      for (const { method, pattern, answer } of ROUTES) {
        const groups = method === request.method ? pattern.exec(path) : null;
        if (groups !== null) return answer(groups.slice(1).map(decodeURIComponent), request, world);
      }
      return null;
    },
    hook(event, { secret, delivery, ...signing }) {
      const { type, body } = payloadOf(event, signing);
      const text = JSON.stringify(body);
      const headers = {
        'user-agent': 'Bitbucket-Webhooks/2.0',
        'x-event-key': type,
        'x-request-uuid': delivery,
        'x-hook-uuid': '{5e6d2d39-1b2f-4e6f-9f3c-3f0b2b9a0e11}',
        'x-hub-signature': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
      };
      return { headers, body: text };
    },
  };
}

interface BitbucketDraft {
  readonly title: string;
  readonly description: string;
  readonly source: { readonly branch: { readonly name: string } };
  readonly destination: { readonly branch: { readonly name: string } };
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    pattern: /^\/user$/,
    answer: (_, __, world) =>
      world.tellsLogin ? ok({ account_id: world.login, nickname: 'bot' }) : { status: 403, body: {} },
  },
  {
    method: 'GET',
    pattern: /^\/workspaces\/acme\/permissions\/repositories\/config$/,
    answer(_, { query }, world) {
      const account = /^user\.account_id="(.*)"$/.exec(query.get('q') ?? '')?.[1] ?? '';
      const permission = world.permissions.get(account);
      return ok({ values: permission === undefined ? [] : [{ permission, user: { account_id: account } }] });
    },
  },
  {
    method: 'GET',
    pattern: /^\/pullrequests$/,
    answer(_, request, world) {
      const q = request.query.get('q') ?? '';
      const base = /destination\.branch\.name="(.*)"$/.exec(q)?.[1] ?? null;
      const branch = /source\.branch\.name="([^"]*)"/.exec(q)?.[1] ?? null;
      const pulls = q.includes('DECLINED') ? allPulls(world, base) : openPulls(world, base);
      const asked = pulls.filter((pull) => !pull.isMerged && (branch === null || pull.branch === branch));
      return list(asked, request, (pull) => pullBody(pull, request.origin, world));
    },
  },
  {
    method: 'POST',
    pattern: /^\/pullrequests$/,
    answer(_, { body, origin }, world) {
      const draft = body as unknown as BitbucketDraft;
      const [branch, base] = [draft.source.branch.name, draft.destination.branch.name];
      const pull = openPull(world, { branch, base, title: draft.title, text: draft.description });
      if (pull === null) return { status: 409, body: { error: { message: 'There is one already' } } };
      return { status: 201, body: pullBody(pull, origin, world) };
    },
  },
  {
    method: 'PUT',
    pattern: /^\/pullrequests\/(\d+)$/,
    answer: ([number], { body, origin }, world) =>
      toAnswer(world.pulls.get(Number(number)), (pull) => {
        Object.assign(pull, { title: body['title'], text: body['description'] });
        return pullBody(pull, origin, world);
      }),
  },
  {
    method: 'GET',
    pattern: /^\/pullrequests\/(\d+)$/,
    answer: ([number], { origin }, world) =>
      toAnswer(world.pulls.get(Number(number)), (pull) => pullBody(pull, origin, world)),
  },
  {
    method: 'GET',
    pattern: /^\/commit\/([0-9a-f]{12})$/,
    answer([short = ''], _, world) {
      const known = [...world.pulls.values()].flatMap(({ commit, mergeCommit }) => [commit, mergeCommit]);
      return toAnswer(
        known.find((commit) => commit?.startsWith(short)),
        (hash) => ({ hash }),
      );
    },
  },
  {
    method: 'GET',
    pattern: /^\/pullrequests\/(\d+)\/comments$/,
    answer: ([number], request, world) =>
      list([{ deleted: true }, ...commentsOf(world, Number(number))], request, (comment) =>
        'deleted' in comment ? comment : commentBody(comment, request.origin, world),
      ),
  },
  {
    method: 'POST',
    pattern: /^\/pullrequests\/(\d+)\/comments$/,
    answer([number], { body, origin }, world) {
      if (!world.pulls.has(Number(number))) return null;
      const comment = world.addComment(Number(number), world.login, rawOf(body));
      return { status: 201, body: commentBody(comment, origin, world) };
    },
  },
  {
    method: 'GET',
    pattern: /^\/pullrequests\/(\d+)\/comments\/(\d+)$/,
    answer: ([number, id], { origin }, world) =>
      toAnswer(commentOf(world, number, id), (comment) => commentBody(comment, origin, world)),
  },
  {
    method: 'PUT',
    pattern: /^\/pullrequests\/(\d+)\/comments\/(\d+)$/,
    answer: ([number, id], { body, origin }, world) =>
      toAnswer(commentOf(world, number, id), (comment) => {
        comment.text = rawOf(body);
        return commentBody(comment, origin, world);
      }),
  },
  {
    method: 'DELETE',
    pattern: /^\/pullrequests\/\d+\/comments\/(\d+)$/,
    answer: ([id], _, world) => (world.comments.delete(Number(id)) ? { status: 204 } : null),
  },
  { method: 'POST', pattern: /^\/commit\/([0-9a-f]{40})\/statuses\/build$/, answer: answerStatus },
  {
    method: 'GET',
    pattern: /^\/hooks$/,
    answer: (_, request, world) =>
      list([...world.hooks.values()], request, ({ id, address }) => ({ uuid: `{${id}}`, url: address })),
  },
  {
    method: 'POST',
    pattern: /^\/hooks$/,
    answer(_, { body }, world) {
      const id = world.nextId();
      world.hooks.set(id, { id, ...hookOf(body) });
      return { status: 201, body: { uuid: `{${id}}` } };
    },
  },
  {
    method: 'PUT',
    pattern: /^\/hooks\/%7B(\d+)%7D$/,
    answer: ([id], { body }, world) =>
      toAnswer(world.hooks.get(Number(id)), (hook) => {
        Object.assign(hook, hookOf(body));
        return { uuid: `{${id}}` };
      }),
  },
];

/** Bitbucket wants an address, and a key of at most forty characters. */
function answerStatus(
  [commit = '']: readonly string[],
  { body }: DoubleRequest,
  world: HostWorld,
): DoubleAnswer {
  const { key, state, description, url } = body as Record<string, string>;
  if (key === undefined || key.length > 40 || url === undefined)
    return { status: 400, body: { error: { message: 'Bad request' } } };
  const status = { context: key, state: 'pending', description: description ?? '', address: url } as const;
  world.statuses.push({ commit, state: state ?? '', status });
  return { status: 201, body: {} };
}

function rawOf(body: Record<string, unknown>): string {
  return (body['content'] as { readonly raw: string }).raw;
}

function hookOf(body: Record<string, unknown>) {
  const { url = '', secret = '' } = body as Record<string, string>;
  return { address: url, secret, events: body['events'] as readonly string[] };
}

function commentOf(world: HostWorld, number?: string, id?: string): WorldComment | undefined {
  const comment = world.comments.get(Number(id));
  return comment?.pull === Number(number) ? comment : undefined;
}

function ok(body: unknown): DoubleAnswer {
  return { status: 200, body };
}

function toAnswer<T>(value: T | undefined, toBody: (value: T) => object): DoubleAnswer | null {
  return value === undefined ? null : ok(toBody(value));
}

function list<T>(entries: readonly T[], request: DoubleRequest, toBody: (entry: T) => object): DoubleAnswer {
  const size = Number(request.query.get('pagelen') ?? '10');
  const { entries: part, next } = page(entries, request, { size, apiPath: API });
  return ok({ values: part.map(toBody), pagelen: size, ...(next !== null && { next }) });
}

function pullBody(pull: WorldPull, origin: string, world: HostWorld) {
  const { number, title, author, isOpen, isMerged, isFork, commit, branch, base, mergeCommit } = pull;
  const repository = (name: string) => ({ full_name: name });
  return {
    id: number,
    title,
    links: { html: { href: `${origin}/${world.repository}/pull-requests/${number}` } },
    author: { account_id: author, nickname: 'somebody' },
    state: isMerged ? 'MERGED' : isOpen ? 'OPEN' : 'DECLINED',
    source: {
      commit: { hash: commit.slice(0, 12) },
      branch: { name: branch },
      repository: repository(isFork ? 'stranger/config' : world.repository),
    },
    destination: { branch: { name: base }, repository: repository(world.repository) },
    merge_commit: mergeCommit === null ? null : { hash: mergeCommit.slice(0, 12) },
  };
}

function commentBody(comment: WorldComment, origin: string, { repository }: HostWorld) {
  const { id, pull, author, text } = comment;
  const { created, updated } = timesOf(comment);
  return {
    id,
    created_on: created,
    updated_on: updated,
    content: { raw: text },
    user: { account_id: author },
    deleted: false,
    links: { html: { href: `${origin}/${repository}/pull-requests/${pull}#comment-${id}` } },
  };
}

function payloadOf(
  event: WorldEvent,
  { world, origin }: Pick<HookSigning, 'world' | 'origin'>,
): { readonly type: string; readonly body: object } {
  const common = { repository: { full_name: world.repository }, actor: { account_id: 'ada' } };
  switch (event.type) {
    case 'push': {
      const { ref, after } = event;
      const type = ref.startsWith('refs/tags/') ? 'tag' : 'branch';
      const side = {
        type,
        name: ref.replace(/^refs\/(heads|tags)\//, ''),
        target: { hash: after ?? 'e'.repeat(40) },
      };
      const change =
        after === null ? { old: side, new: null, closed: true } : { old: null, new: side, created: true };
      return { type: 'repo:push', body: { push: { changes: [change] }, ...common } };
    }
    case 'pull': {
      const pull = world.pulls.get(event.number);
      if (pull === undefined) throw new Error(`there is no pull request ${event.number}`);
      const type = pull.isMerged ? 'pullrequest:fulfilled' : 'pullrequest:updated';
      return { type, body: { pullrequest: pullBody(pull, origin, world), ...common } };
    }
    case 'comment': {
      const type = event.change === undefined ? 'pullrequest:comment_created' : 'pullrequest:comment_updated';
      return { type, body: { pullrequest: { id: event.number }, comment: { id: event.comment }, ...common } };
    }
    case 'issue':
      return { type: 'issue:created', body: { issue: { id: 3 }, ...common } };
    case 'ping':
      return { type: 'diagnostics:ping', body: { test: true, origin, ...common } };
    default:
      return event satisfies never;
  }
}
