import { createHmac } from 'node:crypto';
import type { GithubLikeWords } from './github-like-double.ts';
import { answerGithubLike, commentPayload, pullPayload } from './github-like-double.ts';
import type { HookSigning, HostDialect } from './host-double.ts';
import type { WorldEvent } from './host-world.ts';

const WORDS: GithubLikeWords = {
  apiPath: '/api/v1',
  pageSize: 50,
  baseParameter: 'base_branch',
  listsMerged: true,
  changesSecrets: false,
  place: (address, pull) => ({ issue_url: '', pull_request_url: `${address}/pulls/${pull}` }),
};
const ZEROS = '0'.repeat(40);

/** Gitea 1.25 and Forgejo 13, by their documentation. Forgejo says everything in the words of Gitea as well, and both in those of GitHub. */
export function createGiteaDialect(kind: 'gitea' | 'forgejo'): HostDialect {
  return {
    apiPath: WORDS.apiPath,
    isAuthorized: (headers, world) => headers.authorization === `token ${world.token}`,
    answer: (request, world) => answerGithubLike(WORDS, request, world),
    hook(event, signing) {
      const { type, body } = payloadOf(event, signing);
      const text = JSON.stringify(body);
      const signature = createHmac('sha256', signing.secret).update(text).digest('hex');
      const names = kind === 'forgejo' ? ['X-Forgejo', 'X-Gitea', 'X-Gogs'] : ['X-Gitea', 'X-Gogs'];
      const headers: Record<string, string> = {
        'x-github-event': type,
        'x-github-delivery': signing.delivery,
        'x-hub-signature-256': `sha256=${signature}`,
      };
      for (const name of names) {
        headers[`${name}-Event`.toLowerCase()] = type;
        headers[`${name}-Delivery`.toLowerCase()] = signing.delivery;
        headers[`${name}-Signature`.toLowerCase()] = signature;
      }
      return { headers, body: text };
    },
  };
}

function payloadOf(
  event: WorldEvent,
  { world, origin }: HookSigning,
): { readonly type: string; readonly body: object } {
  const common = {
    repository: { full_name: world.repository, html_url: `${origin}/${world.repository}` },
    sender: { login: 'ada' },
  };
  switch (event.type) {
    case 'push': {
      const { ref, after } = event;
      const short = ref.replace(/^refs\/(heads|tags)\//, '');
      // Deletions are told by an event of their own.
      if (after === null)
        return {
          type: 'delete',
          body: { ref: short, ref_type: refType(ref), pusher_type: 'user', ...common },
        };
      return { type: 'push', body: { ref, before: ZEROS, after, commits: [], total_commits: 0, ...common } };
    }
    case 'pull': {
      const body = pullPayload(event, 'synchronized', { world, origin });
      return { type: 'pull_request', body: { ...body, ...common } };
    }
    case 'comment': {
      const place = { pullRequest: { merged: false, merged_at: null }, words: WORDS };
      const body = commentPayload(event, place, { world, origin });
      return { type: 'issue_comment', body: { ...body, is_pull: true, ...common } };
    }
    case 'issue':
      return { type: 'issues', body: { action: 'opened', issue: { number: 3 }, ...common } };
    case 'ping':
      return { type: 'ping', body: common };
    default:
      return event satisfies never;
  }
}

function refType(ref: string): string {
  return ref.startsWith('refs/tags/') ? 'tag' : 'branch';
}
