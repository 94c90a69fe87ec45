import { createHmac } from 'node:crypto';
import type { HostDeployment } from '../../../reconciler/ports/hosts/git-host.ts';
import type { GithubLikeWords } from './github-like-double.ts';
import { answerGithubLike, commentPayload, pullPayload } from './github-like-double.ts';
import type { DoubleAnswer, DoubleRequest, HookSigning, HostDialect } from './host-double.ts';
import type { HostWorld, WorldEvent } from './host-world.ts';

const WORDS: GithubLikeWords = {
  apiPath: '/api/v3',
  pageSize: 100,
  baseParameter: 'base',
  listsMerged: false,
  changesSecrets: true,
  place: (address, pull) => ({
    issue_url: `${address.replace('/acme', '/api/v3/repos/acme')}/issues/${pull}`,
  }),
};
const ZEROS = '0'.repeat(40);

/** GitHub by its documentation, at the address of an Enterprise Server. */
export function createGithubDialect(): HostDialect {
  return {
    apiPath: WORDS.apiPath,
    isAuthorized: (headers, world) => headers.authorization === `Bearer ${world.token}`,
    answer: (request, world) => answerDeployments(request, world) ?? answerGithubLike(WORDS, request, world),
    hook(event, signing) {
      const { type, body } = payloadOf(event, signing);
      const text = JSON.stringify(body);
      return { headers: signGithub({ type, text, ...signing }), body: text };
    },
  };
}

/** Headers that GitHub sends with a body. */
export function signGithub(hook: {
  readonly type: string;
  readonly text: string;
  readonly secret: string;
  readonly delivery: string;
}): Record<string, string> {
  const { type, text, secret, delivery } = hook;
  return {
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-event': type,
    'x-github-delivery': delivery,
    'x-github-hook-id': '1',
    'x-hub-signature': `sha1=${createHmac('sha1', secret).update(text).digest('hex')}`,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
  };
}

function answerDeployments(
  { method, path, query, body }: DoubleRequest,
  world: HostWorld,
): DoubleAnswer | null {
  const root = `/repos/${world.repository}/deployments`;
  if (path === root && method === 'GET') {
    const found = world.deployments.filter(
      ({ commit, environment }) => commit === query.get('sha') && environment === query.get('environment'),
    );
    const ours = query.get('task') === 'kombinator' ? found : [];
    return { status: 200, body: ours.map(({ id }) => ({ id })) };
  }
  if (path === root && method === 'POST') {
    const id = world.nextId();
    const { ref, environment, description, required_contexts: contexts, auto_merge: merges } = body;
    // GitHub would wait for every status, its own included, or merge first.
    if (merges !== false || !Array.isArray(contexts) || contexts.length > 0) return { status: 409, body: {} };
    const deployment = { commit: ref, environment, description, state: 'pending', address: null };
    world.deployments.push({ id, ...deployment } as unknown as HostDeployment & { id: number });
    return { status: 201, body: { id } };
  }
  const id = new RegExp(`^${root}/(\\d+)/statuses$`).exec(path)?.[1];
  const at = world.deployments.findIndex((deployment) => `${deployment.id}` === id);
  const found = world.deployments[at];
  if (found === undefined || method !== 'POST') return null;
  world.deployments[at] = { ...found, state: body['state'] as HostDeployment['state'] };
  return { status: 201, body: { id: world.nextId() } };
}

function payloadOf(
  event: WorldEvent,
  { world, origin }: HookSigning,
): { readonly type: string; readonly body: object } {
  const common = { repository: { full_name: world.repository }, sender: { login: 'ada' } };
  switch (event.type) {
    case 'push': {
      const { ref, after } = event;
      const body = { ref, before: ZEROS, after: after ?? ZEROS, deleted: after === null, commits: [] };
      return { type: 'push', body: { ...body, ...common } };
    }
    case 'pull': {
      const body = pullPayload(event, 'synchronize', { world, origin });
      return { type: 'pull_request', body: { ...body, ...common } };
    }
    case 'comment': {
      const place = { pullRequest: { url: origin }, words: WORDS };
      const body = commentPayload(event, place, { world, origin });
      return { type: 'issue_comment', body: { ...body, ...common } };
    }
    case 'issue':
      return {
        type: 'issue_comment',
        body: { action: 'created', issue: { number: 3 }, comment: { id: 9 }, ...common },
      };
    case 'ping':
      return { type: 'ping', body: { zen: 'Design for failure.', hook_id: 1, ...common } };
    default:
      return event satisfies never;
  }
}
