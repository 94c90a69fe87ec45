import type { ObjectView, ServiceStatus, StackResource } from '../../../reconciler/index.ts';
import { asFields, asList, asNumber, asString, isReconcilerError } from '../../../reconciler/index.ts';
import type { ApiDeps } from '../deps.ts';
import type { SilentNode } from '../objects.ts';
import { silentNodes } from '../objects.ts';

/** A container or a pod that a resource runs in. */
export interface RunPlace {
  readonly kind: 'container' | 'pod';
  readonly name: string;
  /** Id of the object in the inventory. */
  readonly id: string;
  readonly status: string;
  readonly message: string | null;
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly restarts: number | null;
  readonly image: string | null;
  /** `8080:80/tcp`, or `80/tcp` where it is not published. */
  readonly ports: readonly string[];
}

export interface PlacedResource extends StackResource {
  readonly places: readonly RunPlace[];
}

export interface ServiceTree {
  readonly service: ServiceStatus;
  readonly message: string | null;
  readonly addresses: readonly string[];
  readonly resources: readonly PlacedResource[];
}

export interface StackTree {
  readonly services: readonly ServiceTree[];
  readonly others: readonly PlacedResource[];
  /** Nodes of the stack that tell nothing at the moment: what runs there is what was there before, or nothing. */
  readonly silent: readonly SilentNode[];
}

/** Reads what a stack has, service by service, with the containers and pods that it runs in. From memory, but for the first look. Throws UNKNOWN_STACK. */
export async function readStackTree(deps: ApiDeps, stack: string, signal: AbortSignal): Promise<StackTree> {
  const { reconciler } = deps;
  const row = reconciler.getStackRow(stack);
  await reconciler.openInventory(signal);
  const placesOf = createPlaceFinder(deps, reconciler.objectsOfStack(stack));
  const resources = reconciler.stackResources(stack).map((one): PlacedResource => ({
    ...one,
    message: one.message ?? wordsOf(one.status),
    places: placesOf(one),
  }));
  const addresses = reconciler.addresses(stack);
  const nodes = new Set(row.nodes.map(({ name }) => name));
  return {
    services: row.services.map((service) => ({
      service,
      message: service.reason ?? wordsOf(service.health),
      addresses: addresses.filter((one) => one.service === service.name).map(({ address }) => address),
      resources: resources.filter(({ services }) => services.includes(service.name)),
    })),
    others: resources.filter(({ services }) => services.length === 0),
    silent: silentNodes(deps).filter(({ node }) => nodes.has(node)),
  };
}

/** Words for states that come without a reason; `null` where there is nothing to explain. */
function wordsOf(status: StackResource['status']): string | null {
  switch (status) {
    case 'healthy':
    case 'completed':
      return null;
    case 'missing':
      return 'it is not there';
    case 'starting':
      return 'it has started, and does not count as well yet';
    case 'stopped':
      return 'it does not run: it has ended, or somebody stopped it';
    case 'unhealthy':
      return 'it runs, but its own check fails';
    case 'failed':
      return 'it has ended with an error, or cannot start';
    case 'unknown':
      return 'nobody has looked at it yet';
    default:
      return status satisfies never;
  }
}

/** Label of what an engine has of ours: `kind/name`. */
const NAME_LABEL = 'io.kombinator.name';

function createPlaceFinder(
  deps: ApiDeps,
  objects: readonly ObjectView[],
): (resource: StackResource) => readonly RunPlace[] {
  const byName = Map.groupBy(objects, nameOf);
  return (resource) => {
    const { id, kind, node } = resource;
    const named = byName.get(id.slice(id.indexOf('/') + 1)) ?? [];
    // A node may have several names, under one of which it is watched.
    const here = named.some((one) => one.node === node) ? named.filter((one) => one.node === node) : named;
    if (kind === 'container') return here.map((one) => toPlace('container', one, resource));
    return here.flatMap((one) => podsOf(deps, one)).map((pod) => toPlace('pod', pod, null));
  };
}

/** Returns what an object is called in ids of resources, without its node. */
function nameOf({ kind, name, namespace, labels, apiVersion, owners }: ObjectView): string {
  const label = labels[NAME_LABEL];
  if (label !== undefined) return label;
  // Objects of clusters that others have made have no resource of their own.
  if (owners.length > 0) return '';
  const group = apiVersion.includes('/') ? (apiVersion.split('/', 1)[0] ?? '') : '';
  const isBuiltIn = !group.includes('.') || group.endsWith('.k8s.io');
  const qualified = isBuiltIn ? kind : `${kind}.${group}`;
  return `${qualified}/${namespace === null ? name : `${namespace}/${name}`}`;
}

/** Runs of a schedule whose pods are shown. */
const MAX_RUNS = 3;

/** Pods of an object, also those of the newest jobs of a schedule. */
function podsOf(deps: ApiDeps, object: ObjectView): readonly ObjectView[] {
  if (object.kind === 'Pod') return [object];
  const { reconciler } = deps;
  if (!RUNNERS.has(object.kind)) return [];
  try {
    const { children } = reconciler.childrenOfObject(object.id);
    if (object.kind !== 'CronJob') return children;
    const newest = children.toSorted((a, b) => ((a.createdAt ?? '') < (b.createdAt ?? '') ? 1 : -1));
    return newest.slice(0, MAX_RUNS).flatMap((job) => podsOf(deps, job));
  } catch (error) {
    // It has gone since it was listed.
    if (isReconcilerError(error, 'UNKNOWN_OBJECT')) return [];
    throw error;
  }
}

/** Kinds that have pods below them. */
const RUNNERS: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'Job',
  'CronJob',
]);

/** @param seen resource of a container, whose own looks tell more than lists of its engine; `null`: a pod */
function toPlace(kind: RunPlace['kind'], object: ObjectView, seen: StackResource | null): RunPlace {
  const { id, name, status, message, createdAt, facts } = object;
  const containers = (asList(facts['containers']) ?? []).map((one) => asFields(one) ?? {});
  const counted = containers.map((one) => asNumber(one['restartCount']) ?? 0);
  const restarts = kind === 'pod' ? counted.reduce((sum, one) => sum + one, 0) : (seen?.restarts ?? null);
  return {
    kind,
    id,
    name,
    status,
    message,
    createdAt,
    startedAt: asString(facts['startTime']) ?? seen?.startedAt ?? null,
    restarts,
    image: asString(containers[0]?.['image']) ?? null,
    ports: containers.flatMap((one) => (asList(one['ports']) ?? []).flatMap(toPort)),
  };
}

function toPort(item: unknown): readonly string[] {
  const port = asFields(item) ?? {};
  const inside = asNumber(port['containerPort']);
  if (inside === undefined) return [];
  const outside = asNumber(port['hostPort']);
  const protocol = (asString(port['protocol']) ?? 'tcp').toLowerCase();
  return [`${outside === undefined ? '' : `${outside}:`}${inside}/${protocol}`];
}
