import { isBelow, DEFAULT_CONNECTIONS, quote } from './operator-policy.ts';
import type { OperatorPolicy } from './operator-policy.ts';
import { findByHost } from './registry.ts';
import type { DockerReference, KubernetesConnection, TargetReference } from './target.ts';
import { targetKey } from './target.ts';
import { matches } from './wildcard.ts';

/* The addresses that a repository may have its targets at, and what it may give to them. */

/** A connection that a repository may not have: why, and what the operator can do about it. */
export interface RefusedConnection {
  readonly message: string;
  readonly hint: string;
  /** Entries of `policy.allow` that would allow it. */
  readonly allow: { readonly connections?: readonly string[]; readonly keyFiles?: readonly string[] };
}

/** Addresses of this machine's engine. */
const LOCAL = ['local', 'unix:///var/run/docker.sock', 'unix:///run/docker.sock'];

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

function refusedEngine(policy: OperatorPolicy, reference: DockerReference): RefusedConnection | undefined {
  const { name, connection } = reference;
  const files: readonly (string | undefined)[] =
    connection.type === 'ssh'
      ? [connection.keyPath]
      : connection.type === 'tcp'
        ? [connection.tls?.ca, connection.tls?.cert, connection.tls?.key]
        : [];
  const refused = files.filter((path) => path !== undefined && !isKeyFile(policy, path));
  if (isFilled(refused)) return refusedFile(refused, `engines: { ${quote(name)}: { … } }`);
  const address = addressOf(reference);
  // An engine whose certificates are allowed is allowed itself.
  const isKnown = connection.type === 'tcp' && connection.tls !== undefined;
  return isKnown || address === 'localhost' || isAllowed(policy, address)
    ? undefined
    : refusedAddress(policy, address, 'engines', name);
}

/** `localhost`, or the address as plans and `status` have it. */
function addressOf(reference: DockerReference): string {
  const address = targetKey(reference).slice('docker:'.length);
  return LOCAL.includes(address) ? 'localhost' : address;
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
  // These end the host of an address early, or stand for other signs: only the very same address is meant then.
  if (/[\\?#%\s]/.test(address)) return pattern === address;
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
  // A list replaces the one in force, which is the operator's own to see.
  const others =
    connections === DEFAULT_CONNECTIONS ? connections.map(quote) : connections.length > 0 ? ['…'] : [];
  const list = [...others, quote(address)].join(', ');
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
  if (findByHost(host, credentials) !== undefined) return false;
  return everything || registries.some((pattern) => matches(pattern, host));
}
