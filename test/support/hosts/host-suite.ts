import { createGiteaHost } from '../../../reconciler/adapters/hosts/gitea.ts';
import { createGithubHost } from '../../../reconciler/adapters/hosts/github.ts';
import { createGitlabHost } from '../../../reconciler/adapters/hosts/gitlab.ts';
import { createBitbucketHost } from '../../../reconciler/adapters/hosts/bitbucket.ts';
import type { HostOptions } from '../../../reconciler/adapters/hosts/host-client.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { GitHost, GitHostKind } from '../../../reconciler/ports/hosts/git-host.ts';
import { createGitlabDialect } from './gitlab-double.ts';
import { createBitbucketDialect } from './bitbucket-double.ts';
import { createGithubDialect } from './github-double.ts';
import { createGiteaDialect } from './gitea-double.ts';
import type { HostDialect, HostDouble } from './host-double.ts';

/** An adapter with the double that it is held against. */
export interface HostParts {
  readonly name: string;
  readonly kind: GitHostKind;
  readonly dialect: HostDialect;
  readonly create: (options: HostOptions) => GitHost;
  /** Headers that hold what is signed, or the secret itself. */
  readonly signatures: readonly string[];
  /** Bodies are signed; else a hook only carries the secret. */
  readonly signsBody: boolean;
  /** Secret of a hook, of the form that the host wants. */
  readonly hookSecret: string;
}

const HOOK_SECRET = 'kombinator-hook-secret-1234';

function gitlabParts(name: string, hookSecret: string): HostParts {
  return {
    name,
    kind: 'gitlab',
    dialect: createGitlabDialect(),
    create: createGitlabHost,
    signsBody: hookSecret.startsWith('whsec_'),
    signatures: ['x-gitlab-token', 'webhook-signature'],
    hookSecret,
  };
}

function giteaParts(kind: 'gitea' | 'forgejo'): HostParts {
  return {
    name: kind,
    kind,
    dialect: createGiteaDialect(kind),
    create: (options) => createGiteaHost(kind, options),
    signsBody: true,
    signatures: ['x-gitea-signature', 'x-forgejo-signature'],
    hookSecret: HOOK_SECRET,
  };
}

const BITBUCKET: HostParts = {
  name: 'bitbucket',
  kind: 'bitbucket',
  dialect: createBitbucketDialect(),
  create: createBitbucketHost,
  signsBody: true,
  signatures: ['x-hub-signature'],
  hookSecret: HOOK_SECRET,
};

const GITHUB: HostParts = {
  name: 'github',
  kind: 'github',
  dialect: createGithubDialect(),
  create: (options) => createGithubHost({ ...options, app: null }),
  signsBody: true,
  signatures: ['x-hub-signature-256', 'x-hub-signature'],
  hookSecret: HOOK_SECRET,
};

export const HOSTS: readonly HostParts[] = [
  GITHUB,
  gitlabParts('gitlab', HOOK_SECRET),
  gitlabParts('gitlab with signed hooks', `whsec_${Buffer.alloc(32, 7).toString('base64')}`),
  giteaParts('gitea'),
  giteaParts('forgejo'),
  BITBUCKET,
];

/** Opens the adapter on its double. Default token: the right one. */
export function openHost(
  { create }: HostParts,
  { world, api, address }: HostDouble,
  { token = world.token, timeoutMs }: { readonly token?: string; readonly timeoutMs?: number } = {},
): GitHost {
  return create({
    address,
    api,
    repository: world.repository,
    token: () => new Secret(token, 'secret://file/token'),
    fetch: createHostFetch(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
