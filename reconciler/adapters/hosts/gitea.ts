import type { Fields } from '../../base/values.ts';
import { asString } from '../../base/values.ts';
import type { Secret } from '../../model/secret.ts';
import type { GitHost, HookDelivery, HookNews } from '../../ports/hosts/git-host.ts';
import { createGithubLike, toCommentNews } from './github-like.ts';
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
import type { HostOptions } from './host-client.ts';
import { createAskHost } from './host-client.ts';
import { writeHook } from './install-hook.ts';
import { readAnswer } from './read-answer.ts';

/** Events that a hook is set up for, as the API calls them. */
export const GITEA_EVENTS: readonly string[] = [
  'push',
  'create',
  'delete',
  'pull_request',
  'pull_request_sync',
  'pull_request_comment',
];

const PER_PAGE = { limit: '50' };

/** Gitea, and Forgejo, which has gone on from it with the same API (https://docs.gitea.com/api, https://forgejo.org/docs/latest/user/api-usage). */
export function createGiteaHost(kind: 'gitea' | 'forgejo', options: HostOptions): GitHost {
  const ask = createAskHost({ ...options, authorize: (token) => `token ${token}` });
  return {
    kind,
    address: options.address,
    verifyHook: (delivery, secret) => verify(kind, delivery, secret),
    ...createGithubLike({
      ask,
      repository: options.repository,
      perPage: PER_PAGE,
      openPulls: (base) => ({ state: 'open', sort: 'recentupdate', base_branch: base }),
      // Nothing finds them by their branch.
      pullsOf: ({ base }) => ({ state: 'all', sort: 'recentupdate', base_branch: base }),
      askLogin: async (signal) => readAnswer((await ask({ path: '/user', signal })).data).text('login'),
    }),
    async installHook({ address, secret }, signal) {
      const config = { url: address, content_type: 'json', secret: secret.reveal().trim() };
      const create = { type: kind, config, events: GITEA_EVENTS, active: true };
      const right = 'one with write:repository, of an account that administers the repository';
      const place = { ask, path: `/repos/${options.repository}/hooks`, perPage: PER_PAGE, right };
      // Both read no secret out of a change (`editHook` of routers/api/v1/utils/hook.go).
      const id = await writeHook(
        { ...place, addressAt: 'config.url', method: null },
        { address, create, update: create },
        signal,
      );
      return `${options.address}/settings/hooks/${id}`;
    },
  };
}

const PREFIXES = { gitea: ['x-gitea', 'x-forgejo'], forgejo: ['x-forgejo', 'x-gitea'] } as const;

/** Looks at the headers of their own only: both send those of GitHub and Gogs as well. */
function verify(kind: 'gitea' | 'forgejo', delivery: HookDelivery, secret: Secret): HookNews {
  const prefix = PREFIXES[kind].find((name) => headerOf(delivery, `${name}-event`) !== undefined);
  if (prefix === undefined) throw refused(`it is no hook of ${kind === 'gitea' ? 'Gitea' : 'Forgejo'}`);
  checkHmac(delivery, secret, headerOf(delivery, `${prefix}-signature`));
  const id = deliveryOf(delivery, [`${prefix}-delivery`]);
  return toNews(headerOf(delivery, `${prefix}-event`) ?? '', id, parseHook(decodeBody(delivery)));
}

function toNews(event: string, delivery: string, hook: Fields): HookNews {
  switch (event) {
    case 'push':
      return pushOf(delivery, hookFields.text(hook, 'ref'), hookFields.commit(hook, 'after'));
    // Their refs are names, beside what they are of.
    case 'create':
      return pushOf(delivery, refOf(hook), hookFields.commit(hook, 'sha'));
    case 'delete':
      return pushOf(delivery, refOf(hook), null);
    case 'pull_request':
    case 'pull_request_sync':
      return { type: 'pull', delivery, number: hookFields.number(hook, 'pull_request.number') };
    case 'issue_comment':
    case 'pull_request_comment':
      return toCommentNews(delivery, hook);
    default:
      return { type: 'other', delivery };
  }
}

function refOf(hook: Fields): string {
  const name = hookFields.text(hook, 'ref');
  if (name.startsWith('refs/')) return name;
  return asString(hook['ref_type']) === 'tag' ? `refs/tags/${name}` : `refs/heads/${name}`;
}
