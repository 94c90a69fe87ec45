import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asString, compareText, own } from '../../base/values.ts';
import type { DesiredResource, Health, ResourceId } from '../../model/resource.ts';
import type { DesiredStack, ServiceView } from '../../model/stack.ts';
import type { StackResource } from '../../public/live/resources.ts';
import type { RunContext } from '../context.ts';
import { resourcesOf } from '../observe/service-health.ts';
import type { Sighting } from '../stack-table.ts';

/** Lists what a stack has, or is to have, by id: what is described, and what was seen besides. */
export function listStackResources({ desired, stacks }: RunContext, stack: string): readonly StackResource[] {
  const description = desired.get(stack);
  const seen = stacks.seen(stack);
  if (description === undefined && seen === null)
    throw new ReconcilerError('UNKNOWN_STACK', `there is no stack ${stack}`);
  const described = description?.resources ?? [];
  const servicesOf = createServiceFinder(description);
  const known = new Map<string, Place>(described.map((one) => [one.id, toPlace(one, servicesOf(one))]));
  for (const id of seen?.health.keys() ?? []) if (!known.has(id)) known.set(id, readPlace(id));
  return [...known.values()]
    .map((place): StackResource => ({ ...place, ...standing(place, seen) }))
    .sort((a, b) => compareText(a.id, b.id));
}

type Place = Pick<StackResource, 'id' | 'kind' | 'name' | 'node' | 'services'>;

function toPlace({ id, kind, name, target }: DesiredResource, services: readonly string[]): Place {
  return { id, kind, name, node: target, services };
}

/** Nothing describes it any more: its id has all that is left to say of it. */
function readPlace(id: string): Place {
  const [node = '', kind = '', ...name] = id.split('/');
  return { id, kind, name: name.join('/'), node, services: [] };
}

function standing({ id, node }: Place, seen: Sighting | null): Omit<StackResource, keyof Place> {
  const change = seen?.changes.get(id as ResourceId) ?? null;
  const away = seen?.away.get(node);
  if (away !== undefined) return { status: 'unknown', message: away, change };
  const health = seen?.health.get(id as ResourceId);
  if (health === undefined)
    return { status: seen?.observedAt === undefined ? 'unknown' : 'missing', message: null, change };
  return {
    status: health.status,
    message: health.reason ?? null,
    change,
    ...runOf(health, seen?.observedAt),
  };
}

function runOf(
  { run }: Health,
  observedAt: number | undefined,
): Pick<StackResource, 'startedAt' | 'restarts'> {
  if (run === undefined) return {};
  const { restarts, runningMs } = run;
  if (runningMs === 0 || observedAt === undefined) return { restarts };
  return { restarts, startedAt: new Date(observedAt - runningMs).toISOString() };
}

/** Kinds that belong to a stack as a whole, however few of its services use them. */
const OF_STACKS: ReadonlySet<string> = new Set(['network', 'volume', 'Namespace']);

/** Finds services by what they run in, by the label that objects of one service share, and by what needs them. */
function createServiceFinder(
  description: DesiredStack | undefined,
): (resource: DesiredResource) => readonly string[] {
  const { services = [], resources = [] } = description ?? {};
  const byId = new Map<string, string>(
    services.flatMap((service) => resourcesOf(service).map((id) => [id, service.name] as const)),
  );
  const byLabel = labelsOf(services, resources);
  const users = new Map<string, Set<string>>();
  for (const { id, dependsOn } of resources) {
    const service = byId.get(id);
    if (service === undefined) continue;
    for (const { id: needed } of dependsOn) users.set(needed, (users.get(needed) ?? new Set()).add(service));
  }
  return (resource) => {
    const { id, kind } = resource;
    if (OF_STACKS.has(kind)) return [];
    const known = byId.get(id) ?? byLabel.get(labelOf(resource) ?? '');
    if (known !== undefined) return [known];
    const uses = [...(users.get(id) ?? [])].filter((name) => byId.get(id) !== name);
    // An image is of each that runs it; another object that several use is of none.
    return kind === 'image' || uses.length === 1 ? uses.sort() : [];
  };
}

function labelsOf(
  services: readonly ServiceView[],
  resources: readonly DesiredResource[],
): ReadonlyMap<string, string> {
  const byId = new Map<string, DesiredResource>(resources.map((one) => [one.id, one]));
  return new Map(
    services.flatMap((service) => {
      const runner = byId.get(service.resource);
      const label = runner === undefined ? null : labelOf(runner);
      return label === null ? [] : [[label, service.name] as const];
    }),
  );
}

/** Returns the node and the label by which the objects of a service on a cluster are known; `null`: it has none. */
function labelOf({ spec, target, kind }: DesiredResource): string | null {
  if (kind === 'container') return null;
  const labels = asFields(asFields(spec['metadata'])?.['labels']) ?? {};
  // A Service of a workflow is known by the pods that it leads to.
  const selected = kind === 'Service' ? (asFields(asFields(spec['spec'])?.['selector']) ?? {}) : {};
  const name =
    asString(own(labels, 'app.kubernetes.io/name')) ??
    asString(own(labels, 'app')) ??
    asString(own(selected, 'app'));
  return name === undefined ? null : `${target} ${name}`;
}
