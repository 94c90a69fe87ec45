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
    addAudit: prepare(`
      INSERT INTO audit (at, first_at, count, name, email, via, address, action, method, path, object, status, code, job, commit_id)
      VALUES (:at, :at, 1, :name, :email, :via, :address, :action, :method, :path, :object, :status, :code, :job, :commit)`),
    repeatAudit: prepare('UPDATE audit SET at = ?, count = count + 1 WHERE number = ?'),
    pruneAuditByTime: prepare('DELETE FROM audit WHERE at < ?'),
    pruneAuditByNumber: prepare(
      'DELETE FROM audit WHERE number <= (SELECT number FROM audit ORDER BY number DESC LIMIT 1 OFFSET ?)',
    ),
    pruneAuditOfNobody: prepare(`
      DELETE FROM audit WHERE via = 'none' AND number <= (
        SELECT number FROM audit WHERE via = 'none' ORDER BY number DESC LIMIT 1 OFFSET ?)`),
  };
}
