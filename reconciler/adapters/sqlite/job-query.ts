import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Job, JobCount, JobFilter, JobType } from '../../ports/store.ts';
import { JOB_STATUSES, number, oneOf, text, toJob } from './rows.ts';

const DEFAULT_LIMIT = 50;

/** The page of jobs that a filter asks for, newest first, and how many there are on all pages. */
export function selectJobs(
  database: DatabaseSync,
  filter: JobFilter,
): { readonly jobs: readonly Job[]; readonly total: number } {
  const { where, values } = buildWhere(filter);
  const counted = database.prepare(`SELECT count(*) AS total FROM jobs ${where}`).get(...values) ?? {};
  const rows = database
    .prepare(`SELECT * FROM jobs ${where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`)
    .all(...values, filter.limit ?? DEFAULT_LIMIT, filter.offset ?? 0);
  return { jobs: rows.map(toJob), total: number(counted, 'total') };
}

/** Number of jobs of a type, by stack and status. */
export function selectJobCounts(database: DatabaseSync, type: JobType): readonly JobCount[] {
  return database
    .prepare('SELECT stack, status, count(*) AS count FROM jobs WHERE type = ? GROUP BY stack, status')
    .all(type)
    .map((row) => ({
      stack: text(row, 'stack'),
      status: oneOf(row, 'status', JOB_STATUSES),
      count: number(row, 'count'),
    }));
}

function buildWhere(filter: JobFilter): { readonly where: string; readonly values: SQLInputValue[] } {
  const conditions: readonly (readonly [sql: string, value: string | undefined])[] = [
    ['stack = ?', filter.stack],
    ['status = ?', filter.status],
    ['type = ?', filter.type],
    ['type <> ?', filter.except],
    ['created_at >= ?', filter.since],
  ];
  const used = conditions.filter(([, value]) => value !== undefined);
  return {
    where: used.length === 0 ? '' : `WHERE ${used.map(([sql]) => sql).join(' AND ')}`,
    values: used.map(([, value]) => value ?? null),
  };
}
