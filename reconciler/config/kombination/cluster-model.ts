/** A node of a stack that is a Kubernetes cluster. */
export interface ClusterNode {
  /** `clusters/<cluster>.yaml`. Default: the name of the node. */
  readonly cluster: string;
  /** Default: the name of the stack. */
  readonly namespace?: string;
  readonly publish: PublishMode;
  /** Class of claims. Default: that of the cluster. */
  readonly storageClass?: string;
  /** Class of ingresses. Default: that of the cluster. */
  readonly ingressClass?: string;
  /** Secrets of the namespace that hold credentials of registries. */
  readonly pullSecrets: readonly string[];
}

/** Way in which ports that services publish are reached from outside of a cluster. */
export type PublishMode = 'none' | 'node-port' | 'load-balancer';
