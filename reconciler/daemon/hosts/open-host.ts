import { createBitbucketHost } from '../../adapters/hosts/bitbucket.ts';
import { createGithubHost } from '../../adapters/hosts/github.ts';
import { createGitlabHost } from '../../adapters/hosts/gitlab.ts';
import { createGiteaHost } from '../../adapters/hosts/gitea.ts';
import type { HostOptions } from '../../adapters/hosts/host-client.ts';
import { createHostFetch } from '../../adapters/hosts/host-fetch.ts';
import type { GitHost } from '../../ports/hosts/git-host.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { GitHostConfig } from './host-config.ts';
import { findHostPlace } from './host-place.ts';

/**
 * The host of the config repository; `null`: the operator has named none. Nothing is asked there yet, and secrets are looked up when they are needed.
 *
 * @param repository address as Git has it
 * @throws BAD_OPTIONS where the address of the repository does not tell what the configuration leaves out
 */
export function openGitHost(
  config: GitHostConfig | null,
  repository: string,
  secrets: Pick<Secrets, 'resolve'>,
): GitHost | null {
  if (config === null) return null;
  const { kind, ...place } = findHostPlace(config, repository);
  const { token, app } = config;
  const options: HostOptions = {
    ...place,
    token: token === null ? null : () => secrets.resolve(token),
    fetch: createHostFetch(),
  };
  switch (kind) {
    case 'github':
      return createGithubHost({
        ...options,
        app: app && { ...app, privateKey: () => secrets.resolve(app.privateKey) },
      });
    case 'gitlab':
      return createGitlabHost(options);
    case 'gitea':
    case 'forgejo':
      return createGiteaHost(kind, options);
    case 'bitbucket':
      return createBitbucketHost(options);
    default:
      return kind satisfies never;
  }
}
