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
  };
}
