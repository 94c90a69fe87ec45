import { isCalledFor, parseSchedule } from '../base/schedule.ts';
import { isProblem } from '../base/problem.ts';
import { DUMP_ENDINGS } from './dump.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

/** Policy by which the databases of a stack are backed up. */
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
}

export const DEFAULT_SCHEDULE = '0 3 * * *';
export const DEFAULT_KEEP = 7;

const ENDINGS: Readonly<Record<Compression, string>> = { gzip: '.gz', zstd: '.zst', none: '' };
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
}

export interface NewBackup {
  readonly service: string;
  readonly time: number;
  readonly beforeRestore: boolean;
  /** Ending of the dump, such as `sql`. */
  readonly ending: string;
  readonly compression: Compression;
}

/** `db_20261122-013000.sql.gz`, `db_20261122-013000_before-restore.sql.gz`; the time is UTC. */
export function formatBackupName({ service, time, beforeRestore, ending, compression }: NewBackup): string {
  const [date = '', clock = ''] = new Date(time).toISOString().split(/[T.]/);
  const when = `${date.replaceAll('-', '')}-${clock.replaceAll(':', '')}`;
  return `${service}_${when}${beforeRestore ? '_before-restore' : ''}.${ending}${ENDINGS[compression]}`;
}

/** `null` for files that are none of ours. */
export function parseBackupName(file: string): BackupName | null {
  const match = /^(.+)_(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(_before-restore)?\.([a-z]+)(\.gz|\.zst)?$/.exec(
    file,
  );
  if (match === null) return null;
  const [, service = '', year, month, day, hour, minute, second, before, ending = '', packed] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (!Number.isFinite(time) || !DUMP_ENDINGS.includes(ending)) return null;
  const compression = packed === '.gz' ? 'gzip' : packed === '.zst' ? 'zstd' : 'none';
  return { file, service, time, beforeRestore: before !== undefined, ending, compression };
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
