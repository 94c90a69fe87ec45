import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { prepareInstanceStatements } from './instance-statements.ts';
import { prepareUserStatements } from './user-statements.ts';
import { preparePlatformStatements } from './platform-statements.ts';

export type Statements = ReturnType<typeof prepareStatements>;

/** Every statement the store uses, compiled once per connection. */
export function prepareStatements(database: DatabaseSync) {
  function prepare(sql: string): StatementSync {
    const statement = database.prepare(sql);
    // Records may carry more members than the table has columns.
    statement.setAllowUnknownNamedParameters(true);
    return statement;
  }
  return {
    ...prepareInstanceStatements(prepare),
    ...prepareUserStatements(prepare),
    ...preparePlatformStatements(prepare),
    // Columns that never change are left alone, and with them their indices.
    saveJob: prepare(`
      INSERT INTO jobs (id, type, stack, status, trigger_name, actor, revision, plan_id, summary, progress, error, tag,
        created_at, started_at, ended_at)
      VALUES (:id, :type, :stack, :status, :trigger, :actor, :revision, :planId, :summary, :progress, :error, :tag,
        :createdAt, :startedAt, :endedAt)
      ON CONFLICT (id) DO UPDATE SET status = excluded.status, revision = excluded.revision, plan_id = excluded.plan_id,
        summary = excluded.summary, progress = excluded.progress, error = excluded.error, tag = excluded.tag,
        started_at = excluded.started_at, ended_at = excluded.ended_at`),
    getJob: prepare('SELECT * FROM jobs WHERE id = ?'),
    newestJob: prepare('SELECT id FROM jobs ORDER BY id DESC LIMIT 1'),
    saveStep: prepare(`
      INSERT OR REPLACE INTO steps (job_id, position, name, action, status, message, health, started_at, ended_at)
      VALUES (:jobId, :index, :name, :action, :status, :message, :health, :startedAt, :endedAt)`),
    listSteps: prepare('SELECT * FROM steps WHERE job_id = ? ORDER BY position'),
    // A batch that is appended again after STORE_UNAVAILABLE must not fail on lines that are already there.
    appendLog: prepare(`
      INSERT OR IGNORE INTO logs (job_id, sequence, time, level, step, message)
      VALUES (:jobId, :sequence, :time, :level, :step, :message)`),
    listLogs: prepare('SELECT * FROM logs WHERE job_id = ? AND sequence > ? ORDER BY sequence'),
    savePlan: prepare(`
      INSERT INTO plans (id, document, saved_at) VALUES (?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET document = excluded.document, saved_at = excluded.saved_at`),
    getPlan: prepare('SELECT document FROM plans WHERE id = ?'),
    saveStack: prepare(`
      INSERT OR REPLACE INTO stacks (stack, held_desired, untagged, last_applied_revision, last_applied_at, unpushed_tags,
        pending_tags, stopped, synced, on_hold) VALUES (:stack, :heldDesired, :untagged, :lastAppliedRevision,
        :lastAppliedAt, :unpushedTags, :pendingTags, :stopped, :synced, :onHold)`),
    getStack: prepare('SELECT * FROM stacks WHERE stack = ?'),
    listStacks: prepare('SELECT * FROM stacks ORDER BY stack'),
    saveKey: prepare(`
      INSERT OR REPLACE INTO api_keys (id, name, role, hash, created_at)
      VALUES (:id, :name, :role, :hash, :createdAt)`),
    listKeys: prepare('SELECT * FROM api_keys ORDER BY id'),
    deleteKey: prepare('DELETE FROM api_keys WHERE id = ?'),
    closeSteps: prepare(`
      UPDATE steps SET status = 'cancelled', ended_at = :now WHERE status IN ('pending', 'running')
        AND job_id IN (SELECT id FROM jobs WHERE status IN ('queued', 'running'))`),
    closeJobs: prepare(`
      UPDATE jobs SET status = 'failed', ended_at = :now, error = :error WHERE status IN ('queued', 'running')`),
    pruneSteps: prepare('DELETE FROM steps WHERE job_id IN (SELECT id FROM jobs WHERE ended_at < ?)'),
    pruneLogs: prepare('DELETE FROM logs WHERE job_id IN (SELECT id FROM jobs WHERE ended_at < ?)'),
    pruneJobs: prepare('DELETE FROM jobs WHERE ended_at < ?'),
    // A plan is saved before the job that names it, so a young one is kept.
    prunePlans: prepare(`
      DELETE FROM plans WHERE saved_at < ?
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.plan_id = plans.id)`),
  };
}
