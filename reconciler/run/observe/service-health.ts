import type { Health, HealthStatus, ResourceId } from '../../model/resource.ts';
import { replicaName, replicaNumbers } from '../../model/rollout.ts';
import type { ServiceView } from '../../model/stack.ts';
import type { ServiceStatus } from '../../public/views.ts';

/** The worst first. */
const WORST: readonly (HealthStatus | 'unknown')[] = [
  'failed',
  'unhealthy',
  'missing',
  'stopped',
  'unknown',
  'starting',
  'healthy',
  'completed',
];

/** Ids of the containers of a service. */
export function resourcesOf({ resource, replicas = 1 }: ServiceView): readonly ResourceId[] {
  return replicaNumbers(replicas).map((number) => replicaName(resource, number) as ResourceId);
}

/** A service is as well as its worst container; one that wants none is complete. */
export function judgeService(
  service: ServiceView,
  health: ReadonlyMap<ResourceId, Health>,
  missing: 'missing' | 'unknown',
): Pick<ServiceStatus, 'health' | 'reason'> {
  const { replicas = 1 } = service;
  if (replicas === 0) return { health: 'completed', reason: 'scaled to 0' };
  const all = resourcesOf(service).map((id, index) => {
    const { status, reason = null } = health.get(id) ?? { status: missing };
    return { number: index + 1, status, reason };
  });
  all.sort((a, b) => WORST.indexOf(a.status) - WORST.indexOf(b.status) || a.number - b.number);
  const [worst] = all;
  if (worst === undefined) return { health: missing, reason: null };
  if (replicas === 1) return { health: worst.status, reason: worst.reason };
  const alike = all.filter(({ status }) => status === worst.status).length;
  if (alike === replicas) return { health: worst.status, reason: worst.reason };
  const reason = `${alike} of ${replicas} ${worst.status}${worst.reason === null ? '' : `: ${worst.reason}`}`;
  return { health: worst.status, reason };
}
