import type { ClusterNode } from '../../config/kombination/cluster-model.ts';
import type { Blueprint } from '../generate/blueprint.ts';
import type { RegistrySecret } from './registry-secret.ts';
import type { SecretBook } from './service-secrets.ts';

/** The sources that the objects of a stack on one cluster are made with. */
export interface ObjectsContext {
  readonly blueprint: Blueprint;
  readonly cluster: ClusterNode;
  readonly book: SecretBook;
  readonly notes: string[];
  /** Changes with what a pod reads when it starts; left out: nothing is said of it. */
  readonly digestOf?: (keys: ReadonlySet<string>) => string;
  /** Secret with the credentials of registries; left out: nobody has any. */
  readonly registrySecret?: RegistrySecret;
}
