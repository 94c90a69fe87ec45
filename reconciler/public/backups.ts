import type { DatabaseKind } from '../database/settings.ts';
import type { DatabaseReport } from '../database/status.ts';
import type { Job } from '../ports/store.ts';
import type { Actor, ServiceStatus } from './views.ts';

export interface DatabaseView extends DatabaseReport {
  readonly stack: string;
  readonly service: string;
  readonly node: string;
  readonly kind: DatabaseKind;
  readonly image: string;
  readonly status: ServiceStatus['health'];
  /** Reason why it does not tell more, `null` when it did. */
  readonly error: string | null;
}

/** One backup of one database server. */
export interface BackupView {
  readonly stack: string;
  readonly service: string;
  /** Name of the file. */
  readonly file: string;
  /** Directory or volume that it is in. */
  readonly location: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** When it was begun, ISO 8601. */
  readonly time: string;
  /** Made by itself, because something else was to be put in its place. */
  readonly beforeRestore: boolean;
}

export interface BackupList {
  /** Backups by stack and service, the newest first. */
  readonly backups: readonly BackupView[];
  /** Places that could not be looked through, and why: a volume of a container that does not run, say. */
  readonly failures: readonly {
    readonly stack: string;
    readonly service: string;
    readonly message: string;
  }[];
}

export interface BackupFilter {
  readonly stack?: string;
  readonly service?: string;
}

export interface BackupRequest {
  readonly stack: string;
  /** Default: what `backup.services` names, else every database of the stack. */
  readonly service?: string;
  readonly actor: Actor | null;
  readonly trigger: string;
}

export interface RestoreRequest {
  readonly stack: string;
  /** May be left out for a stack with one database. */
  readonly service?: string;
  /** Name of the file. Default: the newest that was not made before another restore. */
  readonly file?: string;
  /** Default true: what is there is backed up first. */
  readonly backupFirst?: boolean;
  readonly actor: Actor | null;
  readonly trigger: string;
}

/** Databases of stacks and their backups. */
export interface DataOperations {
  /** Every database server, found by its image or by what its service says, with what it says of itself; by stack and service. */
  databases(signal: AbortSignal, filter?: BackupFilter): Promise<readonly DatabaseView[]>;
  /** Also of stacks that are gone. */
  listBackups(filter: BackupFilter, signal: AbortSignal): Promise<BackupList>;
  /** Queues; the job ends later. Throws at once UNKNOWN_STACK, and BAD_OPTIONS when there is no such database. */
  backup(request: BackupRequest): Job;
  /**
   * Restores a backup, as a job like `backup`. What is there is backed up, the backup verified, and then put in its place. Whoever lets
   * this through has asked for a yes.
   */
  restore(request: RestoreRequest): Job;
}
