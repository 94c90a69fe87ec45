import type { ObjectHistoryEntry, ObjectNote } from '../ports/inventory/object-records.ts';
import type { ObjectEvent, ObjectStatus, SeenObject } from '../ports/inventory/inventory.ts';

export type { ObjectEvent, ObjectOwner, ObjectStatus } from '../ports/inventory/inventory.ts';
export type { ObjectAction, ObjectHistoryEntry, ObjectNote } from '../ports/inventory/object-records.ts';

/** An object on a node or a cluster, as it was told of last. */
export interface ObjectView extends SeenObject {
  /** 24 hex digits; the same as long as it is called so and is where it is. */
  readonly id: string;
  /** Key of the engine or cluster: `kubernetes:https://…`, `docker:local`. */
  readonly place: string;
  /** Name of the node or the cluster. */
  readonly node: string;
  /** ISO 8601, since the start of the process. */
  readonly firstSeenAt: string;
  /** Time of its last change, ISO 8601. */
  readonly lastSeenAt: string;
}

/** Member that objects are sorted by, from the least; where it is the same, by name. */
export type ObjectOrder = 'place' | 'name' | 'kind' | 'namespace' | 'node' | 'status' | 'created';

/** State of the inventory of a node or a cluster. */
export interface InventoryState {
  readonly node: string;
  readonly place: string;
  readonly objects: number;
  /** Reason why nothing is told at the moment; `null`: it is. */
  readonly error: string | null;
}

export interface ObjectDetail {
  readonly object: ObjectView;
  /** Things that the cluster says have happened to it, the newest first. */
  readonly events: readonly ObjectEvent[];
}

/** Pods and jobs that belong to an object, also by way of others. */
export interface ObjectChildren {
  readonly parent: ObjectView;
  readonly children: readonly ObjectView[];
}

export interface ObjectChange {
  readonly id: string;
  /** `null`: it is gone. */
  readonly object: ObjectView | null;
  readonly status: ObjectStatus;
}

/**
 * Objects on all nodes and clusters, of stacks and of what they have made. The inventory begins to be kept when it is first asked for, and is told by
 * watches from then on: reads cost no request.
 */
export interface InventoryOperations {
  /**
   * Resolves when each target has told what it has, or that it cannot. At once but for the first time, and then within five seconds.
   */
  openInventory(signal: AbortSignal): Promise<void>;
  /**
   * Returns every object; none before `openInventory`. The list stays the same value until something changes.
   *
   * @param order default `place`: by node, kind, namespace and name
   */
  listObjects(order?: ObjectOrder): readonly ObjectView[];
  /** Returns the objects of one stack; finding them costs no look through all of them. */
  objectsOfStack(stack: string): readonly ObjectView[];
  inventoryStates(): readonly InventoryState[];
  /** Throws UNKNOWN_OBJECT. */
  getObject(id: string): ObjectDetail;
  /** Pods of workloads, jobs of schedules. Throws UNKNOWN_OBJECT; BAD_OPTIONS for what has none by its kind. */
  childrenOfObject(id: string): ObjectChildren;
  /** Has everything looked at again; at most once in ten seconds. */
  refreshInventory(): void;
  /** Calls back for each change of one object until disposed of. Throws UNKNOWN_OBJECT. */
  followObject(id: string, listener: (change: ObjectChange) => void): Disposable;
  /** Lists what has happened to an object since the inventory is kept, the newest of thirty days first. */
  objectHistory(id: string): readonly ObjectHistoryEntry[];
  /** Lists what a user has noted of objects, by object. */
  listObjectNotes(user: string): readonly ObjectNote[];
  /** Keeps a note in place of the one before; a blank one is dropped. Throws UNKNOWN_OBJECT; BAD_OPTIONS for one that is too large. */
  noteObject(user: string, note: ObjectNote): void;
}
