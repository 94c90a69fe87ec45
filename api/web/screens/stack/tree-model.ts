import type { HealthWord, StackDetail } from '../../client/api-types.ts';
import type { PlaceView, ResourceView, ServiceTreeView, StackTreeView } from '../../client/run-types.ts';
import type { Words } from '../../client/words.ts';
import { HEALTH } from '../../client/words.ts';

/** One line of the tree, and the lines below it. */
export interface Branch {
  readonly id: string;
  /** `service`, `volume`, `pod`; empty where the name says it all. */
  readonly kind: string;
  readonly name: string;
  readonly health: HealthWord | null;
  /** Word for the state; `null` for lines that only hold others together. */
  readonly words: Words | null;
  /** Reason for the state, in words. */
  readonly message: string | null;
  /** True where this line, or one below it, wants attention. */
  readonly isUnwell: boolean;
  /** Short facts: an image, ports, a node. */
  readonly facts: readonly string[];
  readonly startedAt: string | null;
  /** Service whose logs and terminal can be opened here. */
  readonly service: string | null;
  readonly addresses: readonly string[];
  readonly children: readonly Branch[];
}

/** States by how urgent they are, the least first. */
const URGENCY: readonly HealthWord[] = [
  'healthy',
  'completed',
  'stopped',
  'starting',
  'unknown',
  'missing',
  'unhealthy',
  'failed',
];

const CALM: ReadonlySet<HealthWord> = new Set(['healthy', 'completed', 'stopped']);

const CHANGES = {
  create: 'will be created',
  update: 'will be updated',
  replace: 'will be replaced',
  delete: 'will be removed',
} as const;

/** Lines of everything that a stack has, those that want attention first. */
export function growTree({ services, others }: StackTreeView, stack: StackDetail): readonly Branch[] {
  const known = new Map(stack.services.map((service) => [service.name, service]));
  const grown = services.map((service) => {
    const { replicas = 1, image } = known.get(service.name) ?? {};
    return growService(service, [
      ...(image === undefined ? [] : [image]),
      ...(replicas > 1 ? [`${replicas} replicas`] : []),
    ]);
  });
  return [...worstFirst(grown), ...growOthers(others)];
}

/** Lines of the services alone, where nobody tells more. */
export function growServices({ services }: StackDetail): readonly Branch[] {
  return worstFirst(
    services.map(({ name, node, status, message, image, ports }) =>
      growService({ name, node, status, message, addresses: [], resources: [] }, [image, ...ports]),
    ),
  );
}

function worstFirst(branches: readonly Branch[]): readonly Branch[] {
  const urgency = ({ health }: Branch): number => (health === null ? -1 : URGENCY.indexOf(health));
  return branches.toSorted((a, b) => urgency(b) - urgency(a) || a.name.localeCompare(b.name));
}

function growService(service: ServiceTreeView, facts: readonly string[]): Branch {
  const { name, node, status, message, addresses, resources } = service;
  // Images come last: they tell least.
  const children = resources
    .map((resource) => growResource(resource, name))
    .toSorted((a, b) => Number(a.kind === 'image') - Number(b.kind === 'image'));
  return {
    id: `service ${name}`,
    kind: 'service',
    name,
    ...standing(status, message),
    isUnwell: !CALM.has(status) || children.some(({ isUnwell }) => isUnwell),
    facts: [...facts, `on ${node}`],
    startedAt: null,
    service: name,
    addresses,
    children,
  };
}

function growOthers(others: readonly ResourceView[]): readonly Branch[] {
  if (others.length === 0) return [];
  const children = worstFirst(others.map((resource) => growResource(resource, null)));
  return [
    {
      id: 'others',
      kind: '',
      name: 'Shared by all services',
      health: null,
      words: null,
      message: null,
      isUnwell: children.some(({ isUnwell }) => isUnwell),
      facts: [countKinds(others)],
      startedAt: null,
      service: null,
      addresses: [],
      children,
    },
  ];
}

function countKinds(resources: readonly ResourceView[]): string {
  const kinds = Map.groupBy(resources, ({ kind }) => kind);
  return [...kinds]
    .map(([kind, { length }]) => (length === 1 ? `1 ${kind}` : `${length} ${kind}s`))
    .join(', ');
}

/** Kinds that run, even where nothing is known of their containers and pods. */
const RUN: ReadonlySet<string> = new Set(['container', 'Deployment', 'StatefulSet', 'DaemonSet', 'Pod']);
const IN_PLACE: Words = { label: 'In place', tone: 'good', meaning: 'It is there as described.' };

function growResource(resource: ResourceView, service: string | null): Branch {
  const { id, kind, name, node, status, message, change, places } = resource;
  const children = places.map((place) => growPlace(place, `${service} ${id}`));
  return {
    id: `resource ${service} ${id}`,
    kind,
    name,
    ...standing(status, message),
    ...(status === 'healthy' && !RUN.has(kind) && places.length === 0 ? { words: IN_PLACE } : {}),
    isUnwell: !CALM.has(status) || change !== undefined || children.some(({ isUnwell }) => isUnwell),
    facts: [...(change === undefined ? [] : [CHANGES[change]]), ...(service === null ? [`on ${node}`] : [])],
    startedAt: null,
    service: null,
    addresses: [],
    children,
  };
}

/** Words of the inventory for how an object is, in ours. */
const PLACES: Readonly<Record<string, HealthWord>> = {
  running: 'healthy',
  completed: 'completed',
  pending: 'starting',
  warning: 'unhealthy',
  failed: 'failed',
  deleted: 'missing',
};

function growPlace(
  { kind, id, name, status, message, started_at: startedAt, restarts, image, ports }: PlaceView,
  above: string,
): Branch {
  const health = PLACES[status] ?? 'unknown';
  const again =
    restarts === null || restarts === 0
      ? []
      : [restarts === 1 ? 'restarted once' : `restarted ${restarts} times`];
  return {
    id: `place ${above} ${id}`,
    kind,
    name,
    health,
    words:
      health === 'healthy' ? { ...HEALTH.healthy, label: 'Running', meaning: 'It runs.' } : HEALTH[health],
    message,
    isUnwell: !CALM.has(health),
    facts: [...(image === null ? [] : [image]), ...ports, ...again],
    startedAt,
    service: null,
    addresses: [],
    children: [],
  };
}

function standing(health: HealthWord, message: string | null): Pick<Branch, 'health' | 'words' | 'message'> {
  return { health, words: HEALTH[health], message };
}
