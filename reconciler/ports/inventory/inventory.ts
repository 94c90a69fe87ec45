import type { JsonObject } from '../../base/json.ts';

export const OBJECT_STATUSES = [
  'running',
  'pending',
  'failed',
  'completed',
  'warning',
  'unknown',
  'deleted',
] as const;
export type ObjectStatus = (typeof OBJECT_STATUSES)[number];

/** An owner as Kubernetes has it. */
export interface ObjectOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
}

/** An object on a target as it was told of last. Holds no value of a secret. */
export interface SeenObject {
  /** Name that no other object on the target ever has; an engine's id. */
  readonly uid: string;
  /** Differs after each change. */
  readonly version: string;
  /** `apps/v1`; blank on engines. */
  readonly apiVersion: string;
  /** `Deployment`, `Pod`; `container`, `network`, `volume`. */
  readonly kind: string;
  /** `null`: it belongs to none. */
  readonly namespace: string | null;
  readonly name: string;
  /** Stack that it belongs to, by itself or by its owners; `null`: to none. */
  readonly stack: string | null;
  readonly status: ObjectStatus;
  /** Reason for the status, for people. */
  readonly message: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly ObjectOwner[];
  /** ISO 8601; `null`: nobody knows. */
  readonly createdAt: string | null;
  readonly generation: number | null;
  /**
   * Facts worth knowing of its kind, flat: `replicas`, `readyReplicas`, `nodeName`, `containers`, … Names of Kubernetes' own, where it has one.
   */
  readonly facts: JsonObject;
}

/** Something that a cluster says has happened to an object. */
export interface ObjectEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  /** ISO 8601; `''`: nobody knows. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly source: string;
}

export interface InventorySink {
  /**
   * Everything that is there. An object that has not changed is the same value as in the list before. Comes once at the beginning, when all is
   * known, and after changes, in bursts of which one list is left.
   */
  told(objects: readonly SeenObject[]): void;
  /** Nothing can be told at the moment; it is tried again. */
  failed(error: unknown): void;
}

/** Tells what is there of all stacks together, with what belongs to it: pods, jobs of schedules, nodes. */
export interface KeepsInventory {
  /** Tells until the signal aborts; connects again by itself. */
  inventory(sink: InventorySink, signal: AbortSignal): Promise<void>;
  /** Returns what is known to have happened to an object, the newest first; asks nobody. */
  eventsOf(uid: string): readonly ObjectEvent[];
}
