import type { Instance, InstancePort, InstanceStatus } from '../../pods/instance.ts';
import type { JsonObject } from '../../base/json.ts';
import type { BatchDeleteRecord, BatchDeleteStatus, InstanceRecords } from '../../ports/instance-records.ts';
import type { Row } from './rows.ts';
import { document, number, oneOf, optionalText, text } from './rows.ts';
import type { Access } from './access.ts';

const STATUSES: readonly InstanceStatus[] = ['creating', 'running', 'stopped', 'failed', 'node_deleted'];
const JOB_STATUSES: readonly BatchDeleteStatus[] = ['queued', 'running', 'completed', 'failed'];

export function createInstanceRecords(access: Access): InstanceRecords {
  return { ...instanceRecords(access), ...portRecords(access), ...jobRecords(access) };
}

function instanceRecords({
  use,
  transaction,
}: Access): Pick<InstanceRecords, 'saveInstance' | 'listInstances' | 'deleteInstance'> {
  return {
    saveInstance: (instance) =>
      transaction((statements) => {
        statements.saveInstance.run(toColumns(instance));
        statements.freeNodePorts.run(instance.id);
        for (const { nodePort } of instance.ports) statements.ownNodePort.run(nodePort, instance.id);
      }),
    listInstances: () => use((statements) => statements.listInstances.all().map(toInstance)),
    deleteInstance: (id) =>
      transaction((statements) => {
        statements.deleteInstance.run(id);
        statements.freeNodePorts.run(id);
      }),
  };
}

type PortRecords = Pick<
  InstanceRecords,
  'lockNodePorts' | 'freeNodePorts' | 'listNodePorts' | 'pruneNodePorts'
>;

/** Ends the transaction of ports that cannot all be had. */
class Taken extends Error {}

function portRecords({ use, transaction }: Access): PortRecords {
  return {
    lockNodePorts(ports, instance, { now, until }) {
      try {
        transaction((statements) => {
          for (const port of ports) {
            const { changes } = statements.lockNodePort.run({ port, instance, now, until });
            if (changes === 0) throw new Taken();
          }
        });
        return true;
      } catch (error) {
        if (error instanceof Taken) return false;
        throw error;
      }
    },
    freeNodePorts: (instance) => use((statements) => void statements.freeNodePorts.run(instance)),
    listNodePorts: () =>
      use((statements) =>
        statements.listNodePorts.all().map((row) => ({
          port: number(row, 'port'),
          instance: text(row, 'instance'),
          lockedUntil: row['locked_until'] === null ? null : number(row, 'locked_until'),
        })),
      ),
    pruneNodePorts: (now) => use((statements) => void statements.pruneNodePorts.run(now)),
  };
}

type JobRecords = Omit<
  InstanceRecords,
  keyof PortRecords | 'saveInstance' | 'listInstances' | 'deleteInstance'
>;

function jobRecords({ use, transaction }: Access): JobRecords {
  return {
    createBatchDelete: (job, instances) =>
      transaction((statements) => {
        statements.createBatchDelete.run({ ...job });
        for (const [position, instance] of instances.entries())
          statements.addItem.run(job.id, position, instance);
      }),
    saveBatchDelete: (id, status, at) =>
      use((statements) => void statements.saveBatchDelete.run({ id, status, at })),
    getBatchDelete: (id) =>
      use((statements) => {
        const row = statements.getBatchDelete.get(id);
        return row === undefined ? undefined : toJob(row);
      }),
    openBatchDeletes: () => use((statements) => statements.openBatchDeletes.all().map(toJob)),
    openItems: (job) =>
      use((statements) =>
        statements.openItems.all(job).map((row) => ({
          position: number(row, 'position'),
          instance: text(row, 'instance'),
        })),
      ),
    failedItems: (job, limit) =>
      use((statements) =>
        statements.failedItems.all(job, limit).map((row) => ({
          instance: text(row, 'instance'),
          error: optionalText(row, 'error') ?? '',
        })),
      ),
    endItem: ({ job, position, instance, outcome, error, at }) =>
      transaction((statements) => {
        const { changes } = statements.endItem.run({ job, position, outcome, error });
        if (changes === 0) return;
        statements.countItem.run({ job, outcome, at });
        if (outcome !== 'deleted') return;
        statements.deleteInstance.run(instance);
        statements.freeNodePorts.run(instance);
      }),
    pruneBatchDeletes: (before) =>
      transaction((statements) => {
        statements.pruneItems.run(before);
        statements.pruneBatchDeletes.run(before);
      }),
  };
}

function toColumns({ pod, ports, ready, ...rest }: Instance) {
  return { ...rest, pod: JSON.stringify(pod), ports: JSON.stringify(ports), ready: ready ? 1 : 0 };
}

function toInstance(row: Row): Instance {
  return {
    id: text(row, 'id'),
    podId: text(row, 'pod_id'),
    namespace: text(row, 'namespace'),
    serviceName: text(row, 'service_name'),
    nodeId: text(row, 'node_id'),
    nodePublicIp: optionalText(row, 'node_public_ip'),
    pod: document(row, 'pod', isObject) ?? {},
    podSpec: text(row, 'pod_spec'),
    ports: document(row, 'ports', isPorts) ?? [],
    cpuMilli: number(row, 'cpu_milli'),
    memoryBytes: number(row, 'memory_bytes'),
    status: oneOf(row, 'status', STATUSES),
    message: optionalText(row, 'message'),
    ready: number(row, 'ready') !== 0,
    expiresAt: number(row, 'expires_at'),
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

function toJob(row: Row): BatchDeleteRecord {
  return {
    id: text(row, 'id'),
    status: oneOf(row, 'status', JOB_STATUSES),
    total: number(row, 'total'),
    deleted: number(row, 'deleted'),
    notFound: number(row, 'not_found'),
    failed: number(row, 'failed'),
    createdAt: number(row, 'created_at'),
    updatedAt: number(row, 'updated_at'),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPorts(value: unknown): value is InstancePort[] {
  return (
    Array.isArray(value) &&
    value.every(
      (port) =>
        isObject(port) &&
        typeof port['containerPort'] === 'number' &&
        typeof port['nodePort'] === 'number' &&
        (port['protocol'] === 'TCP' || port['protocol'] === 'UDP'),
    )
  );
}
