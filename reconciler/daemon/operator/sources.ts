import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseLocation } from '../../adapters/git/location.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { isReconcilerError } from '../../base/errors.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, own } from '../../base/values.ts';
import { readRoot } from '../../model/git/source-root.ts';
import type { GitHostConfig } from '../hosts/host-config.ts';

/** A further config repository of a daemon, under its name; see `sources` of schemas/daemon.schema.json. */
export interface SourcePlace {
  /** `team-a`; unique in the daemon. */
  readonly name: string;
  /** Path or address. */
  readonly repo: string;
  /** Default: as for the daemon's own. */
  readonly branch?: string;
  /** Directory of the repository that is read as if it were all of it. Default: the whole repository. */
  readonly path?: string;
  /** Absolute path of its own operator's configuration. Default: `operator.yaml` in its state directory, where there is one. */
  readonly config?: string;
}

/** Sections that are about the daemon, whatever number of repositories it has. */
const OF_THE_DAEMON = ['sources', 'users', 'proxies', 'instances'] as const;

/**
 * Reads `sources`, which the schema has passed; what that cannot tell is added to the collector.
 *
 * @param path of the configuration: paths in it begin in its directory
 */
export function readSources(
  fields: Fields,
  path: string,
  diagnostics: DiagnosticCollector,
): readonly SourcePlace[] {
  const directory = dirname(resolve(path));
  const named = Object.entries(asFields(own(fields, 'sources')) ?? {});
  const sources = named.flatMap(([name, value]): SourcePlace[] => {
    const text = (key: string) => asString(own(asFields(value) ?? {}, key));
    const [branch, config] = [text('branch'), text('config')];
    const repo = told(['sources', name, 'repo'], diagnostics, () => readRepo(text('repo') ?? '', directory));
    const root = told(['sources', name, 'path'], diagnostics, () => readRoot(text('path') ?? ''));
    if (repo === null || root === null) return [];
    return [
      {
        name,
        repo,
        ...(branch === undefined ? {} : { branch }),
        ...(root === '' ? {} : { path: root }),
        ...(config === undefined ? {} : { config: resolve(directory, config) }),
      },
    ];
  });
  refuseSame(sources, diagnostics);
  return sources;
}

/** Each would take the stacks, or the tags, of the other for its own. */
function refuseSame(sources: readonly SourcePlace[], diagnostics: DiagnosticCollector): void {
  const known = new Map<string, string>();
  for (const source of sources) {
    const { name } = source;
    const place = placeKey(source);
    const other = known.get(place);
    if (other === undefined) known.set(place, name);
    else
      diagnostics.error(
        'INVALID_VALUE',
        ['sources', name],
        `${name} is the same repository and path as ${other}, and would have the same tags for its deployments`,
        {
          hint: 'leave out one of them, or give it another path; environments are directories here, and no branches',
        },
      );
  }
}

/** Returns what two places have in common that are one and the same. */
export function placeKey({ repo, path = '' }: Pick<SourcePlace, 'repo' | 'path'>): string {
  const location = parseLocation(repo);
  const address = location.kind === 'local' ? realPath(location.address) : location.address;
  return JSON.stringify([address.replace(/(?:\.git)?\/*$/, ''), path]);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Not there: opening it says so.
    return path;
  }
}

/** Returns `null` where what was written is none, which is a finding then. */
function told<T>(path: readonly string[], diagnostics: DiagnosticCollector, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isReconcilerError(error, 'BAD_OPTIONS')) throw error;
    diagnostics.error('INVALID_VALUE', [...path], error.message);
    return null;
  }
}

/** Throws BAD_OPTIONS. */
function readRepo(written: string, directory: string): string {
  const isRelative = parseLocation(written).kind === 'local' && !/^(?:file:|~)/i.test(written);
  return isRelative ? resolve(directory, written) : written;
}

/** Adds a finding for each section of the configuration of one source that only the daemon's own can have. */
export function refuseDaemonSections(fields: Fields, diagnostics: DiagnosticCollector): void {
  for (const section of OF_THE_DAEMON) {
    if (own(fields, section) === undefined) continue;
    diagnostics.error('INVALID_VALUE', [section], `${section} is not for one repository of a daemon`, {
      hint: "move it to the daemon's own configuration, the one that has sources",
    });
  }
}

/**
 * Environment of a source: what the daemon has, with variables of its own in the place of the daemon's. `KOMBINATOR_SOURCE_TEAM_A__GIT_TOKEN` is
 * `KOMBINATOR_GIT_TOKEN` for `team-a`; secrets and keys of the daemon, and of other sources, are not in it. Two underscores end the name, so that none
 * begins like another.
 */
export function environmentOf(name: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const prefix = variablePrefix(name);
  const entries = Object.entries(env).flatMap(([key, value]): (readonly [string, string | undefined])[] => {
    if (key.startsWith(prefix)) return [[`KOMBINATOR_${key.slice(prefix.length)}`, value]];
    return /^(KOMBINATOR_|SOPS_)/.test(key) ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** `KOMBINATOR_SOURCE_TEAM_A__` */
function variablePrefix(name: string): string {
  return `KOMBINATOR_SOURCE_${name.toUpperCase().replaceAll('-', '_')}__`;
}

/** Address of a source below the daemon's: `/sources/team-a`. */
export function addressOf(name: string): string {
  return `/sources/${name}`;
}

/** Links lead to the page of the source: `page` is the address of the daemon, or already the one of the source. */
export function pageOfSource(host: GitHostConfig | null, source: string | undefined): GitHostConfig | null {
  if (source === undefined || host === null || host.page === null) return host;
  const address = addressOf(source);
  return host.page.endsWith(address) ? host : { ...host, page: host.page + address };
}
