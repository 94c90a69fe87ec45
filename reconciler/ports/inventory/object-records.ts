import type { JsonObject } from '../../base/json.ts';
import type { ObjectStatus } from './inventory.ts';

export const OBJECT_ACTIONS = ['created', 'updated', 'deleted', 'scaled', 'restarted'] as const;
export type ObjectAction = (typeof OBJECT_ACTIONS)[number];

/** Something that was seen to happen to an object of the inventory. */
export interface ObjectHistoryEntry {
  /** Id of the object. */
  readonly object: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: ObjectAction;
  /** `null` for a new one. */
  readonly before: ObjectStatus | null;
  readonly after: ObjectStatus;
  /** Text for people; holds no secret. */
  readonly message: string;
  /** `{ replicas: { from: 1, to: 2 } }` */
  readonly changes: JsonObject;
}

/** Note of one user about an object, for that user alone. */
export interface ObjectNote {
  /** Id of the object; it may be gone by now. */
  readonly object: string;
  readonly tags: readonly string[];
  readonly notes: string;
  readonly isFavorite: boolean;
}

/** Memory of objects of the inventory. Part of the store: it throws as the store does. */
export interface ObjectRecords {
  /** @param keep entries of one object that are kept, the newest */
  noteObjects(entries: readonly ObjectHistoryEntry[], keep: number): void;
  /** Lists what has happened to an object, the newest first. */
  listObjectHistory(object: string): readonly ObjectHistoryEntry[];
  /** Drops entries before a time, and the oldest of more than so many. */
  pruneObjectHistory(before: number, max: number): void;
  /** Lists notes of one user by object. */
  listObjectNotes(user: string): readonly ObjectNote[];
  getObjectNote(user: string, object: string): ObjectNote | undefined;
  /** Keeps a note in place of the one before; one that says nothing is dropped. */
  saveObjectNote(user: string, note: ObjectNote): void;
}
