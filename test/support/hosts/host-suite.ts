import { createGiteaHost } from '../../../reconciler/adapters/hosts/gitea.ts';
import type { HostOptions } from '../../../reconciler/adapters/hosts/host-client.ts';
import { createHostFetch } from '../../../reconciler/adapters/hosts/host-fetch.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { GitHost, GitHostKind } from '../../../reconciler/ports/hosts/git-host.ts';
import { createGiteaDialect } from './gitea-double.ts';
import type { HostDialect, HostDouble } from './host-double.ts';

/** An adapter with the double that it is held against. */
export interface HostParts {
  readonly kind: GitHostKind;
  readonly dialect: HostDialect;
  readonly create: (options: HostOptions) => GitHost;
  /** Headers that hold what is signed, or the secret itself. */
  readonly signatures: readonly string[];
  /** Secret of a hook, of the form that the host wants. */
  readonly hookSecret: string;
}

const HOOK_SECRET = 'kombinator-hook-secret-1234';

function giteaParts(kind: 'gitea' | 'forgejo'): HostParts {
  return {
    kind,
    dialect: createGiteaDialect(kind),
    create: (options) => createGiteaHost(kind, options),
    signatures: ['x-gitea-signature', 'x-forgejo-signature'],
    hookSecret: HOOK_SECRET,
  };
}

export const HOSTS: readonly HostParts[] = [giteaParts('gitea'), giteaParts('forgejo')];

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
