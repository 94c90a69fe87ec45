import type { RegistrySetting } from './registry.ts';
import type { KubernetesConnection, TargetReference } from './target.ts';

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
  /** Nothing is asked for: whoever pushes may do what the daemon may. */
  readonly everything: boolean;
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
}

/** Binds that are harmless, and that many images ask for. */
const CLOCK_FILES = ['/etc/localtime:ro', '/etc/timezone:ro', '/usr/share/zoneinfo:ro'];

export const DEFAULT_DATA_DIRECTORY = '/srv/kombinator';

/** Addresses that a repository may give its nodes where the operator does not list any: ssh, with the agent. The engine of this machine is everybody's. */
const DEFAULT_CONNECTIONS: readonly string[] = ['ssh://*'];

/**
 * Returns what authors may do where the operator says nothing: their own containers, and data below one directory.
 *
 * @param dataDirectory `none`: there is none
 */
export function homePolicy(dataDirectory = DEFAULT_DATA_DIRECTORY): OperatorPolicy {
  // A directory further down may be a link that a container has put there, and the engine follows it.
  const data = dataDirectory === 'none' ? [] : [`${dataDirectory.replace(/\/+$/, '')}/*`];
  return {
    ...OPEN_POLICY,
    everything: false,
    allow: { binds: [...data, ...CLOCK_FILES], secrets: ['*'] },
    connections: DEFAULT_CONNECTIONS,
  };
}

/** The policy by which whoever pushes may do what the daemon may. */
export const OPEN_POLICY: OperatorPolicy = {
  everything: true,
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

/** `*` stands for any number of characters, and nothing else means anything. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > text.length - last.length) return false;
    at = found + part.length;
  }
  return true;
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

/** A connection that a repository may not have: why, and what the operator can do about it. */
export interface RefusedConnection {
  readonly message: string;
  readonly hint: string;
  /** Entries of `policy.allow` that would allow it. */
  readonly allow: { readonly connections?: readonly string[]; readonly keyFiles?: readonly string[] };
}

const LOCAL_SOCKETS = ['/var/run/docker.sock', '/run/docker.sock'];

/** Holds a connection that a repository gives against the policy. */
export function refusedConnection(
  policy: OperatorPolicy,
  reference: TargetReference,
): RefusedConnection | undefined {
  if (policy.everything || reference.kind === 'extension') return undefined;
  return reference.kind === 'docker'
    ? refusedEngine(policy, reference)
    : refusedCluster(policy, reference.name, reference.connection);
}

function refusedEngine(
  policy: OperatorPolicy,
  { name, connection }: Extract<TargetReference, { kind: 'docker' }>,
): RefusedConnection | undefined {
  const files: readonly (string | undefined)[] =
    connection.type === 'ssh'
      ? [connection.keyPath]
      : connection.type === 'tcp'
        ? [connection.tls?.ca, connection.tls?.cert, connection.tls?.key]
        : [];
  const refused = files.filter((path) => path !== undefined && !isKeyFile(policy, path));
  if (isFilled(refused)) return refusedFile(refused, `engines: { ${quote(name)}: { … } }`);
  const address = engineAddress(connection);
  // An engine whose certificates are allowed is allowed itself.
  const isKnown = connection.type === 'tcp' && connection.tls !== undefined;
  return isKnown || address === 'localhost' || isAllowed(policy, address)
    ? undefined
    : refusedAddress(policy, address, 'engines', name);
}

function engineAddress(connection: Extract<TargetReference, { kind: 'docker' }>['connection']): string {
  switch (connection.type) {
    case 'local':
      return 'localhost';
    case 'unix':
      return LOCAL_SOCKETS.includes(connection.path) ? 'localhost' : `unix://${connection.path}`;
    case 'tcp':
      return `tcp://${connection.host}:${connection.port}`;
    case 'ssh':
      return `ssh://${connection.user}@${connection.host}:${connection.port}`;
    default:
      return connection satisfies never;
  }
}

function refusedCluster(
  policy: OperatorPolicy,
  name: string,
  connection: KubernetesConnection,
): RefusedConnection | undefined {
  switch (connection.type) {
    case 'in-cluster':
      return isAllowed(policy, 'in-cluster')
        ? undefined
        : refusedAddress(policy, 'in-cluster', 'clusters', name);
    case 'kubeconfig': {
      const { source } = connection;
      if (isKeyFile(policy, source) || isAllowed(policy, source)) return undefined;
      return source.startsWith('secret://')
        ? refusedAddress(policy, source, 'clusters', name)
        : refusedFile([source], `clusters: { ${quote(name)}: { kubeconfig: ${quote(source)} } }`);
    }
    case 'server': {
      const files = [connection.ca, connection.client?.certificate, connection.client?.key];
      const refused = files.filter(
        (path) => path !== undefined && !path.startsWith('secret://') && !isKeyFile(policy, path),
      );
      if (isFilled(refused)) return refusedFile(refused, `clusters: { ${quote(name)}: { … } }`);
      return isAllowed(policy, connection.url)
        ? undefined
        : refusedAddress(policy, connection.url, 'clusters', name);
    }
    default:
      return connection satisfies never;
  }
}

function isAllowed({ connections }: OperatorPolicy, address: string): boolean {
  return connections.some((pattern) => matchesAddress(pattern, address));
}

/** `*` stands for a part of a host name, a port or a path; behind `://` for all of it. */
function matchesAddress(pattern: string, address: string): boolean {
  if (pattern.endsWith('://*')) return address.startsWith(pattern.slice(0, -1));
  const parts = /[./:@]/;
  const [patterns, given] = [pattern.split(parts), address.split(parts)];
  const signs = (text: string): string => text.replaceAll(/[^./:@]/g, '');
  return (
    signs(pattern) === signs(address) && patterns.every((one, index) => matches(one, given[index] ?? ''))
  );
}

function isKeyFile({ keyFiles }: OperatorPolicy, path: string): boolean {
  return !path.split('/').includes('..') && keyFiles.some((directory) => isBelow(path, directory));
}

type Filled = readonly [string, ...string[]];

function isFilled(paths: readonly (string | undefined)[]): paths is Filled {
  return paths.length > 0;
}

function refusedFile(paths: Filled, definition: string): RefusedConnection {
  const files = paths.map(quote).join(', ');
  return {
    message: `a repository may not name ${paths[0]}, a file of the machine that Kombinator runs on`,
    hint: `define it in the operator's configuration: ${definition}, or allow the file there: policy: { allow: { keyFiles: [${files}] } }`,
    allow: { keyFiles: paths },
  };
}

function refusedAddress(
  { connections }: OperatorPolicy,
  address: string,
  kind: string,
  name: string,
): RefusedConnection {
  const list = [...connections, address].map(quote).join(', ');
  return {
    message: `a repository may not choose the address ${address}`,
    hint: `define it in the operator's configuration: ${kind}: { ${quote(name)}: { … } }, or allow it there: policy: { allow: { connections: [${list}] } }`,
    allow: { connections: [address] },
  };
}

/** The connection as a repository may use it: where everything is allowed, so are the programs of its kubeconfigs. */
export function withPrograms({ everything }: OperatorPolicy, reference: TargetReference): TargetReference {
  if (!everything || reference.kind !== 'kubernetes' || reference.connection.type !== 'kubeconfig')
    return reference;
  return { ...reference, connection: { ...reference.connection, exec: true } };
}

/** Tells whether credentials that a repository names for a registry are used. */
export function mayNameRegistry(
  { everything, registries, credentials }: OperatorPolicy,
  host: string,
): boolean {
  if (credentials.some((own) => own.host === host)) return false;
  return everything || registries.some((pattern) => matches(pattern, host));
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
