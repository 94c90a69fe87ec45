import type { GitHostKind, RepositoryStatus } from '../../reconciler/index.ts';

/** Addresses of pages that show a repository to people, with `{commit}`, `{path}` and `{line}` to fill in. */
export interface WebAddresses {
  readonly commit: string;
  readonly file: string;
}

const GITEA: WebAddresses = {
  commit: '/commit/{commit}',
  file: '/src/commit/{commit}/{path}#L{line}',
};

/** Pages of each kind of host, below the address of a repository. */
const PAGES: Readonly<Record<GitHostKind, WebAddresses>> = {
  github: { commit: '/commit/{commit}', file: '/blob/{commit}/{path}#L{line}' },
  gitlab: { commit: '/-/commit/{commit}', file: '/-/blob/{commit}/{path}#L{line}' },
  gitea: GITEA,
  forgejo: GITEA,
  bitbucket: { commit: '/commits/{commit}', file: '/src/{commit}/{path}#lines-{line}' },
};

/** Names of hosts, and labels of those that people have set up themselves (`gitlab.example.org`). */
const NAMES: readonly { readonly pattern: RegExp; readonly kind: GitHostKind }[] = [
  { pattern: /(?:^|\.)github\./, kind: 'github' },
  { pattern: /(?:^|\.)gitlab\./, kind: 'gitlab' },
  { pattern: /(?:^|\.)(?:gitea|forgejo|codeberg)\./, kind: 'gitea' },
  { pattern: /(?:^|\.)bitbucket\.org$/, kind: 'bitbucket' },
];

/**
 * Finds the pages of a repository: at the host that the operator has named for it, else by the name of the host in its address. `null` for one that
 * is on this machine, or on a host that nobody has named and that goes by no known name.
 *
 * @param location address as Git has it: `https://…`, `ssh://…` or `user@host:path`
 * @param root directory of the repository that paths begin in
 */
export function findWebAddresses(
  location: string,
  named?: RepositoryStatus['host'],
  root = '',
): WebAddresses | null {
  const place = named === undefined ? parse(location) : { base: named.address, kind: named.kind };
  if (place === null || /[{}]/.test(place.base)) return null;
  const { commit, file } = PAGES[place.kind];
  const below = root === '' ? '' : `${root.split('/').map(encodeURIComponent).join('/')}/`;
  return {
    commit: `${place.base}${commit}`,
    file: `${place.base}${file.replace('{path}', `${below}{path}`)}`,
  };
}

/** The address of a repository for browsers; never with a login, and of ssh without its port. */
function parse(location: string): { readonly kind: GitHostKind; readonly base: string } | null {
  const short = /^(?:[^/:@]+@)?([^/:@]+):(?!\/\/)(.+)$/.exec(location);
  const text = short === null ? location : `ssh://${short[1]}/${short[2]}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || (!isWeb && url.protocol !== 'ssh:')) return null;
  const kind = NAMES.find(({ pattern }) => pattern.test(url.hostname.toLowerCase()))?.kind;
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  if (kind === undefined || path.length < 2) return null;
  return { kind, base: `${isWeb ? url.origin : `https://${url.hostname}`}${path}` };
}
