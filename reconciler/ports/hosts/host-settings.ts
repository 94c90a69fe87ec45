/** Decisions of the operator about what is done at the host of the config repository. */
export interface HostSettings {
  /** There is a token or an app: without either nothing is asked or written there, and hooks count all the same. */
  readonly writes: boolean;
  readonly pulls: {
    /** Plans are written beside pull requests. */
    readonly plan: boolean;
    /** So they are for pull requests out of other repositories, which anybody may open. */
    readonly forks: boolean;
  };
  /** Logins of those whose comment `kombinator confirm` counts. */
  readonly confirm: readonly string[];
  /** Environment that deployments are shown under, where the host knows such; `null`: none are. */
  readonly environment: string | null;
  /** Address of the daemon as people reach it, without a slash at the end; `null`: nothing links there. */
  readonly page: string | null;
}

export const DEFAULT_HOST_SETTINGS: HostSettings = {
  writes: true,
  pulls: { plan: true, forks: false },
  confirm: [],
  environment: null,
  page: null,
};
