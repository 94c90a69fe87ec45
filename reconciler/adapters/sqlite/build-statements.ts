import type { StatementSync } from 'node:sqlite';

const ENDED = "status IN ('completed', 'failed', 'cancelled')";
const EXPIRED = `
  id IN (SELECT id FROM builds WHERE ${ENDED} AND ended_at < :before)
  OR id IN (SELECT id FROM builds WHERE ${ENDED} ORDER BY ended_at DESC, id DESC LIMIT -1 OFFSET :keep)`;

export function prepareBuildStatements(prepare: (sql: string) => StatementSync) {
  return {
    saveBuild: prepare(`
      INSERT INTO builds (id, owner, stack, repository, branch, commit_id, context, dockerfile, argument_names, generated,
        registry, image_name, tag, image, status, stage, progress, digest, size, write_commit, error, error_stage, created_at,
        started_at, ended_at)
      VALUES (:id, :owner, :stack, :repository, :branch, :commit, :context, :dockerfile, :argumentNames, :generated,
        :registry, :imageName, :tag, :image, :status, :stage, :progress, :digest, :size, :write, :error, :errorStage,
        :createdAt, :startedAt, :endedAt)
      ON CONFLICT (id) DO UPDATE SET branch = excluded.branch, commit_id = excluded.commit_id,
        dockerfile = excluded.dockerfile, generated = excluded.generated, status = excluded.status, stage = excluded.stage,
        progress = excluded.progress, digest = excluded.digest, size = excluded.size, write_commit = excluded.write_commit,
        error = excluded.error, error_stage = excluded.error_stage, started_at = excluded.started_at,
        ended_at = excluded.ended_at`),
    getBuild: prepare('SELECT * FROM builds WHERE id = ?'),
    listBuilds: prepare(`
      SELECT * FROM builds WHERE :owner IS NULL OR owner = :owner ORDER BY created_at DESC, id DESC
      LIMIT :limit OFFSET :offset`),
    countBuilds: prepare('SELECT count(*) AS total FROM builds WHERE :owner IS NULL OR owner = :owner'),
    listOpenBuilds: prepare(`SELECT * FROM builds WHERE NOT (${ENDED}) ORDER BY created_at, id`),
    appendBuildLog: prepare(`
      INSERT OR IGNORE INTO build_logs (build_id, sequence, time, level, stage, message)
      VALUES (:buildId, :sequence, :time, :level, :stage, :message)`),
    trimBuildLogs: prepare(`
      DELETE FROM build_logs WHERE build_id = :buildId
        AND sequence <= (SELECT max(sequence) FROM build_logs WHERE build_id = :buildId) - :keep`),
    listBuildLogs: prepare('SELECT * FROM build_logs WHERE build_id = ? AND sequence > ? ORDER BY sequence'),
    pruneBuildLogs: prepare(
      `DELETE FROM build_logs WHERE build_id IN (SELECT id FROM builds WHERE ${EXPIRED})`,
    ),
    pruneBuilds: prepare(`DELETE FROM builds WHERE ${EXPIRED}`),
  };
}
