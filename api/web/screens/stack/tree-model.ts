import type { HealthWord, ServiceView, StackDetail } from '../../client/api-types.ts';
import type { PlaceView, ResourceView, ServiceTreeView, StackTreeView } from '../../client/run-types.ts';
import type { Words } from '../../client/words.ts';
import { count, HEALTH } from '../../client/words.ts';

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

/** The thing around a line that explains how it is. */
interface Circumstances {
  /** True while a change is being made. */
  readonly isApplying: boolean;
  /** True until something of the stack was deployed: what is missing is only not made yet. */
  readonly isFirst: boolean;
  /** Nodes that tell nothing at the moment. */
  readonly silent: ReadonlySet<string>;
}

function circumstancesOf(
  { state, deployment, nodes }: StackDetail,
  silent: StackTreeView['silent'] = [],
): Circumstances {
  const isApplying = state === 'applying';
  return {
    isApplying,
    isFirst: deployment === null && (isApplying || state === 'pending'),
    silent: new Set([
      ...silent.map(({ node }) => node),
      ...nodes.filter(({ status }) => status === 'offline').map(({ name }) => name),
    ]),
  };
}

/** Lines of everything that a stack has, those that want attention first. */
export function growTree({ services, others, silent }: StackTreeView, stack: StackDetail): readonly Branch[] {
  const known = new Map(stack.services.map((service) => [service.name, service]));
  const around = circumstancesOf(stack, silent);
  const grown = services.map((service) => {
    const described = known.get(service.name);
    const facts =
      described === undefined
        ? []
        : [tellImage(described), ...(described.replicas > 1 ? [`${described.replicas} replicas`] : [])];
    return growService(service, facts, around);
  });
  return [...worstFirst(grown), ...growOthers(others, around)];
}

/** The image that is described, and the one that runs where that is another one. */
function tellImage({ image, running_image: running }: Pick<ServiceView, 'image' | 'running_image'>): string {
  return running === null || running === image ? image : `runs ${running}, should be ${image}`;
}

/** Lines of the services alone, where nobody tells more. */
export function growServices(stack: StackDetail): readonly Branch[] {
  const around = circumstancesOf(stack);
  return worstFirst(
    stack.services.map((service) => {
      const { name, node, status, message, ports } = service;
      const own = { name, node, status, message, addresses: [], resources: [] };
      return growService(own, [tellImage(service), ...ports], around);
    }),
  );
}

function worstFirst(branches: readonly Branch[]): readonly Branch[] {
  const urgency = ({ health }: Branch): number => (health === null ? -1 : URGENCY.indexOf(health));
  return branches.toSorted((a, b) => urgency(b) - urgency(a) || a.name.localeCompare(b.name));
}

function growService(service: ServiceTreeView, facts: readonly string[], around: Circumstances): Branch {
  const { name, node, addresses, resources } = service;
  const stands = standing(service, around);
  // Images come last: they tell least.
  const children = resources
    .map((resource) => growResource(resource, name, around))
    .toSorted((a, b) => Number(a.kind === 'image') - Number(b.kind === 'image'));
  return {
    id: `service ${name}`,
    kind: 'service',
    name,
    ...stands,
    isUnwell: !CALM.has(stands.health) || children.some(({ isUnwell }) => isUnwell),
    facts: [...facts, `on ${node}`],
    startedAt: null,
    service: name,
    addresses,
    children,
  };
}

function growOthers(others: readonly ResourceView[], around: Circumstances): readonly Branch[] {
  if (others.length === 0) return [];
  const children = worstFirst(others.map((resource) => growResource(resource, null, around)));
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
  return [...kinds].map(([kind, { length }]) => count(length, kind)).join(', ');
}

/** Kinds that run, even where nothing is known of their containers and pods. */
const RUN: ReadonlySet<string> = new Set(['container', 'Deployment', 'StatefulSet', 'DaemonSet', 'Pod']);
const IN_PLACE: Words = { label: 'In place', tone: 'good', meaning: 'It is there as described.' };

function growResource(resource: ResourceView, service: string | null, around: Circumstances): Branch {
  const { id, kind, name, node, status, change, places } = resource;
  const children = places.map((place) =>
    growPlace(place, `${service} ${id}`, isReplaced(place, places, around)),
  );
  const stands = standing(resource, around);
  return {
    id: `resource ${service} ${id}`,
    kind,
    name,
    ...stands,
    // The service above it says it once.
    ...(service !== null && isSilent(resource, around) ? { message: null } : {}),
    ...(status === 'healthy' && !RUN.has(kind) && places.length === 0 ? { words: IN_PLACE } : {}),
    isUnwell: !CALM.has(stands.health) || change !== undefined || children.some(({ isUnwell }) => isUnwell),
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

/** Returns whether what ended was ended by a change: the one that takes its place is beside it. */
function isReplaced(place: PlaceView, places: readonly PlaceView[], { isApplying }: Circumstances): boolean {
  if (place.status !== 'failed' && place.status !== 'completed') return false;
  const follows = places.filter(
    ({ id, status }) => id !== place.id && (status === 'running' || status === 'pending'),
  );
  return follows.some(({ name }) => name === `${place.name}.next`) || (isApplying && follows.length > 0);
}

function growPlace(place: PlaceView, above: string, isBeingReplaced: boolean): Branch {
  const { kind, id, name, status, message, started_at: startedAt, restarts, image, ports } = place;
  const health = isBeingReplaced ? 'starting' : (PLACES[status] ?? 'unknown');
  const again =
    restarts === null || restarts === 0
      ? []
      : [restarts === 1 ? 'restarted once' : `restarted ${restarts} times`];
  return {
    id: `place ${above} ${id}`,
    kind,
    name,
    health,
    words: isBeingReplaced
      ? REPLACED
      : health === 'healthy'
        ? { ...HEALTH.healthy, label: 'Running', meaning: 'It runs.' }
        : HEALTH[health],
    message: isBeingReplaced ? null : message,
    isUnwell: !CALM.has(health),
    facts: [...(image === null ? [] : [image]), ...ports, ...again],
    startedAt,
    service: null,
    addresses: [],
    children: [],
  };
}

const REPLACED: Words = { label: 'Being replaced', tone: 'busy', meaning: 'A new one takes its place.' };
const NOT_MADE: Words = {
  label: 'Not made yet',
  tone: 'calm',
  meaning: 'It is made by the first deployment.',
};
const NOT_SEEN: Words = { label: 'Not seen', tone: 'warn', meaning: 'Its node does not answer.' };

/** Signals by which a change ends what runs: SIGTERM and SIGKILL, as exit codes. */
const ENDED = /exited with (?:143|137)\b/;

interface Standing {
  readonly health: HealthWord;
  readonly words: Words;
  readonly message: string | null;
}

type Standable = Pick<ResourceView, 'node' | 'status' | 'message'>;

/** Returns whether nothing is known of it since its node tells nothing. */
function isSilent({ node, status }: Standable, { silent }: Circumstances): boolean {
  return silent.has(node) && (status === 'missing' || status === 'unknown');
}

/** The state of something, under the circumstances. */
function standing(of: Standable, around: Circumstances): Standing {
  const { node, status, message } = of;
  if (isSilent(of, around)) return { health: 'unknown', words: NOT_SEEN, message: `${node} does not answer` };
  if (status === 'missing' && around.isFirst) return { health: 'unknown', words: NOT_MADE, message: null };
  if (status === 'failed' && around.isApplying && message !== null && ENDED.test(message))
    return { health: 'starting', words: REPLACED, message: null };
  return { health: status, words: HEALTH[status], message };
}
