import type { DatabaseSync } from 'node:sqlite';
import { ReconcilerError } from '../../base/errors.ts';

/**
 * One entry per schema version, never edited once released: version n is what the first n entries make.
 * The version stands in `PRAGMA user_version`.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, stack TEXT NOT NULL, status TEXT NOT NULL,
    trigger_name TEXT NOT NULL, actor TEXT, revision TEXT, plan_id TEXT, summary TEXT,
    progress REAL NOT NULL, error TEXT, tag TEXT,
    created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT
  ) STRICT;
  CREATE INDEX jobs_by_time ON jobs (created_at, id);
  CREATE INDEX jobs_by_stack ON jobs (stack, created_at, id);
  CREATE INDEX jobs_by_status ON jobs (status, created_at, id);
  CREATE INDEX jobs_by_plan ON jobs (plan_id);

  CREATE TABLE steps (
    job_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, action TEXT,
    status TEXT NOT NULL, message TEXT, health TEXT, started_at TEXT, ended_at TEXT,
    PRIMARY KEY (job_id, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE logs (
    job_id TEXT NOT NULL, sequence INTEGER NOT NULL, time TEXT NOT NULL, level TEXT NOT NULL,
    step TEXT, message TEXT NOT NULL,
    PRIMARY KEY (job_id, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE plans (id TEXT PRIMARY KEY, document TEXT NOT NULL, saved_at TEXT NOT NULL) STRICT;

  CREATE TABLE stacks (
    stack TEXT PRIMARY KEY, held_desired TEXT, untagged INTEGER NOT NULL,
    last_applied_revision TEXT, last_applied_at TEXT, unpushed_tags TEXT NOT NULL
  ) STRICT;

  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash TEXT NOT NULL, created_at TEXT NOT NULL
  ) STRICT;
  `,
  `ALTER TABLE stacks ADD COLUMN stopped TEXT;`,
  `
  CREATE TABLE instances (
    id TEXT PRIMARY KEY, pod_id TEXT NOT NULL, namespace TEXT NOT NULL, service_name TEXT NOT NULL,
    node_id TEXT NOT NULL, node_public_ip TEXT, pod TEXT NOT NULL, pod_spec TEXT NOT NULL, ports TEXT NOT NULL,
    cpu_milli INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, status TEXT NOT NULL, message TEXT,
    ready INTEGER NOT NULL, expires_at INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE node_ports (port INTEGER PRIMARY KEY, instance TEXT NOT NULL, locked_until INTEGER) STRICT;
  CREATE INDEX node_ports_by_instance ON node_ports (instance);

  CREATE TABLE instance_jobs (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, total INTEGER NOT NULL, deleted INTEGER NOT NULL,
    not_found INTEGER NOT NULL, failed INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX instance_jobs_by_status ON instance_jobs (status, updated_at);

  CREATE TABLE instance_job_items (
    job_id TEXT NOT NULL, position INTEGER NOT NULL, instance TEXT NOT NULL, outcome TEXT, error TEXT,
    PRIMARY KEY (job_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX instance_job_items_by_outcome ON instance_job_items (job_id, outcome, position);
  `,
  `ALTER TABLE stacks ADD COLUMN synced TEXT;`,
  `ALTER TABLE stacks ADD COLUMN pending_tags TEXT;`,
  `
  CREATE TABLE users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL, email_key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
    password_hash TEXT, provider TEXT, subject TEXT, token_generation INTEGER NOT NULL, created_at TEXT NOT NULL,
    UNIQUE (provider, subject)
  ) STRICT;
  CREATE TABLE user_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1), invite_code TEXT, regenerate_after_signup INTEGER NOT NULL
  ) STRICT;
    `,
  `
  CREATE TABLE plugin_switches (
    user TEXT NOT NULL, plugin TEXT NOT NULL, enabled_at TEXT NOT NULL, PRIMARY KEY (user, plugin)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE connection_log (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL
  ) STRICT;
  CREATE INDEX connection_log_by_subject ON connection_log (subject, at, id);
  `,
  `
  CREATE TABLE notices (
    number INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, reader TEXT, stack TEXT NOT NULL, revision TEXT,
    message TEXT, job TEXT, time TEXT NOT NULL
  ) STRICT;
  CREATE TABLE notice_readers (reader TEXT PRIMARY KEY, read_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE notice_reads (
    reader TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (reader, number)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE object_history (
    id INTEGER PRIMARY KEY, object TEXT NOT NULL, at INTEGER NOT NULL, action TEXT NOT NULL, before TEXT,
    after TEXT NOT NULL, message TEXT NOT NULL, changes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX object_history_by_object ON object_history (object, id);
  CREATE TABLE object_notes (
    user TEXT NOT NULL, object TEXT NOT NULL, tags TEXT NOT NULL, notes TEXT NOT NULL, favorite INTEGER NOT NULL,
    PRIMARY KEY (user, object)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE builds (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, stack TEXT, repository TEXT NOT NULL, branch TEXT, commit_id TEXT,
    context TEXT NOT NULL, dockerfile TEXT, argument_names TEXT NOT NULL, generated INTEGER NOT NULL,
    registry TEXT NOT NULL, image_name TEXT NOT NULL, tag TEXT NOT NULL, image TEXT NOT NULL,
    status TEXT NOT NULL, stage TEXT NOT NULL, progress REAL NOT NULL, digest TEXT, size INTEGER, write_commit TEXT,
    error TEXT, error_stage TEXT, created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT
  ) STRICT;
  CREATE INDEX builds_by_owner ON builds (owner, created_at, id);
  CREATE INDEX builds_by_end ON builds (ended_at, id);

  CREATE TABLE build_logs (
    build_id TEXT NOT NULL, sequence INTEGER NOT NULL, time TEXT NOT NULL, level TEXT NOT NULL,
    stage TEXT NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (build_id, sequence)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE access_log (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, container TEXT, actor TEXT NOT NULL, via TEXT NOT NULL, address TEXT,
    program TEXT NOT NULL, is_terminal INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, outcome TEXT
  ) STRICT;
  CREATE INDEX access_log_by_time ON access_log (started_at, id);
  `,
  `
  ALTER TABLE notices ADD COLUMN subject TEXT NOT NULL DEFAULT '';
  ALTER TABLE notices ADD COLUMN cause TEXT NOT NULL DEFAULT '';
  UPDATE notices SET subject = 'stack/' || stack WHERE type IN ('synced', 'failed', 'recovered', 'drift', 'blocked');
  `,
  `
  CREATE TABLE fetched_images (
    target TEXT NOT NULL, reference TEXT NOT NULL, PRIMARY KEY (target, reference)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE logins (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, subject TEXT NOT NULL, stamp TEXT NOT NULL,
    method TEXT NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
    address TEXT NOT NULL, user_agent TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, first_at INTEGER NOT NULL, count INTEGER NOT NULL,
    name TEXT NOT NULL, email TEXT NOT NULL, via TEXT NOT NULL, address TEXT, action TEXT NOT NULL, method TEXT, path TEXT,
    object TEXT NOT NULL, status INTEGER, code TEXT, job TEXT, commit_id TEXT
  ) STRICT;
  CREATE INDEX audit_by_time ON audit (at, number);
  CREATE INDEX audit_of_nobody ON audit (number) WHERE via = 'none';
  `,
  `ALTER TABLE stacks ADD COLUMN on_hold TEXT;`,
  `CREATE TABLE verified (location TEXT PRIMARY KEY, commit_id TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
];

/**
 * Brings the schema up to date in one transaction, so that two programs that open the same new file do not collide.
 * Throws BAD_OPTIONS when the file was written by a newer version of the program.
 */
export function migrate(database: DatabaseSync): void {
  if (readVersion(database) === MIGRATIONS.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const current = readVersion(database);
    if (current > MIGRATIONS.length) throw newerSchema(current);
    for (const script of MIGRATIONS.slice(current)) database.exec(script);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

function newerSchema(found: number): ReconcilerError {
  return new ReconcilerError(
    'BAD_OPTIONS',
    `the database has schema version ${found}, this program knows ${MIGRATIONS.length}: run a newer program, or use another state directory`,
  );
}
