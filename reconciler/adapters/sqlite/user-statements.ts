import type { StatementSync } from 'node:sqlite';
import { prepareAccountStatements } from './accounts/account-statements.ts';

export function prepareUserStatements(prepare: (sql: string) => StatementSync) {
  return {
    ...prepareAccountStatements(prepare),
    addUser: prepare(`
      INSERT OR IGNORE INTO users (id, email, email_key, name, role, password_hash, provider, subject, token_generation, created_at)
      VALUES (:id, :email, :emailKey, :name,
        CASE WHEN EXISTS (SELECT 1 FROM users) THEN :role ELSE :roleIfFirst END,
        :passwordHash, :provider, :subject, :tokenGeneration, :createdAt)`),
    saveUser: prepare(`
      UPDATE OR IGNORE users SET email = :email, email_key = :emailKey, name = :name, role = :role, password_hash = :passwordHash,
        provider = :provider, subject = :subject, token_generation = :tokenGeneration
      WHERE id = :id`),
    deleteUser: prepare('DELETE FROM users WHERE id = ?'),
    hasUsers: prepare('SELECT 1 FROM users LIMIT 1'),
    getUser: prepare('SELECT * FROM users WHERE id = ?'),
    findUserByEmail: prepare('SELECT * FROM users WHERE email_key = ?'),
    findUserByIdentity: prepare('SELECT * FROM users WHERE provider = ? AND subject = ?'),
    listUsers: prepare('SELECT * FROM users ORDER BY created_at, rowid'),
    getUserSettings: prepare('SELECT * FROM user_settings WHERE id = 1'),
    saveUserSettings: prepare(`
      INSERT OR REPLACE INTO user_settings (id, invite_code, regenerate_after_signup)
      VALUES (1, :inviteCode, :regenerateAfterSignup)`),
  };
}
