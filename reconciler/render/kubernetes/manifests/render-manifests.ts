import type { Position } from '../../../base/diagnostic.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import type { ObjectSpec } from '../../../model/kubernetes/kubernetes-object.ts';
import { isGuarded, objectId } from '../../../model/kubernetes/kubernetes-object.ts';
import type { Dependency, DesiredResource } from '../../../model/resource.ts';
import type { ServiceView } from '../../../model/stack.ts';
import type { DescribedObject } from '../described-objects.ts';
import { impliedCondition, inOrder, namespacesOf, referTo, toResource } from '../described-objects.ts';
import { relateObjects } from '../related-objects.ts';
import { isKept } from './read-manifests.ts';

/** The objects of a chart or an overlay on their cluster. */
export interface PlacedManifest {
  /** Name of the node. */
  readonly target: string;
  /** Line that asks for it. */
  readonly origin: Position;
  readonly objects: readonly ObjectSpec[];
}

/**
 * The resources of charts and overlays, with the namespaces that they live in. Definitions and namespaces come before what uses them, whichever of
 * them makes these. Pure: the same input gives the same resources in the same order.
 */
export function renderManifests(manifests: readonly PlacedManifest[]): readonly DesiredResource[] {
  const byTarget = Map.groupBy(manifests, ({ target }) => target);
  return [...byTarget].flatMap(([target, placed]) => {
    const own = placed.flatMap(({ origin, objects }) =>
      objects.map((spec) => describe(target, spec, origin)),
    );
    const related = relateObjects(own.map(({ spec }) => spec));
    const fitted = own.map((one, index) => ({ ...one, spec: related[index] ?? one.spec }));
    const all = [...namespacesOf(target, fitted), ...fitted].sort(inOrder);
    return all.map((one) => toResource(target, one, needsOf(one, all)));
  });
}

function describe(target: string, spec: ObjectSpec, origin: Position): DescribedObject {
  const id = objectId(target, referTo(spec));
  return { id, spec, origin, shared: false, guarded: isKept(spec) || isGuarded(spec) };
}

/** Kinds that pods read when they start. */
const READ = new Set(['ConfigMap', 'Secret', 'PersistentVolumeClaim']);
/** Kinds that say what accounts may do, in any namespace: a job that begins without its rights uses its tries up. */
const RIGHTS = new Set(['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']);
/** Kinds by which the cluster asks a workload before it does anything for others. */
const ASKING = new Set(['APIService', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']);

/** Returns what comes before an object although nobody says so, as Helm has it. */
function needsOf({ spec }: DescribedObject, all: readonly DescribedObject[]): readonly Dependency[] {
  return all.flatMap((before): readonly Dependency[] => {
    const until = impliedCondition(before.spec, spec) ?? (isBefore(before.spec, spec) ? 'applied' : null);
    return until === null ? [] : [{ id: before.id, until }];
  });
}

function isBefore(before: ObjectSpec, after: ObjectSpec): boolean {
  const isSameSpace = before.metadata.namespace === after.metadata.namespace;
  if (WORKLOADS.has(after.kind)) return RIGHTS.has(before.kind) || (isSameSpace && READ.has(before.kind));
  return ASKING.has(after.kind) && WORKLOADS.has(before.kind);
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']);

/**
 * Workloads among the resources, as services.
 *
 * @param taken names that others of the stack have
 */
export function viewManifests(
  resources: readonly DesiredResource[],
  taken: ReadonlySet<string>,
): readonly ServiceView[] {
  const names = new Set(taken);
  return resources.flatMap(({ id, kind, target, spec }): readonly ServiceView[] => {
    if (!WORKLOADS.has(kind)) return [];
    const name = nameAmong(names, asString(asFields(spec['metadata'])?.['name']) ?? '', kind);
    names.add(name);
    return [{ name, node: target, image: imageOf(spec), dependsOn: [], ports: [], resource: id }];
  });
}

/** Two workloads of one name, in two namespaces or of two kinds, are told apart by kind and number. */
function nameAmong(names: ReadonlySet<string>, name: string, kind: string): string {
  const long = `${name}-${kind.toLowerCase()}`;
  if (!names.has(name)) return name;
  let number = 1;
  const form = () => (number === 1 ? long : `${long}-${number}`);
  while (names.has(form())) number += 1;
  return form();
}

function imageOf(spec: DesiredResource['spec']): string {
  const body = asFields(spec['spec']);
  const template = body?.['template'] ?? asFields(asFields(body?.['jobTemplate'])?.['spec'])?.['template'];
  const [first] = asList(asFields(asFields(template)?.['spec'])?.['containers']) ?? [];
  return asString(asFields(first)?.['image']) ?? '';
}
