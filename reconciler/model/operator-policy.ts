import type { RegistrySetting } from './registry.ts';
import type { TargetReference } from './target.ts';
import { matches } from './wildcard.ts';

/*
 * The operator's policy: what the authors of a repository may ask for. It comes from outside of every repository (`policy`, `engines`, `clusters` and
 * `registries` of the operator's configuration). What an author may not, a plan says at its line.
 */

/** Kinds of things that reach out of a stack's own containers, and have to be allowed. */
export const GRANTS = [
  'privileged',
  'hostNamespaces',
  'capabilities',
  'devices',
  'unconfined',
  'binds',
  'otherContainers',
  'adopts',
  'secrets',
] as const;

export type GrantName = (typeof GRANTS)[number];

/** Grants that are said with `true` rather than with a list. */
export const FLAGS: readonly GrantName[] = ['privileged', 'unconfined', 'otherContainers'];

/** One thing that a stack asks for. */
export interface Need {
  readonly grant: GrantName;
  /** `pid`, `NET_ADMIN`, `/dev/dri`, `/srv/media:ro`, `env/TOKEN`; for a flag what it is for. */
  readonly value: string;
}

/** Things that are allowed: patterns, in which `*` stands for anything, in a path that is mounted for one name. Devices allow what is below them. */
export type Grants = Readonly<Partial<Record<GrantName, readonly string[]>>>;

export interface StackGrants {
  /** Name of a stack, or a pattern with `*`. */
  readonly stacks: string;
  readonly grants: Grants;
}

/** A target that the operator defines. */
export interface OperatorTarget {
  readonly reference: TargetReference;
  /** Patterns of the stacks that may use it. Left out: all. */
  readonly stacks?: readonly string[];
}

export interface OperatorPolicy {
  /** Names of the places for backups that are set up. Left out: not known here. */
  readonly backupDestinations?: readonly string[];
  /** Nothing is asked for: whoever pushes may do what the daemon may. */
  readonly everything: boolean;
  /** Directory of every host in which data of relative paths lies, one directory for each. `null`: there is none. */
  readonly dataDirectory: string | null;
  /** Grants of all stacks. */
  readonly allow: Grants;
  readonly stacks: readonly StackGrants[];
  /** Targets of the operator by name; clusters as `clusters/<name>`. */
  readonly targets: ReadonlyMap<string, OperatorTarget>;
  /** Patterns of addresses, such as `tcp://10.0.0.*:2375`, that a repository may give its own nodes and clusters. */
  readonly connections: readonly string[];
  /** Directories of the control host, and files, that connections of a repository may name. */
  readonly keyFiles: readonly string[];
  /** Patterns of the registries that a repository may have credentials for. */
  readonly registries: readonly string[];
  /** Credentials of the operator for registries; those that a repository names for the same host are not used. */
  readonly credentials: readonly RegistrySetting[];
  /** Channels that news go to, by name. Left out: nobody knows what the operator has. */
  readonly channels?: ReadonlyMap<string, OperatorChannel>;
}

/** A channel, as far as a repository has to do with it. */
export interface OperatorChannel {
  /** Patterns of the stacks that may choose it. Left out: all. */
  readonly stacks?: readonly string[];
}

/** Binds that are harmless, and that many images ask for. */
const CLOCK_FILES = ['/etc/localtime:ro', '/etc/timezone:ro', '/usr/share/zoneinfo:ro'];

export const DEFAULT_DATA_DIRECTORY = '/srv/kombinator';

/** Addresses that a repository may give its nodes where the operator does not list any: ssh, with the agent. The engine of this machine is everybody's. */
export const DEFAULT_CONNECTIONS: readonly string[] = ['ssh://*'];

/**
 * Returns what authors may do where the operator says nothing: their own containers, and data below one directory.
 *
 * @param dataDirectory `none`: there is none
 */
export function homePolicy(dataDirectory?: string): OperatorPolicy {
  const directory = readDataDirectory(dataDirectory);
  // A directory further down may be a link that a container has put there, and the engine follows it.
  const data = directory === null ? [] : [`${directory}/*`];
  return {
    ...OPEN_POLICY,
    dataDirectory: directory,
    everything: false,
    allow: { binds: [...data, ...CLOCK_FILES], secrets: ['*'] },
    connections: DEFAULT_CONNECTIONS,
  };
}

/**
 * Reads the place of data as the operator writes it.
 *
 * @param written default `/srv/kombinator`; `none`: there is none
 */
export function readDataDirectory(written = DEFAULT_DATA_DIRECTORY): string | null {
  return written === 'none' ? null : written.replace(/(.)\/+$/, '$1');
}

/** The policy by which whoever pushes may do what the daemon may. */
export const OPEN_POLICY: OperatorPolicy = {
  everything: true,
  dataDirectory: DEFAULT_DATA_DIRECTORY,
  allow: {},
  stacks: [],
  targets: new Map(),
  connections: [],
  keyFiles: [],
  registries: [],
  credentials: [],
};

/** The needs of a stack that nobody has allowed it. */
export function missingGrants<N extends Need>(
  policy: OperatorPolicy,
  stack: string,
  needs: readonly N[],
): readonly N[] {
  if (policy.everything || needs.length === 0) return [];
  const own = policy.stacks.filter(({ stacks }) => matches(stacks, stack)).map(({ grants }) => grants);
  return needs.filter(
    ({ grant, value }) =>
      ![policy.allow, ...own].some((grants) =>
        (grants[grant] ?? []).some((pattern) => covers(grant, pattern, value)),
      ),
  );
}

function covers(grant: GrantName, pattern: string, value: string): boolean {
  if (pattern === '*') return true;
  if (grant === 'binds') return coversBind(pattern, value);
  if (grant === 'devices') return matches(pattern, value) || isBelow(value, pattern);
  return matches(pattern, value);
}

const READ_ONLY = ':ro';

function coversBind(pattern: string, value: string): boolean {
  const onlyRead = pattern.endsWith(READ_ONLY);
  const allowed = onlyRead ? pattern.slice(0, -READ_ONLY.length) : pattern;
  const wanted = value.endsWith(READ_ONLY) ? value.slice(0, -READ_ONLY.length) : value;
  return (!onlyRead || value.endsWith(READ_ONLY)) && (allowed === '/' || isSamePath(allowed, wanted));
}

/** `*` stands for (a part of) one name. */
function isSamePath(pattern: string, path: string): boolean {
  const names = path.split('/');
  const patterns = pattern.replace(/(.)\/+$/, '$1').split('/');
  return patterns.length === names.length && patterns.every((one, index) => matches(one, names[index] ?? ''));
}

/** The path itself counts, too. */
export function isBelow(path: string, directory: string): boolean {
  const base = directory.replace(/\/+$/, '');
  return path === directory || path === base || path.startsWith(`${base}/`);
}

/**
 * Tells whether a line can allow this and nothing else. A `*` of the author's would stand for anything in the operator's list, but for one in a rule for devices, where it
 * means the same; and whoever reads a line has to see what it says.
 */
export function canBeAllowed({ grant, value }: Need): boolean {
  if (FLAGS.includes(grant)) return true;
  const isRule = grant === 'devices' && /^[abc] [\d*]+:[\d*]+ [rwm]+$/.test(value);
  return isRule || !/[*\p{C}\p{Zl}\p{Zp}]/u.test(value);
}

/** The line of the operator's configuration that allows it: `binds: [/var/run/docker.sock]`. */
export function grantLine({ grant, value }: Need): string {
  return FLAGS.includes(grant) ? `${grant}: true` : `${grant}: [${quote(value)}]`;
}

/** A plain scalar where YAML takes one inside of a list. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_/.][A-Za-z0-9_/.@%+=-]*(?::[A-Za-z0-9_/.]+)*$/.test(text) && !/^[0-9.]+$/.test(text)
    ? text
    : JSON.stringify(text);
}

/** Tells whether a stack may use a target of the operator's, or one that the operator does not know. */
export function mayUse({ targets }: OperatorPolicy, key: string, stack: string): boolean {
  const stacks = targets.get(key)?.stacks;
  return stacks === undefined || stacks.some((pattern) => matches(pattern, stack));
}

/** Everything that a repository asks for and the operator has not allowed. */
export interface AskedFor {
  /** Needs by stack. */
  readonly stacks: ReadonlyMap<string, readonly Need[]>;
  /** Connections that the files of nodes and clusters give, by the names of these. */
  readonly targets: readonly TargetReference[];
  /** The addresses that are allowed, with those that stand in single stacks; empty when none is missing. */
  readonly connections: readonly string[];
  readonly keyFiles: readonly string[];
  /** Hosts that `kombinator.yaml` has credentials for. */
  readonly registries: readonly string[];
}

const DOES: Readonly<Record<GrantName, (value: string) => string>> = {
  privileged: () => 'runs privileged',
  hostNamespaces: (value) => `uses the ${value} namespace of the machine`,
  capabilities: (value) => `has the capability ${value}`,
  devices: (value) => `uses the device ${value}`,
  unconfined: (value) => `loosens what confines it (${value})`,
  binds: (value) => `mounts ${value} of the machine`,
  otherContainers: (value) => `shares with the container ${value}, which is none of the stack's`,
  adopts: (value) => `takes over the Compose project ${value}`,
  secrets: (value) => `uses secret://${value}`,
};

/** `runs privileged`, `mounts /srv of the machine`: what whoever has the need does. */
export function describeNeed({ grant, value }: Need): string {
  return DOES[grant](value);
}
