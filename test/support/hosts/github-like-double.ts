import type { CommitStatus } from '../../../reconciler/ports/hosts/git-host.ts';
import type { DoubleAnswer, DoubleRequest, HookSigning } from './host-double.ts';
import { page } from './host-double.ts';
import type { HostWorld, WorldComment, WorldEvent, WorldPull } from './host-world.ts';
import { allPulls, commentsOf, openPull, openPulls, timesOf } from './host-world.ts';

export interface GithubLikeWords {
  readonly apiPath: string;
  readonly pageSize: number;
  /** Parameter that names the branch to merge into; `null`: there is none, and all are listed. */
  readonly baseParameter: string | null;
  /** Pull requests say `merged` in lists, too. */
  readonly listsMerged: boolean;
  /** A change of a hook changes its secret as well; others leave it as it was made. */
  readonly changesSecrets: boolean;
  /** Members of a comment that say what it is under. */
  readonly place: (address: string, pull: number) => Readonly<Record<string, string>>;
}

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  answer(groups: readonly string[], request: DoubleRequest, world: HostWorld): DoubleAnswer | null;
}

const REFUSED: DoubleAnswer = { status: 403, body: { message: 'Resource not accessible by integration' } };

/** Answers as GitHub, Gitea and Forgejo have them in common. */
export function answerGithubLike(
  words: GithubLikeWords,
  request: DoubleRequest,
  world: HostWorld,
): DoubleAnswer | null {
  const root = `/repos/${world.repository}`;
  const path = request.path.startsWith(root) ? request.path.slice(root.length) : request.path;
  for (const { method, pattern, answer } of routes(words)) {
    const groups = method === request.method ? pattern.exec(path) : null;
    if (groups !== null) return answer(groups.slice(1).map(decodeURIComponent), request, world);
  }
  return null;
}

function routes(words: GithubLikeWords): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: /^\/user$/,
      answer: (_, __, world) => (world.tellsLogin ? { status: 200, body: { login: world.login } } : REFUSED),
    },
    {
      method: 'GET',
      pattern: /^\/pulls\/(\d+)$/,
      answer: ([number], request, world) =>
        toAnswer(world.pulls.get(Number(number)), (pull) => pullBody(pull, request, world)),
    },
    {
      method: 'GET',
      pattern: /^\/pulls$/,
      answer(_, request, world) {
        const base = words.baseParameter === null ? null : request.query.get(words.baseParameter);
        const head = words.baseParameter === 'base' ? request.query.get('head') : null;
        const pulls = request.query.get('state') === 'all' ? allPulls(world, base) : openPulls(world, base);
        const asked = pulls.filter(({ branch }) => head === null || head === `acme:${branch}`);
        return list(asked, request, words, (pull) => {
          const { merged, ...body } = pullBody(pull, request, world);
          return words.listsMerged ? { ...body, merged } : body;
        });
      },
    },
    {
      method: 'POST',
      pattern: /^\/pulls$/,
      answer(_, request, world) {
        const { head, base, title, body } = request.body as Record<string, string>;
        const draft = { title: title ?? '', text: body ?? '', branch: head ?? '', base: base ?? '' };
        const pull = openPull(world, draft);
        if (pull === null) return { status: 422, body: { message: 'A pull request already exists' } };
        return { status: 201, body: pullBody(pull, request, world) };
      },
    },
    {
      method: 'PATCH',
      pattern: /^\/pulls\/(\d+)$/,
      answer: ([number], request, world) =>
        toAnswer(world.pulls.get(Number(number)), (pull) => {
          const { title, body } = request.body as Record<string, string>;
          Object.assign(pull, { title, text: body });
          return pullBody(pull, request, world);
        }),
    },
    ...commentRoutes(words),
    {
      method: 'POST',
      pattern: /^\/statuses\/([0-9a-f]{40})$/,
      answer([commit = ''], { body }, world) {
        const state = body['state'] as CommitStatus['state'];
        const status: CommitStatus = {
          context: String(body['context']),
          state,
          description: String(body['description']),
          address: (body['target_url'] as string | undefined) ?? null,
        };
        world.statuses.push({ commit, state, status });
        return { status: 201, body: {} };
      },
    },
    {
      method: 'GET',
      pattern: /^\/collaborators\/([^/]+)\/permission$/,
      answer: ([login = ''], _, world) =>
        toAnswer(world.permissions.get(login), (permission) => ({ permission })),
    },
    ...hookRoutes(words),
  ];
}

function commentRoutes(words: GithubLikeWords): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: /^\/issues\/(\d+)\/comments$/,
      answer: ([number], request, world) =>
        list(commentsOf(world, Number(number)), request, words, (comment) =>
          commentBody(comment, request, world, words),
        ),
    },
    {
      method: 'POST',
      pattern: /^\/issues\/(\d+)\/comments$/,
      answer([number], request, world) {
        if (!world.pulls.has(Number(number))) return null;
        const comment = world.addComment(Number(number), world.login, String(request.body['body']));
        return { status: 201, body: commentBody(comment, request, world, words) };
      },
    },
    {
      method: 'GET',
      pattern: /^\/issues\/comments\/(\d+)$/,
      answer: ([id], request, world) =>
        toAnswer(world.comments.get(Number(id)), (comment) => commentBody(comment, request, world, words)),
    },
    {
      method: 'PATCH',
      pattern: /^\/issues\/comments\/(\d+)$/,
      answer: ([id], request, world) =>
        toAnswer(world.comments.get(Number(id)), (comment) => {
          comment.text = String(request.body['body']);
          return commentBody(comment, request, world, words);
        }),
    },
    {
      method: 'DELETE',
      pattern: /^\/issues\/comments\/(\d+)$/,
      answer: ([id], _, world) => (world.comments.delete(Number(id)) ? { status: 204 } : null),
    },
    {
      method: 'POST',
      pattern: /^\/issues\/comments\/(\d+)\/reactions$/,
      answer: ([id], { body }, world) =>
        toAnswer(world.comments.get(Number(id)), ({ reactions }) => {
          reactions.push(body['content'] === '+1' ? 'yes' : 'no');
          return {};
        }),
    },
  ];
}

function hookRoutes(words: GithubLikeWords): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: /^\/hooks$/,
      answer: (_, request, world) =>
        list([...world.hooks.values()], request, words, ({ id, address, events }) => ({
          id,
          events,
          config: { url: address },
        })),
    },
    {
      method: 'POST',
      pattern: /^\/hooks$/,
      answer(_, { body }, world) {
        const id = world.nextId();
        world.hooks.set(id, { id, ...hookOf(body) });
        return { status: 201, body: { id } };
      },
    },
    {
      method: 'PATCH',
      pattern: /^\/hooks\/(\d+)$/,
      answer: ([id], { body }, world) =>
        toAnswer(world.hooks.get(Number(id)), (hook) => {
          const { secret, ...others } = hookOf(body);
          Object.assign(hook, others, words.changesSecrets ? { secret } : {});
          return { id: hook.id };
        }),
    },
    {
      method: 'DELETE',
      pattern: /^\/hooks\/(\d+)$/,
      answer: ([id], _, world) => (world.hooks.delete(Number(id)) ? { status: 204 } : null),
    },
  ];
}

function hookOf(body: Record<string, unknown>) {
  const config = body['config'] as Record<string, string>;
  return {
    address: config['url'] ?? '',
    secret: config['secret'] ?? '',
    events: body['events'] as readonly string[],
  };
}

function toAnswer<T>(value: T | undefined, toBody: (value: T) => object): DoubleAnswer | null {
  return value === undefined ? null : { status: 200, body: toBody(value) };
}

function list<T>(
  entries: readonly T[],
  request: DoubleRequest,
  { pageSize, apiPath }: GithubLikeWords,
  toBody: (entry: T) => object,
): DoubleAnswer {
  const { entries: part, next } = page(entries, request, { size: pageSize, apiPath });
  const headers: Record<string, string> = next === null ? {} : { link: `<${next}>; rel="next"` };
  return { status: 200, body: part.map(toBody), headers };
}

export function pullBody(pull: WorldPull, { origin }: { readonly origin: string }, world: HostWorld) {
  const { number, title, author, isOpen, isMerged, isFork, commit, branch, base, mergeCommit } = pull;
  return {
    number,
    title,
    html_url: `${origin}/${world.repository}/pull/${number}`,
    user: { login: author },
    state: isOpen ? 'open' : 'closed',
    merged: isMerged,
    merged_at: isMerged ? '2026-11-01T00:00:00Z' : null,
    // GitHub names a trial merge while it is open.
    merge_commit_sha: mergeCommit ?? 'f'.repeat(40),
    head: { ref: branch, sha: commit, repo: { full_name: isFork ? `stranger/config` : world.repository } },
    base: { ref: base, sha: 'c'.repeat(40), repo: { full_name: world.repository } },
  };
}

/** Body of a hook about a pull request. */
export function pullPayload(
  { number }: { readonly number: number },
  action: string,
  { world, origin }: Pick<HookSigning, 'world' | 'origin'>,
): object {
  const pull = world.pulls.get(number);
  if (pull === undefined) throw new Error(`there is no pull request ${number}`);
  return { action, number, pull_request: pullBody(pull, { origin }, world) };
}

/** Body of a hook about a comment. */
export function commentPayload(
  { number, comment: id, change }: Extract<WorldEvent, { type: 'comment' }>,
  { pullRequest, words }: { readonly pullRequest: object; readonly words: GithubLikeWords },
  { world, origin }: Pick<HookSigning, 'world' | 'origin'>,
): object {
  const comment = world.comments.get(id);
  if (comment === undefined) throw new Error(`there is no comment ${id}`);
  const issue = { number, pull_request: pullRequest };
  return { action: change ?? 'created', issue, comment: commentBody(comment, { origin }, world, words) };
}

export function commentBody(
  comment: WorldComment,
  { origin }: { readonly origin: string },
  { repository }: HostWorld,
  { place }: Pick<GithubLikeWords, 'place'>,
) {
  const { id, pull, author, text } = comment;
  const { created, updated } = timesOf(comment);
  return {
    id,
    created_at: created,
    updated_at: updated,
    body: text,
    user: { login: author },
    html_url: `${origin}/${repository}/pull/${pull}#issuecomment-${id}`,
    ...place(`${origin}/${repository}`, pull),
  };
}
