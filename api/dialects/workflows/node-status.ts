import type {
  HealthStatus,
  JobStep,
  ObjectView,
  ServiceStatus,
  StackView,
} from '../../../reconciler/index.ts';
import { asFields, asList, asNumber, asString, own } from '../../../reconciler/index.ts';
import type { WorkflowDeps } from './deps.ts';
import type { NodeState } from './resources/resource-status.ts';
import { toStatus } from './resources/resource-status.ts';
import { createNodeFinder } from './run-view.ts';

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

/** States of nodes by id, as `data._status` shows them, from memory: asks no cluster. Nodes that nothing is known of are left out. */
export function nodeStatuses(
  { reconciler }: Pick<WorkflowDeps, 'reconciler'>,
  view: StackView,
): ReadonlyMap<string, NodeState> {
  const find = createNodeFinder(view);
  const services = new Map(view.services.map((service) => [find(service.resource), service]));
  const objects = new Map(
    reconciler
      .objectsOfStack(view.name)
      .filter(({ owners }) => owners.length === 0)
      .map((object) => [find(`${object.node}/${object.kind}/${object.namespace}/${object.name}`), object]),
  );
  const isThere = isApplied(view) && !isTold(reconciler, view);
  const nodes = (asList(asFields(view.document)?.['nodes']) ?? []).map((item) => asFields(item) ?? {});
  return new Map(
    nodes.flatMap((node): readonly (readonly [string, NodeState])[] => {
      const id = asString(node['id']) ?? '';
      const type = asString(node['type']) ?? '';
      const service = services.get(id);
      const object = objects.get(id);
      const seen = object === undefined ? undefined : toStatus(object);
      const created = type === 'secret' ? { secretCreated: true } : {};
      if (service !== undefined) {
        const { reason } = service;
        const state = stateOf(service, view);
        const figures = hasFigures(object) ? seen : pods(type, state, asFields(node['data']) ?? {});
        return [[id, { ...figures, state, message: reason ?? '' }]];
      }
      if (seen !== undefined) return [[id, { ...seen, ...created }]];
      if (!isThere) return [];
      return [[id, { state: own(STATE_OF_TYPE, type) ?? 'healthy', message: '', ...created }]];
    }),
  );
}

/** Tells whether what it describes is there, as far as that is known without a look: it is published, and was applied. */
function isApplied({ state, document }: StackView): boolean {
  return asFields(document)?.['status'] === 'published' && (state === 'in_sync' || state === 'degraded');
}

/** Tells whether the inventory knows its cluster: what is not in there is not there. */
function isTold(reconciler: WorkflowDeps['reconciler'], { nodes }: StackView): boolean {
  return reconciler
    .inventoryStates()
    .some(({ node, error }) => error === null && nodes.some(({ name }) => name === node));
}

/** State of a workload. One that is not there yet is no failure while it is being applied. */
function stateOf({ health }: ServiceStatus, { state }: StackView): string {
  const isComing = state === 'applying' || state === 'pending';
  return isComing && (health === 'missing' || health === 'unknown')
    ? 'partial'
    : (STATE_OF_HEALTH[health] ?? 'unknown');
}

/** State of a node as a step of a job leaves it; `null` for a step that has not begun or is left out. */
export function statusOfStep({ status, message }: JobStep, type: string): NodeState | null {
  if (status === 'running') return { state: 'partial', message: message ?? 'is being applied' };
  if (status === 'failed' || status === 'reverted') return { state: 'error', message: message ?? '' };
  if (status !== 'completed') return null;
  return { state: own(STATE_OF_TYPE, type) ?? 'healthy', message: message ?? '' };
}

/** Tells whether more is known of an object than that it is there. */
function hasFigures(object: ObjectView | undefined): boolean {
  return object !== undefined && Object.keys(object.facts).length > 0;
}

/** A workload that is well has as many pods as it wants. */
function pods(type: string, state: string, data: Readonly<Record<string, unknown>>) {
  if (type !== 'deployment' && type !== 'statefulset') return {};
  const replicas = asNumber(data['replicas']) ?? 1;
  return state === 'healthy' ? { replicas, readyReplicas: replicas } : { replicas };
}
