import type { Secret } from '../../model/secret.ts';
import type { GitHost } from '../../ports/hosts/git-host.ts';
import type { HostSettings } from '../../ports/hosts/host-settings.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { GitHostConfig } from './host-config.ts';
import { openGitHost } from './open-host.ts';

/** Host of the config repository with what the operator has decided about it. */
export interface GitHostSetup {
  readonly host: GitHost;
  readonly settings: HostSettings;
  /** Secret of hooks, with its reference, looked up each time: it may change. `null`: no hooks are taken. */
  readonly hookSecret: {
    readonly reference: string;
    /** Throws SECRET_NOT_FOUND. */
    resolve(): Secret;
  } | null;
}

/** Opens `git.host`; see `openGitHost`. */
export function openHostSetup(
  config: GitHostConfig | null,
  repository: string,
  secrets: Pick<Secrets, 'resolve'>,
): GitHostSetup | null {
  const host = openGitHost(config, repository, secrets);
  if (host === null || config === null) return null;
  const { hookSecret: reference } = config;
  return {
    host,
    settings: config,
    hookSecret: reference === null ? null : { reference, resolve: () => secrets.resolve(reference) },
  };
}
