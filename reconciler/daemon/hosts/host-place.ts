import { ReconcilerError } from '../../base/errors.ts';
import type { GitHostKind } from '../../ports/hosts/git-host.ts';
import type { GitHostConfig } from './host-config.ts';

/** Repository at a host, as far as it can be told without asking there. */
export interface HostPlace {
  readonly kind: GitHostKind;
  /** Web address of the repository. */
  readonly address: string;
  /** Address of the API, without a slash at the end. */
  readonly api: string;
  /** `owner/name` */
  readonly repository: string;
}

/** Hosts whose kind everybody knows. */
const KNOWN = new Map<string, GitHostKind>([
  ['github.com', 'github'],
  ['gitlab.com', 'gitlab'],
  ['codeberg.org', 'forgejo'],
  ['bitbucket.org', 'bitbucket'],
]);

/** Paths of APIs below the web address of a host, unless they have a host of their own. */
const API_PATHS: Readonly<Record<GitHostKind, string>> = {
  github: '/api/v3',
  gitlab: '/api/v4',
  gitea: '/api/v1',
  forgejo: '/api/v1',
  bitbucket: '/2.0',
};

const API_HOSTS: readonly { readonly web: string; readonly api: string }[] = [
  { web: 'https://github.com', api: 'https://api.github.com' },
  { web: 'https://bitbucket.org', api: 'https://api.bitbucket.org/2.0' },
];

/** Puts what the operator says together with what the address of the repository tells. Throws BAD_OPTIONS, naming what has to be said. */
export function findHostPlace(
  { kind: given, api: givenApi, repository: givenName }: Pick<GitHostConfig, 'kind' | 'api' | 'repository'>,
  location: string,
): HostPlace {
  const found = parseRepository(location);
  const kind = given ?? KNOWN.get(found?.host ?? '');
  if (kind === undefined) throw lacking('kind', 'github, gitlab, gitea, forgejo or bitbucket');
  const path = found === null ? null : splitPath(found.path, kind);
  const repository = givenName ?? path?.repository;
  if (repository === undefined) throw lacking('repository', 'owner/name');
  const web = givenApi === null ? found && `${found.origin}${path?.below ?? ''}` : webOf(kind, givenApi);
  if (web === null) throw lacking('api', `https://git.example.org${API_PATHS[kind]}`);
  return { kind, address: `${web}/${repository}`, api: givenApi ?? apiOf(kind, web), repository };
}

function lacking(key: string, example: string): ReconcilerError {
  const message = `git.host.${key} has to be set: the address of the repository does not tell it; it is ${example}`;
  return new ReconcilerError('BAD_OPTIONS', message);
}

function apiOf(kind: GitHostKind, web: string): string {
  return API_HOSTS.find((host) => host.web === web)?.api ?? `${web}${API_PATHS[kind]}`;
}

function webOf(kind: GitHostKind, api: string): string {
  const known = API_HOSTS.find((host) => host.api === api)?.web;
  return known ?? (api.endsWith(API_PATHS[kind]) ? api.slice(0, -API_PATHS[kind].length) : api);
}

interface ParsedRepository {
  readonly host: string;
  readonly origin: string;
  /** Path without slashes around it. */
  readonly path: string;
}

/** `https://…`, `ssh://…` or `user@host:path`, of which the port of ssh is left out; `null` for a path of this machine. */
function parseRepository(location: string): ParsedRepository | null {
  const short = /^(?:[^/:@]+@)?([^/:@]+):(?!\/\/)(.+)$/.exec(location);
  const text = short === null ? location : `ssh://${short[1]}/${short[2]}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || (!isWeb && url.protocol !== 'ssh:')) return null;
  const path = url.pathname.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  return { host: url.hostname.toLowerCase(), origin: isWeb ? url.origin : `https://${url.hostname}`, path };
}

/** GitLab has groups in groups; elsewhere the last two parts are owner and name, and the host may be below a path. */
function splitPath(
  path: string,
  kind: GitHostKind,
): { readonly below: string; readonly repository: string } | null {
  const parts = path.split('/');
  if (parts.length < 2 || parts.includes('')) return null;
  if (kind === 'gitlab') return { below: '', repository: path };
  const below = parts.slice(0, -2).map((part) => `/${part}`);
  return { below: below.join(''), repository: parts.slice(-2).join('/') };
}
