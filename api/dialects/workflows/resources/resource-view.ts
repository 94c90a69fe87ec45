import type { ObjectDetail, ObjectNote, ObjectView } from '../../../../reconciler/index.ts';
import { asFields, asList, asNumber, asString, asText, idOf, own } from '../../../../reconciler/index.ts';
import { listWorkflows } from '../../../operations/workflows.ts';
import type { WorkflowDeps } from '../deps.ts';
import { NO_TIME } from '../workflow-view.ts';

/** Kind in the words of the platform, which knows no objects of engines. */
export function typeOf({ kind }: Pick<ObjectView, 'kind'>): string {
  return kind.slice(0, 1).toUpperCase() + kind.slice(1);
}

/** An object as a row of a list. */
export function toRow(view: ObjectView, isFavorite: boolean) {
  const { id, name, namespace, node, status, createdAt } = view;
  return {
    id,
    name,
    namespace: namespace ?? '',
    type: typeOf(view),
    clusterName: node,
    status,
    createdAt: createdAt ?? NO_TIME,
    isFavorite,
    summary: summarize(view, Date.now()),
  };
}

/** An object with everything that is known of it. */
export function toResource(deps: WorkflowDeps, { object, events }: ObjectDetail, note?: ObjectNote) {
  const { id, node, createdAt, facts, annotations, generation, owners } = object;
  const { summary: _, ...row } = toRow(object, note?.isFavorite ?? false);
  return {
    ...row,
    id,
    userId: '',
    clusterId: clusterIdOf(deps, node),
    uid: object.uid,
    resourceVersion: object.version,
    labels: object.labels,
    annotations,
    ownerReferences: owners,
    spec: { nodeCapacity: {}, nodeAllocated: {}, ...facts },
    metadata: { ...(generation === null ? {} : { generation }), events },
    ...(object.message === null ? {} : { message: object.message }),
    ...workflowOf(deps, object),
    userTags: note?.tags ?? [],
    userNotes: note?.notes ?? '',
    createdAt: createdAt ?? NO_TIME,
    lastSyncedAt: object.lastSeenAt,
    lastSeenAt: object.lastSeenAt,
    firstDiscoveredAt: object.firstSeenAt,
  };
}

function clusterIdOf({ reconciler }: WorkflowDeps, node: string): string {
  return reconciler.listClusters().find(({ name }) => name === node)?.id ?? idOf('node', node);
}

/** The workflow that an object belongs to, where it is one; else the stack. */
function workflowOf(deps: WorkflowDeps, { stack }: ObjectView) {
  if (stack === null) return {};
  const workflow = listWorkflows(deps).find(({ name }) => name === stack);
  return workflow === undefined ? { stack } : { workflowId: workflow.id, workflowName: workflow.title };
}

/** @param now milliseconds since the epoch */
export function summarize(view: ObjectView, now: number): object {
  const { createdAt } = view;
  return {
    ...summaryOfKind(view),
    ...(createdAt === null ? {} : { age: ageOf(now - Date.parse(createdAt)) }),
  };
}

function summaryOfKind({ kind, facts }: ObjectView): object {
  const count = (name: string): number => asNumber(own(facts, name)) ?? 0;
  const text = (name: string): string => asString(own(facts, name)) ?? '';
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      return {
        replicas: `${count('readyReplicas')}/${count('replicas')}`,
        available: count('availableReplicas'),
      };
    case 'DaemonSet':
      return {
        replicas: `${count('numberReady')}/${count('desiredNumberScheduled')}`,
        available: count('numberAvailable'),
      };
    case 'Pod':
    case 'container': {
      const containers = (asList(facts['containers']) ?? []).map((one) => asFields(one));
      const restarts = containers.reduce((sum, one) => sum + (asNumber(one?.['restartCount']) ?? 0), 0);
      return { containers: containers.length, restarts, nodeName: text('nodeName'), podIP: text('podIP') };
    }
    case 'Service':
      return {
        type: text('serviceType'),
        clusterIP: text('clusterIP'),
        ports: (asList(facts['ports']) ?? []).length,
      };
    case 'Ingress':
      return {
        class: text('ingressClass'),
        hosts: facts['ingressHosts'] ?? [],
        rules: count('ingressRules'),
        paths: count('ingressPaths'),
        loadBalancerIP: text('loadBalancerIP'),
      };
    case 'Node': {
      const capacity = asFields(facts['nodeCapacity']) ?? {};
      return { cpu: asText(capacity['cpu'] ?? ''), memory: asText(capacity['memory'] ?? '') };
    }
    default:
      return {};
  }
}

/** `5m`, `3h`, `2d` of a time in milliseconds. */
function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes}m`;
  return minutes < 1_440 ? `${Math.floor(minutes / 60)}h` : `${Math.floor(minutes / 1_440)}d`;
}
