import { verify as isSigned } from '@octokit/webhooks-methods';
import type { Fields } from '../../base/values.ts';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { Secret } from '../../model/secret.ts';
import type { GitHost, HookDelivery, HookNews, HostDeployment } from '../../ports/hosts/git-host.ts';
import type { GithubOptions } from './github-client.ts';
import { createGithubClient } from './github-client.ts';
import { createGithubLike, toCommentNews } from './github-like.ts';
import { decodeBody, deliveryOf, headerOf, hookFields, keyOf, parseHook, pushOf, refused } from './hook.ts';
import type { AskHost } from './host-client.ts';
import { writeHook } from './install-hook.ts';
import { readAnswer, readEntries, shorten } from './read-answer.ts';

/** Events that a hook is set up for (https://docs.github.com/webhooks/webhook-events-and-payloads). */
const EVENTS: readonly string[] = ['push', 'pull_request', 'issue_comment'];
const PER_PAGE = { per_page: '100' };
/** Task of deployments that are ours: others make deployments of the same commit. */
const TASK = 'kombinator';

/** GitHub, and GitHub Enterprise Server (https://docs.github.com/rest). */
export function createGithubHost(options: GithubOptions): GitHost {
  const { ask, askLogin } = createGithubClient(options);
  const { address, repository } = options;
  const root = `/repos/${repository}`;
  return {
    kind: 'github',
    address,
    verifyHook: verify,
    ...createGithubLike({
      ask,
      repository,
      perPage: PER_PAGE,
      openPulls: (base) => ({ state: 'open', base, sort: 'updated', direction: 'desc' }),
      pullsOf: ({ branch, base }) => ({
        state: 'all',
        head: `${repository.split('/', 1)[0] ?? ''}:${branch}`,
        base,
        sort: 'created',
        direction: 'desc',
      }),
      askLogin,
    }),
    setDeployment: createDeploymentWriter(ask, `${root}/deployments`),
    async installHook({ address: url, secret }, signal) {
      const config = { url, content_type: 'json', secret: secret.reveal().trim(), insecure_ssl: '0' };
      const update = { config, events: EVENTS, active: true };
      const right =
        'a fine-grained one of this repository with Webhooks write, or of an app with that permission';
      const place = { ask, path: `${root}/hooks`, perPage: PER_PAGE, right };
      const id = await writeHook(
        { ...place, addressAt: 'config.url', method: 'PATCH' },
        { address: url, create: { ...update, name: 'web' }, update },
        signal,
      );
      return `${address}/settings/hooks/${id}`;
    },
  };
}

/** Refuses those of Gitea and Forgejo, which sign in GitHub's words as well, and tell something else. */
async function verify(delivery: HookDelivery, secret: Secret): Promise<HookNews> {
  const event = headerOf(delivery, 'x-github-event');
  const isForeign = ['x-gitea-event', 'x-forgejo-event'].some(
    (name) => headerOf(delivery, name) !== undefined,
  );
  if (event === undefined || isForeign) throw refused('it is no hook of GitHub');
  const key = keyOf(secret);
  const signature = headerOf(delivery, 'x-hub-signature-256') ?? '';
  const text = decodeBody(delivery);
  if (signature === '' || text === '')
    throw refused('it is not signed: set the secret of the hook at the host');
  if (!(await isSigned(key, text, signature))) throw refused('it is signed with another secret');
  return toNews(event, deliveryOf(delivery, ['x-github-delivery']), parseHook(text));
}

function toNews(event: string, delivery: string, hook: Fields): HookNews {
  switch (event) {
    case 'push':
      return pushOf(delivery, hookFields.text(hook, 'ref'), hookFields.commit(hook, 'after'));
    case 'pull_request':
      return { type: 'pull', delivery, number: hookFields.number(hook, 'pull_request.number') };
    case 'issue_comment':
      return toCommentNews(delivery, hook);
    case 'ping':
      return { type: 'ping', delivery };
    default:
      return { type: 'other', delivery };
  }
}

/** One deployment for each commit and environment, whose state goes on (https://docs.github.com/rest/deployments). */
function createDeploymentWriter(ask: AskHost, path: string): NonNullable<GitHost['setDeployment']> {
  const exclusively = createKeyedMutex();

  async function find({ commit, environment }: HostDeployment, signal: AbortSignal): Promise<number | null> {
    const query = { sha: commit, environment, task: TASK };
    const [newest] = readEntries((await ask({ path, query, signal })).data);
    return newest === undefined ? null : readAnswer(newest).number('id');
  }
  async function create(deployment: HostDeployment, signal: AbortSignal): Promise<number> {
    const { commit: ref, environment, description } = deployment;
    const body = { ref, environment, task: TASK, description: shorten(description) };
    // It is being deployed whatever other checks say, and the branch is not to be merged for it.
    const request = { ...body, auto_merge: false, required_contexts: [] };
    return readAnswer((await ask({ method: 'POST', path, body: request, signal })).data).number('id');
  }
  async function write(deployment: HostDeployment, signal: AbortSignal): Promise<void> {
    const id = (await find(deployment, signal)) ?? (await create(deployment, signal));
    const { state, description, address } = deployment;
    const body = {
      state,
      description: shorten(description),
      ...(address !== null && { environment_url: address, log_url: address }),
    };
    await ask({ method: 'POST', path: `${path}/${id}/statuses`, body, signal });
  }
  return (deployment, signal) =>
    exclusively(`${deployment.commit} ${deployment.environment}`, () => write(deployment, signal));
}
