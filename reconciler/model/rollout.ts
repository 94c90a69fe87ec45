/* The rules by which several containers of one service are replaced, in the words of Compose's `update_config` and `rollback_config`. */

/** The rules that may be given; left out: see `DEFAULT_ROLLOUT`. */
export interface RolloutModel {
  /** Containers replaced at the same time; 0 is all of them. */
  readonly parallelism?: number;
  /** Pause between one batch and the next. */
  readonly delayMs?: number;
  /** `start-first` runs the new container beside the old one until it is healthy. */
  readonly order?: RolloutOrder;
  /** Consequence for the rest when a container does not get healthy. */
  readonly failureAction?: FailureAction;
  /** Time for which a healthy new container is watched before it counts. */
  readonly monitorMs?: number;
  /** Share of containers, 0 to 1, that may fail before it counts as a failure. */
  readonly maxFailureRatio?: number;
}

export type RolloutOrder = 'stop-first' | 'start-first';
export type FailureAction = 'pause' | 'continue' | 'rollback';

/** A type alias: it is part of plans, which are JSON. */
export type RollbackRule = {
  /** Containers put back at the same time; 0 is all of them. */
  readonly parallelism: number;
  readonly delayMs: number;
  /** `pause` leaves the rest as it is when one cannot be put back. */
  readonly failureAction: 'pause' | 'continue';
};

/** The facts about the others that one replaced container of several has to know. */
export type RolloutRule = {
  /** `node/service`: those of one group are replaced in batches. */
  readonly group: string;
  /** Number of the replica, from 1. */
  readonly number: number;
  readonly parallelism: number;
  readonly delayMs: number;
  readonly order: RolloutOrder;
  readonly failureAction: FailureAction;
  readonly monitorMs: number;
  /** Failures that change nothing. */
  readonly tolerates: number;
  readonly rollback: RollbackRule;
};

/** The defaults that Compose and Swarm have. */
export const DEFAULT_ROLLOUT = {
  parallelism: 1,
  delayMs: 0,
  order: 'stop-first',
  failureAction: 'pause',
  monitorMs: 0,
  maxFailureRatio: 0,
} as const satisfies RolloutModel;

/** Name of a replica inside the stack: the service's own for the first, `web#2` for the second. */
export function replicaName(service: string, number: number): string {
  return number === 1 ? service : `${service}#${number}`;
}

/** 1 for everything that is not called like a replica. */
export function replicaNumber(name: string): number {
  return Number(/#(\d+)$/.exec(name)?.[1] ?? 1);
}

/** `1` to `count`. */
export function replicaNumbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
