import type { Instance } from '../pods/instance.ts';

/** One port of the range; a lock that nobody made good of ends by itself. */
export interface NodePortRecord {
  readonly port: number;
  readonly instance: string;
  /** Milliseconds since the epoch; `null`: it belongs to an instance that is there. */
  readonly lockedUntil: number | null;
}

/** `failed`: nothing but failures. One that could delete something, or found nothing to delete, is `completed`. */
export type BatchDeleteStatus = 'queued' | 'running' | 'completed' | 'failed';

export interface BatchDeleteRecord {
  readonly id: string;
  readonly status: BatchDeleteStatus;
  readonly total: number;
  readonly deleted: number;
  readonly notFound: number;
  readonly failed: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface BatchDeleteItem {
  readonly position: number;
  readonly instance: string;
}

export type BatchDeleteOutcome = 'deleted' | 'not_found' | 'failed';

export interface EndedItem extends BatchDeleteItem {
  readonly job: string;
  readonly outcome: BatchDeleteOutcome;
  /** Reason why it failed. */
  readonly error: string | null;
  readonly at: number;
}

/** Instances, the ports they have, and the jobs that delete many. Part of the store: it throws as the store does. */
export interface InstanceRecords {
  /** Writes the instance and makes its ports its own, as one. */
  saveInstance(instance: Instance): void;
  /** Lists instances by creation. */
  listInstances(): readonly Instance[];
  /** Takes the instance and its ports out, as one. */
  deleteInstance(id: string): void;
  /** Takes all of these ports or, when one of them is somebody's, none; a lock that has ended is nobody's. */
  lockNodePorts(
    ports: readonly number[],
    instance: string,
    time: { readonly now: number; readonly until: number },
  ): boolean;
  freeNodePorts(instance: string): void;
  listNodePorts(): readonly NodePortRecord[];
  /** Drops locks that have ended. */
  pruneNodePorts(now: number): void;
  /** A new job with all that it is about, as one. */
  createBatchDelete(job: BatchDeleteRecord, instances: readonly string[]): void;
  saveBatchDelete(id: string, status: BatchDeleteStatus, at: number): void;
  getBatchDelete(id: string): BatchDeleteRecord | undefined;
  /** Lists those that have not ended, by creation. */
  openBatchDeletes(): readonly BatchDeleteRecord[];
  /** Lists what a job has not got to yet. */
  openItems(job: string): readonly BatchDeleteItem[];
  /** The first failures of a job. */
  failedItems(job: string, limit: number): readonly { readonly instance: string; readonly error: string }[];
  /** Counts an item, and takes the instance out with `deleted`, as one: it is never counted twice. */
  endItem(item: EndedItem): void;
  /** Drops jobs that ended before this time. */
  pruneBatchDeletes(before: number): void;
}
