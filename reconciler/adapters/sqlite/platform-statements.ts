import type { StatementSync } from 'node:sqlite';
import { prepareBuildStatements } from './build-statements.ts';
import { prepareObjectStatements } from './object-statements.ts';

export function preparePlatformStatements(prepare: (sql: string) => StatementSync) {
  return {
    ...prepareBuildStatements(prepare),
    ...prepareObjectStatements(prepare),
    listPluginSwitches: prepare(
      'SELECT plugin, enabled_at FROM plugin_switches WHERE user = ? ORDER BY plugin',
    ),
    enablePlugin: prepare(
      'INSERT OR IGNORE INTO plugin_switches (user, plugin, enabled_at) VALUES (?, ?, ?)',
    ),
    disablePlugin: prepare('DELETE FROM plugin_switches WHERE user = ? AND plugin = ?'),
    lastVerified: prepare('SELECT commit_id FROM verified WHERE location = ?'),
    saveVerified: prepare('INSERT OR REPLACE INTO verified (location, commit_id) VALUES (?, ?)'),
    noteFetchedImage: prepare('INSERT OR IGNORE INTO fetched_images (target, reference) VALUES (?, ?)'),
    listFetchedImages: prepare('SELECT reference FROM fetched_images WHERE target = ? ORDER BY reference'),
    forgetFetchedImage: prepare('DELETE FROM fetched_images WHERE target = ? AND reference = ?'),
    saveAccess: prepare(`
      INSERT OR REPLACE INTO access_log (id, subject, container, actor, via, address, program, is_terminal, started_at, ended_at, outcome)
      VALUES (:id, :subject, :container, :actor, :via, :address, :program, :isTerminal, :startedAt, :endedAt, :outcome)`),
    listAccesses: prepare('SELECT * FROM access_log ORDER BY started_at DESC, id DESC LIMIT ?'),
    closeAccesses: prepare(
      "UPDATE access_log SET ended_at = ?, outcome = 'lost' WHERE ended_at IS NULL AND via = 'api'",
    ),
    pruneAccesses: prepare('DELETE FROM access_log WHERE started_at < ?'),
    noteConnection: prepare(`
      INSERT INTO connection_log (subject, at, status, message) VALUES (:subject, :at, :status, :message)`),
    lastConnection: prepare(
      'SELECT * FROM connection_log WHERE subject = ? ORDER BY at DESC, id DESC LIMIT 1',
    ),
    listConnections: prepare(`
      SELECT * FROM connection_log WHERE subject = ? AND at >= ? ORDER BY at DESC, id DESC`),
    forgetConnections: prepare('DELETE FROM connection_log WHERE subject = ?'),
    pruneConnections: prepare(`
      DELETE FROM connection_log WHERE at < ? AND EXISTS (
        SELECT 1 FROM connection_log AS newer WHERE newer.subject = connection_log.subject
          AND (newer.at, newer.id) > (connection_log.at, connection_log.id))`),
    ...prepareNotices(prepare),
  };
}

/** A notice is read where it was marked, or everything up to it was. */
const IS_READ = `(
  number <= COALESCE((SELECT read_until FROM notice_readers WHERE reader = :reader), 0)
  OR EXISTS (SELECT 1 FROM notice_reads WHERE reader = :reader AND notice_reads.number = notices.number))`;

const IS_FOR = '(notices.reader IS NULL OR notices.reader = :reader)';

function prepareNotices(prepare: (sql: string) => StatementSync) {
  return {
    addNotice: prepare(`
      INSERT INTO notices (type, reader, stack, subject, cause, revision, message, job, time)
      VALUES (:type, :reader, :stack, :subject, :cause, :revision, :message, :job, :time)`),
    pruneNotices: prepare('DELETE FROM notices WHERE number <= ?'),
    pruneNoticeReads: prepare('DELETE FROM notice_reads WHERE number <= ?'),
    listNotices: prepare(`
      SELECT *, ${IS_READ} AS is_read FROM notices WHERE ${IS_FOR} ORDER BY number DESC LIMIT :limit OFFSET :offset`),
    countNotices: prepare(`
      SELECT count(*) AS total, count(*) FILTER (WHERE NOT ${IS_READ}) AS unread FROM notices WHERE ${IS_FOR}`),
    hasNotice: prepare(
      'SELECT 1 FROM notices WHERE number = ? AND (notices.reader IS NULL OR notices.reader = ?)',
    ),
    markNotice: prepare('INSERT OR IGNORE INTO notice_reads (reader, number) VALUES (?, ?)'),
    markNotices: prepare(`
      INSERT INTO notice_readers (reader, read_until) SELECT ?, COALESCE(max(number), 0) FROM notices WHERE true
      ON CONFLICT (reader) DO UPDATE SET read_until = excluded.read_until`),
    clearNoticeReads: prepare('DELETE FROM notice_reads WHERE reader = ?'),
    lastNotices: prepare(`
      SELECT * FROM notices WHERE number IN (
        SELECT max(number) FROM notices WHERE subject <> '' AND type <> 'synced' GROUP BY subject) ORDER BY number`),
  };
}
