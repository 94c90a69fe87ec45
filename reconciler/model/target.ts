import type { JsonObject } from '../base/json.ts';
import { canonicalJson } from '../base/json.ts';

/** Way to reach an engine. Credentials are paths or secret references, never values. */
export type DockerConnection =
  /** The engine of this machine: `DOCKER_HOST` when set, else the default socket. */
  | { readonly type: 'local' }
  | { readonly type: 'unix'; readonly path: string }
  | {
      readonly type: 'tcp';
      readonly host: string;
      /** Default 2376 with TLS, 2375 without. */
      readonly port: number;
      /** Paths on the control host. Without it the connection is not encrypted. */
      readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
    }
  | {
      readonly type: 'ssh';
      readonly host: string;
      /** Default 22. */
      readonly port: number;
      /** Default root. */
      readonly user: string;
      /** Path of the private key on the control host; without it the ssh agent is asked. */
      readonly keyPath?: string;
    };

/** Way to reach a Kubernetes cluster. Credentials are absolute paths or secret references, never values. */
export type KubernetesConnection =
  | {
      readonly type: 'kubeconfig';
      /** Path on the control host, or a secret reference to its content. */
      readonly source: string;
      /** Default: the current context. */
      readonly context?: string;
      /** Programs that it names for credentials may be run. Default false. */
      readonly exec?: true;
      /** Address of the server, for one that was given over the API: its source is an entry of the vault. */
      readonly address?: string;
      /** Counts how often its credentials were given. */
      readonly generation?: number;
    }
  | {
      readonly type: 'server';
      readonly url: string;
      /** Path or secret reference. Default: the authorities of the system. */
      readonly ca?: string;
      /** Secret reference. */
      readonly token?: string;
      /** Secret references. */
      readonly client?: { readonly certificate: string; readonly key: string };
    }
  /** The cluster that this process runs in. */
  | { readonly type: 'in-cluster' };

export interface DockerReference {
  readonly name: string;
  readonly kind: 'docker';
  readonly connection: DockerConnection;
}

export interface KubernetesReference {
  readonly name: string;
  readonly kind: 'kubernetes';
  readonly connection: KubernetesConnection;
}

/** A place of a kind that was registered, see node-kind.ts. */
export interface ExtensionReference {
  readonly name: string;
  readonly kind: 'extension';
  /** The word of its kind. */
  readonly type: string;
  /** Address of the connection, as the kind has it. */
  readonly address: string;
  readonly connection: JsonObject;
}

/** A node of a stack (its name inside the stack) and the engine, cluster or other place behind it. */
export type TargetReference = DockerReference | KubernetesReference | ExtensionReference;

/** Changes with anything that decides how an engine is reached, the paths of credentials included. */
export function connectionKey(reference: TargetReference): string {
  if (reference.kind !== 'docker') return `${targetKey(reference)} ${canonicalJson(reference.connection)}`;
  const { connection } = reference;
  const credentials =
    connection.type === 'ssh' ? connection.keyPath : connection.type === 'tcp' ? connection.tls : undefined;
  return credentials === undefined
    ? targetKey(reference)
    : `${targetKey(reference)} ${JSON.stringify(credentials, credentialKeys(credentials))}`;
}

function credentialKeys(credentials: string | object): string[] {
  return typeof credentials === 'string' ? [] : Object.keys(credentials).sort();
}

/** One string per engine: two nodes with the same key are the same machine. */
export function targetKey(reference: TargetReference): string {
  switch (reference.kind) {
    case 'docker':
      return dockerKey(reference.connection);
    case 'kubernetes':
      return clusterKey(reference.connection);
    case 'extension':
      return `${reference.type}:${reference.address}`;
    default:
      return reference satisfies never;
  }
}

function clusterKey(connection: KubernetesConnection): string {
  switch (connection.type) {
    case 'kubeconfig': {
      if (connection.address !== undefined) return `kubernetes:${connection.address}`;
      const context = connection.context === undefined ? '' : `#${connection.context}`;
      return `kubernetes:${connection.source}${context}`;
    }
    case 'server':
      return `kubernetes:${connection.url}`;
    case 'in-cluster':
      return 'kubernetes:in-cluster';
    default:
      return connection satisfies never;
  }
}

function dockerKey(connection: DockerConnection): string {
  switch (connection.type) {
    case 'local':
      return 'docker:local';
    case 'unix':
      return `docker:unix://${connection.path}`;
    case 'tcp':
      return `docker:${connection.tls ? 'tls' : 'tcp'}://${connection.host}:${connection.port}`;
    case 'ssh':
      return `docker:ssh://${connection.user}@${connection.host}:${connection.port}`;
    default:
      return connection satisfies never;
  }
}
