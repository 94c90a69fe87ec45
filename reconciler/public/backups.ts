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

/** One backup of one database server, volume or directory. */
export interface BackupView {
  readonly stack: string;
  /** Service of the database, or the name of the data: `volume:NAME`, `SERVICE:/PATH`. */
  readonly service: string;
  readonly kind: 'database' | 'data';
  /** Name of the file. */
  readonly file: string;
  /** Directory or volume that it is in. */
  readonly location: string;
  /** Name of the place that the operator has set up; `null`: the daemon's own, or a volume. */
  readonly destination: string | null;
  readonly encrypted: boolean;
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

/** One thing that a restore would change. */
export interface DataChange {
  /** Relative to the place of the data. */
  readonly path: string;
  /** `added` comes back, `removed` goes. */
  readonly change: 'added' | 'changed' | 'removed';
  /** Bytes now and afterwards; `null` where it is not there. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Difference between what is there and what a backup holds. */
export interface DataDifference {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly same: number;
  /** Bytes in files, now and afterwards. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** The first 500, by path. */
  readonly changes: readonly DataChange[];
}

/** Outcome of a restore as it would be, without one. The backup was verified. */
export interface RestoreLook {
  readonly stack: string;
  readonly service: string;
  readonly file: string;
  readonly time: string;
  /** Services that would be stopped for it. */
  readonly stops: readonly string[];
  /** Words where nothing can be compared. */
  readonly note: string | null;
  /** `null` for databases. */
  readonly data: DataDifference | null;
}

/** Outcome of reading one backup to its end. */
export interface VerifyResult {
  readonly stack: string;
  readonly service: string;
  readonly file: string;
  readonly destination: string | null;
  /**
   * `whole`: every byte stored is what was written, and unpacks to what was read then; `stored`: the first of these, as nobody here can decrypt it;
   * `damaged`; `unreadable`: its place did not answer.
   */
  readonly result: 'whole' | 'stored' | 'damaged' | 'unreadable';
  /** Bytes unpacked; `null` where it was not. */
  readonly bytes: number | null;
  /** Reason; `null` for `whole`. */
  readonly message: string | null;
}

/** One backup by its name. */
export interface BackupReference {
  readonly stack: string;
  readonly service: string;
  /** Default: the newest. */
  readonly file?: string;
}

export interface BackupFilter {
  readonly stack?: string;
  readonly service?: string;
}

export interface BackupRequest {
  readonly stack: string;
  /** A database's service, or data: `volume:NAME`, `SERVICE:/PATH`. Default: what `backup` of the stack names, else each of its databases. */
  readonly service?: string;
  readonly actor: Actor | null;
  readonly trigger: string;
}

export interface RestoreRequest {
  readonly stack: string;
  /** May be left out for a stack with one thing to restore. */
  readonly service?: string;
  /** Name of the file. Default: the newest that was not made before another restore. */
  readonly file?: string;
  /** Default true: what is there is backed up first. */
  readonly backupFirst?: boolean;
  readonly actor: Actor | null;
  readonly trigger: string;
}

/** Databases of stacks, and backups of them and of other data. */
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
  /** Verifies a backup and says what a restore of it would change. Throws UNKNOWN_STACK, BAD_OPTIONS, UNKNOWN_BACKUP, BACKUP_DAMAGED. */
  lookAtRestore(reference: BackupReference, signal: AbortSignal): Promise<RestoreLook>;
  /** Reads one backup to its end, also of a stack that is gone. Throws UNKNOWN_BACKUP. */
  verifyBackup(reference: BackupReference, signal: AbortSignal): Promise<VerifyResult>;
}
