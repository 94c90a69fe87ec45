import type { LimitRange, ResourceQuota } from '../../pods/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InstanceBackend } from '../../ports/instance-backend.ts';
import type { InstanceRecords } from '../../ports/instance-records.ts';
import type { Logger } from '../../ports/logger.ts';
import type { InstanceTable } from './instance-table.ts';
import type { NodePorts } from './node-ports.ts';

/** Settings that the operator decides. Times are milliseconds. */
export interface InstanceSettings {
  readonly namespace: string;
  readonly ttlMs: number;
  readonly passMs: number;
  readonly nodePorts: { readonly min: number; readonly max: number };
  readonly portLockMs: number;
  readonly schedulingTimeoutMs: number;
  /** Time for which what belongs to nobody is left alone. */
  readonly orphanGraceMs: number;
  /** Time for which ended batch deletes can be asked for. */
  readonly keepJobsMs: number;
  /** Instances that are made, and removed, at the same time. */
  readonly createConcurrency: number;
  readonly deleteConcurrency: number;
  readonly limitRange: LimitRange;
  readonly quota: ResourceQuota;
}

export const DEFAULT_SETTINGS: InstanceSettings = {
  namespace: 'stacks',
  ttlMs: 2 * 3_600_000,
  passMs: 10_000,
  nodePorts: { min: 31_001, max: 32_767 },
  portLockMs: 30_000,
  schedulingTimeoutMs: 20_000,
  orphanGraceMs: 120_000,
  keepJobsMs: 7 * 24 * 3_600_000,
  createConcurrency: 4,
  deleteConcurrency: 8,
  limitRange: {},
  quota: {},
};

/** The things that every part of the instances works with. */
export interface InstanceContext {
  readonly settings: InstanceSettings;
  readonly backend: InstanceBackend;
  readonly records: InstanceRecords;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly table: InstanceTable;
  readonly ports: NodePorts;
  /** Aborts when nobody looks after instances any more. */
  readonly closing: AbortSignal;
  /** Ids that are being placed: what is seen of them is no orphan. */
  readonly placing: Set<string>;
  /** The nodes that there are; `null` until the backend has told. */
  nodes: ReadonlySet<string> | null;
}

/** 16 hex digits that nobody can guess from others. */
export function createHexId(): string {
  return (
    crypto.randomUUID().replaceAll('-', '').slice(0, 8) + crypto.randomUUID().replaceAll('-', '').slice(0, 8)
  );
}
