import type { BatchDelete, Instance, InstanceStats } from '../../../reconciler/index.ts';

/** The whole stack, members in the order of the reference. */
export function toStack(instance: Instance): object {
  return {
    stack_id: instance.id,
    pod_id: instance.podId,
    namespace: instance.namespace,
    node_id: instance.nodeId,
    node_public_ip: instance.nodePublicIp,
    pod_spec: instance.podSpec,
    ports: toPorts(instance),
    service_name: instance.serviceName,
    status: instance.status,
    ttl_expires_at: formatNanoTime(instance.expiresAt),
    created_at: formatNanoTime(instance.createdAt),
    updated_at: formatNanoTime(instance.updatedAt),
    requested_cpu_milli: instance.cpuMilli,
    requested_memory_bytes: instance.memoryBytes,
  };
}

/** Members of ours: why it is as it is, and where it answers. */
export function toOwn({ message, nodePublicIp, ports }: Instance): object {
  const urls = ports.map(
    ({ protocol, nodePort }) => `${protocol.toLowerCase()}://${nodePublicIp}:${nodePort}`,
  );
  return { message, urls: nodePublicIp === null ? [] : urls };
}

export function toStatus(instance: Instance): object {
  return {
    stack_id: instance.id,
    status: instance.status,
    ttl: formatNanoTime(instance.expiresAt),
    ports: toPorts(instance),
    node_public_ip: instance.nodePublicIp,
  };
}

function toPorts({ ports }: Instance): readonly object[] {
  return ports.map(({ containerPort, protocol, nodePort }) => ({
    container_port: containerPort,
    protocol,
    node_port: nodePort,
  }));
}

export function toStats(stats: InstanceStats): object {
  return {
    total_stacks: stats.total,
    active_stacks: stats.active,
    node_distribution: stats.nodes,
    used_node_ports: stats.nodePorts,
    reserved_cpu_milli: stats.cpuMilli,
    reserved_memory_bytes: stats.memoryBytes,
  };
}

export function toJob(job: BatchDelete): object {
  return {
    job_id: job.id,
    status: job.status,
    total: job.total,
    deleted: job.deleted,
    not_found: job.notFound,
    failed: job.failed,
    ...(job.errors.length === 0
      ? {}
      : { errors: job.errors.map(({ instance, error }) => ({ stack_id: instance, error })) }),
    created_at: formatNanoTime(job.createdAt),
    updated_at: formatNanoTime(job.updatedAt),
  };
}

/** RFC 3339 with as many digits of a second as it takes: `2026-02-10T02:06:33.16Z`. */
export function formatNanoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, 'Z');
}
