import type { DatabaseSync } from 'node:sqlite';
import type {
  AuditActor,
  AuditBounds,
  AuditEntry,
  AuditFilter,
  AuditRecord,
  AuditRecords,
} from '../../../ports/accounts/audit-records.ts';
import type { Access } from '../access.ts';
import type { Row } from '../rows.ts';
import { document, number, oneOf, optionalText, text } from '../rows.ts';

const WAYS: readonly AuditActor['via'][] = ['key', 'token', 'session', 'open', 'cli', 'none'];

export function createAuditRecords({ use, transaction }: Access): AuditRecords {
  return {
    addAudit: (entry) =>
      use((statements) => Number(statements.addAudit.run(toColumns(entry)).lastInsertRowid)),
    repeatAudit: (entry, at) =>
      use((statements) => Number(statements.repeatAudit.run(at, entry).changes) > 0),
    listAudit: (filter) => use((_, database) => selectEntries(database, filter)),
    pruneAudit: (bounds) => transaction((statements) => prune(statements, bounds)),
  };
}

type Statements = Parameters<Parameters<Access['transaction']>[0]>[0];

function prune(statements: Statements, { before, keep, keepOfNobody }: AuditBounds): void {
  statements.pruneAuditByTime.run(before);
  statements.pruneAuditOfNobody.run(keepOfNobody);
  statements.pruneAuditByNumber.run(keep);
}

function selectEntries(database: DatabaseSync, filter: AuditFilter): ReturnType<AuditRecords['listAudit']> {
  const { where, values } = whereOf(filter);
  const count = database.prepare(`SELECT count(*) AS total FROM audit ${where}`).get(values);
  const rows = database
    .prepare(`SELECT * FROM audit ${where} ORDER BY at DESC, number DESC LIMIT :limit OFFSET :offset`)
    .all({ ...values, limit: filter.limit, offset: filter.offset ?? 0 });
  return { entries: rows.map(toRecord), total: Number(count?.['total'] ?? 0) };
}

function whereOf({ actor, actions, exceptActions, object, since, until }: AuditFilter) {
  const conditions: readonly (readonly [string, string, string | number | undefined])[] = [
    ['(instr(lower(name), :actor) > 0 OR instr(lower(email), :actor) > 0)', 'actor', actor?.toLowerCase()],
    ['action IN (SELECT value FROM json_each(:actions))', 'actions', toJson(actions)],
    ['action NOT IN (SELECT value FROM json_each(:except))', 'except', toJson(exceptActions)],
    ['EXISTS (SELECT 1 FROM json_each(object) WHERE value = :object)', 'object', object],
    ['at >= :since', 'since', since],
    ['at < :until', 'until', until],
  ];
  const given = conditions.flatMap(([sql, name, value]) =>
    value === undefined ? [] : [{ sql, name, value }],
  );
  const where = given.length === 0 ? '' : `WHERE ${given.map(({ sql }) => sql).join(' AND ')}`;
  return { where, values: Object.fromEntries(given.map(({ name, value }) => [name, value])) };
}

function toJson(words: readonly string[] | undefined): string | undefined {
  return words === undefined ? undefined : JSON.stringify(words);
}

function toColumns({ actor, object, ...entry }: AuditEntry) {
  return { ...entry, ...actor, object: JSON.stringify(object) };
}

function toRecord(row: Row): AuditRecord {
  return {
    number: number(row, 'number'),
    at: number(row, 'at'),
    firstAt: number(row, 'first_at'),
    count: number(row, 'count'),
    actor: { name: text(row, 'name'), email: text(row, 'email'), via: oneOf(row, 'via', WAYS) },
    address: optionalText(row, 'address'),
    action: text(row, 'action'),
    method: optionalText(row, 'method'),
    path: optionalText(row, 'path'),
    object: document(row, 'object', isTexts) ?? {},
    status: row['status'] === null ? null : number(row, 'status'),
    code: optionalText(row, 'code'),
    job: optionalText(row, 'job'),
    commit: optionalText(row, 'commit_id'),
  };
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((member) => typeof member === 'string');
}
