import type { ApiClient } from '../api/client.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Clock } from '../../../ports/clock.ts';
export interface ClusterInstancesOptions {
  readonly client: ApiClient;
  /** The installation that what is made belongs to. Asked when it is first needed. */
  readonly owner: () => string;
  readonly namespace: string;
  /** Value of the label `role` of nodes that instances may run on; empty: any. */
  readonly nodeRole: string;
  /** Told as the address of every node. Default: the node's own ExternalIP. */
  readonly publicIp?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}
