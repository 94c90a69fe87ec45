import type { StatementSync } from 'node:sqlite';

export function prepareInstanceStatements(prepare: (sql: string) => StatementSync) {
  return {
    saveInstance: prepare(`
      INSERT OR REPLACE INTO instances (id, pod_id, namespace, service_name, node_id, node_public_ip, pod, pod_spec, ports,
        cpu_milli, memory_bytes, status, message, ready, expires_at, created_at, updated_at)
      VALUES (:id, :podId, :namespace, :serviceName, :nodeId, :nodePublicIp, :pod, :podSpec, :ports,
        :cpuMilli, :memoryBytes, :status, :message, :ready, :expiresAt, :createdAt, :updatedAt)`),
    listInstances: prepare('SELECT * FROM instances ORDER BY created_at, rowid'),
    deleteInstance: prepare('DELETE FROM instances WHERE id = ?'),
    ownNodePort: prepare(
      'INSERT OR REPLACE INTO node_ports (port, instance, locked_until) VALUES (?, ?, NULL)',
    ),
    lockNodePort: prepare(`
      INSERT INTO node_ports (port, instance, locked_until) VALUES (:port, :instance, :until)
      ON CONFLICT (port) DO UPDATE SET instance = excluded.instance, locked_until = excluded.locked_until
        WHERE node_ports.locked_until <= :now`),
    freeNodePorts: prepare('DELETE FROM node_ports WHERE instance = ?'),
    listNodePorts: prepare('SELECT * FROM node_ports ORDER BY port'),
    pruneNodePorts: prepare('DELETE FROM node_ports WHERE locked_until <= ?'),
    createBatchDelete: prepare(`
      INSERT INTO instance_jobs (id, status, total, deleted, not_found, failed, created_at, updated_at)
      VALUES (:id, :status, :total, :deleted, :notFound, :failed, :createdAt, :updatedAt)`),
    addItem: prepare('INSERT INTO instance_job_items (job_id, position, instance) VALUES (?, ?, ?)'),
    saveBatchDelete: prepare('UPDATE instance_jobs SET status = :status, updated_at = :at WHERE id = :id'),
    getBatchDelete: prepare('SELECT * FROM instance_jobs WHERE id = ?'),
    openBatchDeletes: prepare(`
      SELECT * FROM instance_jobs WHERE status IN ('queued', 'running') ORDER BY created_at, rowid`),
    openItems: prepare(`
      SELECT position, instance FROM instance_job_items WHERE job_id = ? AND outcome IS NULL ORDER BY position`),
    failedItems: prepare(`
      SELECT instance, error FROM instance_job_items WHERE job_id = ? AND outcome = 'failed'
      ORDER BY position LIMIT ?`),
    endItem: prepare(`
      UPDATE instance_job_items SET outcome = :outcome, error = :error
      WHERE job_id = :job AND position = :position AND outcome IS NULL`),
    countItem: prepare(`
      UPDATE instance_jobs SET deleted = deleted + (:outcome = 'deleted'),
        not_found = not_found + (:outcome = 'not_found'), failed = failed + (:outcome = 'failed'), updated_at = :at
      WHERE id = :job`),
    pruneItems: prepare(`
      DELETE FROM instance_job_items WHERE job_id IN (
        SELECT id FROM instance_jobs WHERE status IN ('completed', 'failed') AND updated_at < ?)`),
    pruneBatchDeletes: prepare(`
      DELETE FROM instance_jobs WHERE status IN ('completed', 'failed') AND updated_at < ?`),
  };
}
