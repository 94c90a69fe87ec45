import type { StatementSync } from 'node:sqlite';

export function prepareObjectStatements(prepare: (sql: string) => StatementSync) {
  return {
    noteObject: prepare(`
      INSERT INTO object_history (object, at, action, before, after, message, changes)
      VALUES (:object, :at, :action, :before, :after, :message, :changes)`),
    trimObject: prepare(`
      DELETE FROM object_history WHERE object = :object AND id NOT IN (
        SELECT id FROM object_history WHERE object = :object ORDER BY id DESC LIMIT :keep)`),
    listObjectHistory: prepare('SELECT * FROM object_history WHERE object = ? ORDER BY id DESC'),
    pruneObjectHistory: prepare(`
      DELETE FROM object_history WHERE at < :before
        OR id <= (SELECT id FROM object_history ORDER BY id DESC LIMIT 1 OFFSET :max)`),
    listObjectNotes: prepare('SELECT * FROM object_notes WHERE user = ? ORDER BY object'),
    getObjectNote: prepare('SELECT * FROM object_notes WHERE user = ? AND object = ?'),
    saveObjectNote: prepare(`
      INSERT OR REPLACE INTO object_notes (user, object, tags, notes, favorite)
      VALUES (:user, :object, :tags, :notes, :favorite)`),
    dropObjectNote: prepare('DELETE FROM object_notes WHERE user = ? AND object = ?'),
  };
}
