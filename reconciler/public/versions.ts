import type { Version } from '../model/version-tag.ts';
import type { Actor } from './views.ts';

export type { Version } from '../model/version-tag.ts';

/** Notes of people on a version; members that are left out stay as they are, of a new one blank. */
export interface VersionNotes {
  readonly name?: string;
  readonly label?: string;
  readonly description?: string;
}

export interface NewVersion extends VersionNotes {
  readonly stack: string;
  readonly actor: Actor;
  /** Default false. */
  readonly isAutomatic?: boolean;
  /** Job that deploys it. */
  readonly jobId?: string;
  readonly restoredFrom?: number;
}

/** Versions of the files that describe stacks: annotated tags, so they outlive the store. */
export interface VersionOperations {
  /** The newest first; none for a stack that has none. */
  listVersions(stack: string): Promise<readonly Version[]>;
  /** The document as it was written then. Throws UNKNOWN_TAG. */
  readVersion(stack: string, number: number, signal: AbortSignal): Promise<unknown>;
  /** Marks what the branch says now. Throws UNKNOWN_STACK, WRITE_CONFLICT when somebody was faster. */
  createVersion(version: NewVersion, signal: AbortSignal): Promise<Version>;
  /** Changes what is said of a version, never what it marks. Throws UNKNOWN_TAG, WRITE_CONFLICT. */
  editVersion(stack: string, number: number, notes: VersionNotes, signal: AbortSignal): Promise<Version>;
}
