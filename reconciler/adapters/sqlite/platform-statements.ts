import type { StatementSync } from 'node:sqlite';

export function preparePlatformStatements(prepare: (sql: string) => StatementSync) {
  return {
    listPluginSwitches: prepare(
      'SELECT plugin, enabled_at FROM plugin_switches WHERE user = ? ORDER BY plugin',
    ),
    enablePlugin: prepare(
      'INSERT OR IGNORE INTO plugin_switches (user, plugin, enabled_at) VALUES (?, ?, ?)',
    ),
    disablePlugin: prepare('DELETE FROM plugin_switches WHERE user = ? AND plugin = ?'),
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
  };
}
