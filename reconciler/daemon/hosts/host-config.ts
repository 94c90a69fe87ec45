import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asBoolean, asFields, asList, asNumber, asString, own } from '../../base/values.ts';
import type { GitHostKind } from '../../ports/hosts/git-host.ts';
import type { HostSettings } from '../../ports/hosts/host-settings.ts';
import { DEFAULT_HOST_SETTINGS } from '../../ports/hosts/host-settings.ts';

/** App of GitHub that acts in place of a person, with the reference of its private key. */
export interface HostApp {
  readonly id: number;
  readonly installation: number;
  readonly privateKey: string;
}

/** `git.host` of the operator's configuration. Secrets are references, looked up when they are needed. */
export interface GitHostConfig extends HostSettings {
  /** `null`: by the address of the repository. */
  readonly kind: GitHostKind | null;
  /** Address of the API without a slash at the end; `null`: by kind and the address of the repository. */
  readonly api: string | null;
  /** `owner/name`; `null`: out of the address of the repository. */
  readonly repository: string | null;
  readonly token: string | null;
  readonly app: HostApp | null;
  /** Reference of the secret of the hook; `null`: no hooks are taken. */
  readonly hookSecret: string | null;
}

const KINDS: readonly GitHostKind[] = ['github', 'gitlab', 'gitea', 'forgejo', 'bitbucket'];
const ROOT = ['git', 'host'];

/** Reads `git.host`, which the schema has passed; what that cannot tell is added to the collector. `null`: there is none. */
export function readGitHost(git: Fields | undefined, diagnostics: DiagnosticCollector): GitHostConfig | null {
  const fields = asFields(git?.['host']);
  if (fields === undefined) return null;
  const text = (key: string) => asString(own(fields, key)) ?? null;
  const pulls = asFields(fields['pulls']);
  const config: GitHostConfig = {
    kind: KINDS.find((kind) => kind === fields['kind']) ?? null,
    api: text('api')?.replace(/\/+$/, '') ?? null,
    repository: text('repository'),
    writes: fields['token'] !== undefined || fields['app'] !== undefined,
    token: text('token'),
    app: readApp(asFields(fields['app'])),
    hookSecret: asString(asFields(fields['webhook'])?.['secret']) ?? null,
    pulls: {
      plan: asBoolean(pulls?.['plan']) ?? DEFAULT_HOST_SETTINGS.pulls.plan,
      forks: asBoolean(pulls?.['forks']) ?? DEFAULT_HOST_SETTINGS.pulls.forks,
    },
    confirm: (asList(fields['confirm']) ?? []).filter((login) => typeof login === 'string'),
    environment: text('environment'),
    page: text('page')?.replace(/\/+$/, '') ?? null,
  };
  check(config, diagnostics);
  return config;
}

function readApp(fields: Fields | undefined): HostApp | null {
  if (fields === undefined) return null;
  return {
    id: asNumber(fields['id']) ?? 0,
    installation: asNumber(fields['installation']) ?? 0,
    privateKey: asString(fields['privateKey']) ?? '',
  };
}

function check({ kind, api, page, token, app }: GitHostConfig, diagnostics: DiagnosticCollector): void {
  // A pattern passes what only begins like an address.
  for (const [key, address] of Object.entries({ api, page })) {
    if (address === null || URL.canParse(address)) continue;
    diagnostics.error('INVALID_FORMAT', [...ROOT, key], `"${address}" is no address`);
  }
  if (app === null) return;
  if (token !== null)
    diagnostics.error('INVALID_VALUE', [...ROOT, 'app'], 'there is a token as well', {
      hint: 'leave out token, or app',
    });
  if (kind !== null && kind !== 'github')
    diagnostics.error('INVALID_VALUE', [...ROOT, 'app'], `${kind} has no such apps`, {
      hint: 'give a token',
    });
}
