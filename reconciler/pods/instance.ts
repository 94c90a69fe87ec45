import type { JsonObject } from '../base/json.ts';

export type PortProtocol = 'TCP' | 'UDP';

/** A port of the pod that is to be reached from outside. */
export interface TargetPort {
  readonly containerPort: number;
  readonly protocol: PortProtocol;
}

export interface InstancePort extends TargetPort {
  /** Port at which it is reached on the node. */
  readonly nodePort: number;
}

/** A client's wish for an instance, checked and made safe. */
export interface InstanceDesign {
  /** The Pod, with everything that is forced on it; its name is still the client's. */
  readonly pod: JsonObject;
  /** The same as text, as it is answered. */
  readonly podSpec: string;
  readonly ports: readonly TargetPort[];
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/**
 * - `creating` placed, and not all of it runs
 * - `running`, `stopped` (ended by itself, well), `failed` as its containers are
 * - `node_deleted` where it ran is not there any more
 */
export type InstanceStatus = 'creating' | 'running' | 'stopped' | 'failed' | 'node_deleted';

/** A short-lived pod that somebody asked for over the API. Times are milliseconds since the epoch. */
export interface Instance {
  /** `stack-` and 16 hex digits. */
  readonly id: string;
  /** Name of its pod: the id, or `<id>-retry-1`. */
  readonly podId: string;
  readonly namespace: string;
  readonly serviceName: string;
  readonly nodeId: string;
  readonly nodePublicIp: string | null;
  readonly pod: JsonObject;
  readonly podSpec: string;
  readonly ports: readonly InstancePort[];
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly status: InstanceStatus;
  /** Reason that it is being created still, or has failed; `null` when there is nothing to say. */
  readonly message: string | null;
  /** Everything it consists of was made once: what is missing since then was taken away. */
  readonly ready: boolean;
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
