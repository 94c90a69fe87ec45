/** Addresses of pages that show a repository to people, with `{commit}`, `{path}` and `{line}` to fill in. */
export interface WebAddresses {
  readonly commit: string;
  readonly file: string;
}

interface Host {
  /** Names of hosts, and labels of those that people have set up themselves (`gitlab.example.org`). */
  readonly pattern: RegExp;
  readonly commit: string;
  readonly file: string;
}

const HOSTS: readonly Host[] = [
  { pattern: /(?:^|\.)github\./, commit: '/commit/{commit}', file: '/blob/{commit}/{path}#L{line}' },
  { pattern: /(?:^|\.)gitlab\./, commit: '/-/commit/{commit}', file: '/-/blob/{commit}/{path}#L{line}' },
  {
    pattern: /(?:^|\.)(?:gitea|forgejo|codeberg)\./,
    commit: '/commit/{commit}',
    file: '/src/commit/{commit}/{path}#L{line}',
  },
  {
    pattern: /(?:^|\.)bitbucket\.org$/,
    commit: '/commits/{commit}',
    file: '/src/{commit}/{path}#lines-{line}',
  },
];

/**
 * Finds the pages of a repository by the name of its host; `null` for one that is on this machine, or on a host of another kind.
 *
 * @param location address as Git has it: `https://…`, `ssh://…` or `user@host:path`
 */
export function findWebAddresses(location: string): WebAddresses | null {
  const place = parse(location);
  const host = place && HOSTS.find(({ pattern }) => pattern.test(place.host));
  if (!place || !host) return null;
  return { commit: `${place.base}${host.commit}`, file: `${place.base}${host.file}` };
}

/** The address of a repository for browsers; never with a login, and of ssh without its port. */
function parse(location: string): { readonly host: string; readonly base: string } | null {
  const short = /^(?:[^/:@]+@)?([^/:@]+):(?!\/\/)(.+)$/.exec(location);
  const text = short === null ? location : `ssh://${short[1]}/${short[2]}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || (!isWeb && url.protocol !== 'ssh:')) return null;
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  if (path.length < 2 || /[{}]/.test(path)) return null;
  const origin = isWeb ? url.origin : `https://${url.hostname}`;
  return { host: url.hostname.toLowerCase(), base: `${origin}${path}` };
}
