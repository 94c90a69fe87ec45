import type { GivenPort } from '../pods/pod-spec.ts';
import type { Instance, InstanceStatus } from '../pods/instance.ts';
import type { InstanceLogLine } from '../ports/instance-backend.ts';
import type { BatchDeleteRecord } from '../ports/instance-records.ts';

export type { InstanceLogLine } from '../ports/instance-backend.ts';

export interface CreateInstanceRequest {
  /** YAML of one Pod. */
  readonly podSpec: string;
  readonly targetPorts: readonly GivenPort[];
}

export interface InstanceStats {
  readonly total: number;
  /** Being created, or running. */
  readonly active: number;
  /** Instances by node, nodes sorted. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Ports that are taken, with those that are locked for instances that are being placed. */
  readonly nodePorts: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

export interface BatchDelete extends BatchDeleteRecord {
  /** The first 100 failures; each text at most 512 characters and `...`. */
  readonly errors: readonly { readonly instance: string; readonly error: string }[];
}

/**
 * Short-lived pods that somebody asked for over the API: their description is a row of the store, and they end by themselves. Reading costs
 * no question to the place they run at: what is there is watched.
 */
export interface Instances extends AsyncDisposable {
  /** Begins to look after what the store knows, and goes on with what was interrupted. */
  start(): void;
  /**
   * Resolves once it has a node. It is carried through when whoever asked goes away.
   * Throws INVALID_POD_SPEC, INVALID_INPUT, CLUSTER_SATURATED, NO_NODE_PORT.
   */
  create(request: CreateInstanceRequest): Promise<Instance>;
  /** Lists instances by creation; without a page, all of them. */
  list(page?: { readonly offset: number; readonly limit: number }): readonly Instance[];
  /** Throws UNKNOWN_INSTANCE. */
  get(id: string): Instance;
  /** The last lines of each of its containers, oldest first. Throws UNKNOWN_INSTANCE. */
  logs(id: string, tail: number, signal: AbortSignal): Promise<readonly InstanceLogLine[]>;
  /** Removes it at once. What cannot be removed where it ran is removed later. Throws UNKNOWN_INSTANCE. */
  delete(id: string): Promise<void>;
  stats(): InstanceStats;
  countByStatus(): ReadonlyMap<InstanceStatus, number>;
  /** Deletes many, also across a restart of this process. */
  deleteBatch(ids: readonly string[]): BatchDelete;
  /** Throws UNKNOWN_JOB. */
  getBatchDelete(id: string): BatchDelete;
  /** One round of the scheduler: what has expired, what belongs to nobody. Happens by itself. */
  pass(): Promise<void>;
}
