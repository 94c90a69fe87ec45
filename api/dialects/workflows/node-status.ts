import type { HealthStatus, StackView } from '../../../reconciler/index.ts';
import { asFields, asList, asNumber, asString, own } from '../../../reconciler/index.ts';
import { createNodeFinder } from './run-view.ts';

/** State of a node as the platform shows it: `data._status`, and what its streams tell. */
export interface NodeStatus {
  readonly state: string;
  readonly message: string;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly secretCreated?: boolean;
}

const STATE_OF_HEALTH: Readonly<Partial<Record<HealthStatus | 'unknown', string>>> = {
  healthy: 'healthy',
  completed: 'healthy',
  starting: 'partial',
  unhealthy: 'error',
  failed: 'error',
  missing: 'error',
};

/** States of types that do not run: that they are there is all there is to say of them. */
const STATE_OF_TYPE: Readonly<Record<string, string>> = {
  configmap: 'created',
  secret: 'created',
  persistentvolumeclaim: 'Bound',
};

/** States of nodes by id, from memory: asks no cluster. Nodes that nothing is known of are left out. */
export function nodeStatuses(view: StackView): ReadonlyMap<string, NodeStatus> {
  const find = createNodeFinder(view);
  const services = new Map(view.services.map((service) => [find(service.resource), service]));
  // Nobody knows which of them are there before a deployment has ended well.
  const isThere = view.state === 'in_sync' || view.state === 'degraded';
  const nodes = (asList(asFields(view.document)?.['nodes']) ?? []).map((item) => asFields(item) ?? {});
  return new Map(
    nodes.flatMap((node): readonly (readonly [string, NodeStatus])[] => {
      const id = asString(node['id']) ?? '';
      const type = asString(node['type']) ?? '';
      const service = services.get(id);
      if (service !== undefined) {
        const { health, reason } = service;
        const state = STATE_OF_HEALTH[health] ?? 'unknown';
        return [[id, { state, message: reason ?? '', ...pods(type, state, asFields(node['data']) ?? {}) }]];
      }
      if (!isThere) return [];
      const created = type === 'secret' ? { secretCreated: true } : {};
      return [[id, { state: own(STATE_OF_TYPE, type) ?? 'healthy', message: '', ...created }]];
    }),
  );
}

/** A workload that is well has as many pods as it wants. */
function pods(type: string, state: string, data: Readonly<Record<string, unknown>>) {
  if (type !== 'deployment' && type !== 'statefulset') return {};
  const replicas = asNumber(data['replicas']) ?? 1;
  return state === 'healthy' ? { replicas, readyReplicas: replicas } : { replicas };
}
