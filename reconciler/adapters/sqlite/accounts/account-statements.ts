import type { StatementSync } from 'node:sqlite';

export function prepareAccountStatements(prepare: (sql: string) => StatementSync) {
  return {
    addLogin: prepare(`
      INSERT INTO logins (id, hash, kind, subject, stamp, method, created_at, seen_at, ends_at, address, user_agent)
      VALUES (:id, :hash, :kind, :subject, :stamp, :method, :createdAt, :seenAt, :endsAt, :address, :userAgent)`),
    findLogin: prepare('SELECT * FROM logins WHERE hash = ?'),
    touchLogin: prepare('UPDATE logins SET seen_at = ? WHERE id = ?'),
    listLogins: prepare('SELECT * FROM logins ORDER BY created_at DESC, id DESC'),
    deleteLogin: prepare('DELETE FROM logins WHERE id = ?'),
    pruneLogins: prepare('DELETE FROM logins WHERE ends_at <= ? OR seen_at < ?'),
  };
}
