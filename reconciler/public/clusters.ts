import type { ConnectionCheck, ConnectionStatus } from '../ports/connection-log.ts';
import type { TargetMeasures } from '../ports/inventory/measures.ts';
import type { TargetFacts } from '../ports/target-capabilities.ts';
import type { Actor } from './views.ts';

export interface ClusterView {
  /** 24 hex digits, derived from the name. */
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  /** Address of the API server; where it is not known, how it is reached. */
  readonly server: string;
  readonly authType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isDefault: boolean;
  /** Result of the last look; `unknown`: there was none. */
  readonly status: ConnectionStatus | 'unknown';
  readonly message: string | null;
  /** ISO 8601. */
  readonly lastCheck: string | null;
  /** Facts of the last look that went well, since the start of the process. */
  readonly facts: TargetFacts | null;
}

export interface ClusterChanges {
  readonly displayName?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly server?: string;
  /** `kubeconfig`, `serviceaccount`, `token` or `certificate`. */
  readonly authType?: string;
  /**
   * Values by the type: kubeconfig `kubeconfig`, `context`; serviceaccount, token `token`; certificate `clientCertData`, `clientKeyData`; all but the
   * first `caData`.
   */
  readonly credentials?: object;
}

export interface NewCluster extends ClusterChanges {
  readonly name: string;
  readonly authType: string;
  readonly credentials: object;
}

/** Load of a cluster, at a time (ISO 8601). */
export interface ClusterMeasures extends TargetMeasures {
  readonly at: string;
}

/**
 * Clusters of `clusters/<name>.yaml` and of the operator's configuration. Writes are commits; credentials go into the vault, for their address alone.
 * Whoever lets a write through checks that an operator asks. Writes throw BAD_OPTIONS, INVALID_CONFIGURATION, WRITE_CONFLICT, UNKNOWN_CLUSTER.
 */
export interface ClusterOperations {
  listClusters(): readonly ClusterView[];
  /** Throws UNKNOWN_CLUSTER. */
  getCluster(name: string): ClusterView;
  /** Throws CLUSTER_EXISTS. It is looked at before this returns, for at most ten seconds; a look that fails is noted. */
  addCluster(cluster: NewCluster, actor: Actor, signal: AbortSignal): Promise<ClusterView>;
  /** New credentials are tried first: throws what a look throws when they are no good. */
  updateCluster(
    name: string,
    changes: ClusterChanges,
    actor: Actor,
    signal: AbortSignal,
  ): Promise<ClusterView>;
  /** Throws CLUSTER_IN_USE while stacks name it. */
  removeCluster(name: string, actor: Actor, signal: AbortSignal): Promise<void>;
  chooseCluster(name: string, actor: Actor, signal: AbortSignal): Promise<ClusterView>;
  /** Asks the cluster. Throws TARGET_UNREACHABLE, TARGET_ERROR, SECRET_NOT_FOUND. */
  testCluster(name: string, signal: AbortSignal): Promise<ClusterView>;
  /** Asks the cluster, once in thirty seconds. Throws UNKNOWN_CLUSTER, and what `testCluster` throws. */
  measureCluster(name: string): Promise<ClusterMeasures>;
  /** Looks of the last day, the newest first. */
  listClusterChecks(name: string, limit: number): readonly ConnectionCheck[];
}
