import { readFileSync } from 'node:fs';
import type { FetchPlace } from '../adapters/git/fetcher.ts';
import { toDiagnostics } from '../config/kombination/analyze.ts';
import { formatDiagnostic } from '../base/diagnostic.ts';
import { ReconcilerError } from '../base/errors.ts';
import { createDiagnosticCollector } from '../base/document-diagnostic.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import { asFields, asList, asNumber, own } from '../base/values.ts';
import { parseYaml } from '../config/yaml-document.ts';
import type { ChannelConfig } from './notify/channels-config.ts';
import { readChannels } from './notify/channels-config.ts';
import { readFreezeWindows } from './freeze-config.ts';
import type { GitHostConfig } from './hosts/host-config.ts';
import { readGitHost } from './hosts/host-config.ts';
import { readSignatures } from './hosts/signatures-config.ts';
import type { FreezeWindow } from './freeze-windows.ts';
import type { BackupsConfig } from './backups-config.ts';
import { readBackupsConfig } from './backups-config.ts';
import type { BuildsConfig } from './builds-config.ts';
import { readBuildsConfig, readPlace } from './builds-config.ts';
import type { ChartsConfig } from './charts/charts-config.ts';
import { readChartsConfig } from './charts/charts-config.ts';
import type { InstancesConfig } from './instances-config.ts';
import { readInstancesConfig } from './instances-config.ts';
import type { SourcePlace } from './operator/sources.ts';
import { pageOfSource, readSources, refuseDaemonSections } from './operator/sources.ts';
import { readTagFolding } from './operator/tag-folding.ts';
import type { TagFolding } from '../ports/source.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import { readOperatorPolicy } from './policy-config.ts';
import type { SignatureSettings } from '../ports/signatures.ts';
import type { ExecRight } from '../public/sessions/sessions.ts';
import type { UsersConfig } from '../public/users-config.ts';
import { readUsersConfig } from './users-config.ts';

/** The decisions of the operator, which no commit can change. */
export interface DaemonConfig {
  readonly freeze: readonly FreezeWindow[];
  readonly backups: BackupsConfig;
  readonly instances: InstancesConfig;
  readonly policy: OperatorPolicy;
  readonly users: UsersConfig;
  /** `null`: no images are built. */
  readonly builds: BuildsConfig | null;
  /** `null`: stacks have no charts and overlays. */
  readonly charts: ChartsConfig | null;
  /** Addresses or networks of proxies before the API. */
  readonly proxies: readonly string[];
  /** Places of repositories that Compose projects are imported from. */
  readonly importFrom: readonly FetchPlace[];
  /** People who may run programs in containers over the API. */
  readonly execRight: ExecRight;
  readonly channels: readonly ChannelConfig[];
  /** Host of the config repository; `null`: none is named. */
  readonly gitHost: GitHostConfig | null;
  /** Deployment tags that keep refs of their own; `null`: all of them. */
  readonly folding: TagFolding | null;
  /** Signatures that commits have to have; `null`: none. */
  readonly signatures: SignatureSettings | null;
  /** Most stacks that leave the repository at once without a yes; `null`: as many as are left. */
  readonly maxRemovals: number | null;
  /** Further config repositories. */
  readonly sources: readonly SourcePlace[];
}

const WRONG = { YAML_SYNTAX: 'not valid YAML', DUPLICATE_KEY: 'a key that is there already' } as const;

/** Forges that everybody may read from: they show to the daemon what they show to the world. */
export const DEFAULT_IMPORT_FROM: readonly FetchPlace[] = [
  { address: 'https://github.com/' },
  { address: 'https://gitlab.com/' },
];

/**
 * Reads the file of `--config`. Throws BAD_OPTIONS with every finding, file and line.
 *
 * @param source name of the one of several repositories of a daemon that it is about
 */
export function readDaemonConfig(path: string, checkSchema: SchemaCheck, source?: string): DaemonConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ReconcilerError('BAD_OPTIONS', `the configuration ${path} cannot be read`, { cause: error });
  }
  const collector = createDiagnosticCollector();
  const document = parseYaml(text);
  const [problem] = document.problems;
  // Messages of a parser and of the schema quote what is no configuration: only the place is told.
  if (problem !== undefined)
    throw new ReconcilerError(
      'BAD_OPTIONS',
      `${path}:${problem.line}:${problem.column}: ${WRONG[problem.code]}`,
    );
  if (document.value !== null && asFields(document.value) === undefined)
    throw new ReconcilerError('BAD_OPTIONS', `${path}: the configuration is no map`);
  checkSchema('daemon', document.value ?? {}, collector);
  const fields = asFields(document.value) ?? {};
  const section = (name: string) => asFields(own(fields, name));
  if (source !== undefined) refuseDaemonSections(fields, collector);
  const freeze = readFreezeWindows(asList(fields['freeze']) ?? [], collector);
  const instances = readInstancesConfig(section('instances') ?? {}, collector);
  const channels = readChannels(fields['notifications'], collector);
  const policy = {
    ...readOperatorPolicy(fields, collector),
    channels: new Map(channels.map((channel) => [channel.name, channel])),
  };
  const config: DaemonConfig = {
    freeze,
    instances,
    channels,
    policy,
    builds: readBuildsConfig(section('builds'), policy, collector),
    charts: readChartsConfig(section('charts'), collector),
    users: readUsersConfig(section('users'), collector),
    proxies: (asList(fields['proxies']) ?? []).filter((one) => typeof one === 'string'),
    importFrom: asList(section('imports')?.['from'])?.map(readPlace) ?? DEFAULT_IMPORT_FROM,
    backups: readBackupsConfig(section('backups'), collector),
    execRight: readExecRight(section('exec')?.['for']),
    gitHost: pageOfSource(readGitHost(section('git'), collector), source),
    folding: readTagFolding(asFields(section('git')?.['tags']), collector),
    signatures: readSignatures(section('git'), collector),
    maxRemovals: asNumber(section('removals')?.['stacks']) ?? null,
    sources: readSources(fields, path, collector),
  };
  const diagnostics = toDiagnostics(path, document, collector.list);
  if (diagnostics.length === 0) return config;
  throw new ReconcilerError('BAD_OPTIONS', diagnostics.map(formatDiagnostic).join('\n'), { diagnostics });
}

/** The schema has passed nothing else. */
function readExecRight(value: unknown): ExecRight {
  return value === 'nobody' || value === 'deployers' ? value : 'admins';
}
