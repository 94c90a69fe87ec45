import { isCalledFor, parseSchedule } from '../base/schedule.ts';
import { isProblem } from '../base/problem.ts';
import { fromFolderName, toFolderName } from './data-name.ts';
import { DUMP_ENDINGS } from './dump.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

/** Policy by which the databases of a stack, its volumes and its directories are backed up. */
export interface BackupPolicy {
  /** Cron expression, see `parseSchedule`. */
  readonly schedule: string;
  /** So many of the newest are kept. */
  readonly keep?: number;
  /** Age in days up to which backups are kept; with `keep`, either is enough. */
  readonly days?: number;
  readonly compression: Compression;
  /** Names of services. Default: every database of the stack. */
  readonly services?: readonly string[];
  /** Volumes of the stack by name; true: all that its services write to, but for those of databases. Default: none. */
  readonly volumes?: true | readonly string[];
  /** Directories of machines as `SERVICE:/PATH`; true: all that its services write to. Default: none. */
  readonly directories?: true | readonly string[];
  /** Services that have the data are stopped while it is read. Default false. */
  readonly stop?: boolean;
  /** Name of a place that the operator has set up. Default: the daemon's own. */
  readonly destination?: string;
  /** Encrypted with age, for the daemon's own keys and the recipients. Default: where there are recipients. */
  readonly encrypt?: boolean;
  /** Age recipients that can read the backups as well. */
  readonly recipients?: readonly string[];
}

/** Ending of the archives of volumes and directories. */
export const DATA_ENDING = 'tar';

export const DEFAULT_SCHEDULE = '0 3 * * *';
export const DEFAULT_KEEP = 7;

const ENDINGS: Readonly<Record<Compression, string>> = { gzip: '.gz', zstd: '.zst', none: '' };
const KNOWN_ENDINGS = [...DUMP_ENDINGS, DATA_ENDING];
const DAY_MS = 24 * 3_600_000;
/** Schedules are looked back on no further. */
const MAX_LOOKBACK_MS = 400 * DAY_MS;

/** Facts that the name of a backup's file tells. */
export interface BackupName {
  readonly file: string;
  readonly service: string;
  /** Milliseconds since the epoch, full seconds. */
  readonly time: number;
  /** Made because something else was to be put in its place. */
  readonly beforeRestore: boolean;
  readonly ending: string;
  readonly compression: Compression;
  readonly encrypted: boolean;
}

export interface NewBackup {
  readonly service: string;
  readonly time: number;
  readonly beforeRestore: boolean;
  /** Ending of the dump, such as `sql`. */
  readonly ending: string;
  readonly compression: Compression;
  readonly encrypted: boolean;
}

/** `db_20261122-013000.sql.gz`, `db_20261122-013000_before-restore.sql.gz.age`; the time is UTC. */
export function formatBackupName(backup: NewBackup): string {
  const { service, time, beforeRestore, ending, compression, encrypted } = backup;
  const [date = '', clock = ''] = new Date(time).toISOString().split(/[T.]/);
  const when = `${date.replaceAll('-', '')}-${clock.replaceAll(':', '')}`;
  const name = `${toFolderName(service)}_${when}${beforeRestore ? '_before-restore' : ''}`;
  return `${name}.${ending}${ENDINGS[compression]}${encrypted ? '.age' : ''}`;
}

/** `null` for files that are none of ours. */
export function parseBackupName(file: string): BackupName | null {
  const match =
    /^(.+)_(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(_before-restore)?\.([a-z]+)(\.gz|\.zst)?(\.age)?$/.exec(
      file,
    );
  if (match === null) return null;
  const [, folder = '', year, month, day, hour, minute, second, before, ending = '', packed, sealed] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!Number.isFinite(time) || !KNOWN_ENDINGS.includes(ending)) return null;
  const compression = packed === '.gz' ? 'gzip' : packed === '.zst' ? 'zstd' : 'none';
  const service = fromFolderName(folder);
  const flags = { beforeRestore: before !== undefined, encrypted: sealed !== undefined };
  return { file, service, time, ending, compression, ...flags };
}

/** The newest first. */
export function compareBackups(a: BackupName, b: BackupName): number {
  return b.time - a.time || (a.file < b.file ? 1 : -1);
}

/** Tells whether a schedule called for something after a moment and until another, milliseconds since the epoch. */
export function wasDue(schedule: string, after: number, until: number): boolean {
  const calls = parseSchedule(schedule);
  return !isProblem(calls) && isCalledFor(calls, Math.max(after, until - MAX_LOOKBACK_MS), until);
}
