import type { Diagnostic } from '../base/diagnostic.ts';
import { errorMessage } from '../base/errors.ts';
import type { ContainerSpec } from '../model/docker/docker-spec.ts';
import type { NodeKind, NodeKinds, RenderedObject } from '../model/node-kind.ts';
import type { Dependency, DesiredResource, ResourceId } from '../model/resource.ts';
import { hashSpec, resourceId } from '../model/resource.ts';
import type { TargetReference } from '../model/target.ts';

export interface RenderedExtensions {
  readonly resources: readonly DesiredResource[];
  /** Resources that stand for services, by the id that the container of each would have. */
  readonly services: ReadonlyMap<string, ResourceId>;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ExtensionOptions {
  readonly stack: string;
  readonly targets: readonly TargetReference[];
  readonly kinds: NodeKinds;
}

/** Puts what registered kinds make of services in the place of their Docker resources. Pure, as far as the kinds are. */
export function renderExtensions(
  resources: readonly DesiredResource[],
  { stack, targets, kinds }: ExtensionOptions,
): RenderedExtensions {
  const byNode = new Map(
    targets.flatMap((target): [string, NodeKind][] => {
      const kind = target.kind === 'extension' ? kinds.get(target.type) : undefined;
      return kind?.render ? [[target.name, kind]] : [];
    }),
  );
  if (byNode.size === 0) return { resources, services: new Map(), diagnostics: [] };
  const replaced = new Map<string, readonly DesiredResource[]>();
  const diagnostics: Diagnostic[] = [];
  for (const resource of resources) {
    const kind = byNode.get(resource.target);
    if (kind === undefined) continue;
    if (resource.kind !== 'container') {
      replaced.set(resource.id, []);
      continue;
    }
    try {
      replaced.set(resource.id, renderService(resource, stack, kind));
    } catch (error) {
      const message = `${resource.name} cannot be on a node of type ${kind.kind}: ${errorMessage(error)}`;
      const place = { path: `services.${resource.name}`, ...resource.origin };
      diagnostics.push({ severity: 'error', code: 'UNSUPPORTED_KEY', message, ...place });
    }
  }
  const services = new Map(
    [...replaced].flatMap(([id, [first]]) => (first ? [[id, first.id] as const] : [])),
  );
  const redirect = ({ id, ...rest }: Dependency): readonly Dependency[] => {
    if (!replaced.has(id)) return [{ id, ...rest }];
    const instead = services.get(id);
    return instead === undefined ? [] : [{ id: instead, ...rest }];
  };
  const all = resources
    .flatMap((resource) => replaced.get(resource.id) ?? [resource])
    .map((resource) => ({ ...resource, dependsOn: resource.dependsOn.flatMap(redirect) }));
  return { resources: all, services, diagnostics };
}

function renderService(
  container: DesiredResource,
  stack: string,
  kind: NodeKind,
): readonly DesiredResource[] {
  const { target: node, name, content = [] } = container;
  const spec = container.spec as unknown as ContainerSpec;
  const objects = kind.render?.({ stack, node, name, spec, content }) ?? [];
  if (objects.length === 0) throw new Error('it becomes nothing there');
  const [first, ...others] = objects.map((object) => toResource(container, object));
  if (first === undefined) return [];
  const own = others.map(({ id }): Dependency => ({ id, until: 'applied' }));
  return [{ ...first, dependsOn: [...first.dependsOn, ...own] }, ...others];
}

function toResource(container: DesiredResource, object: RenderedObject): DesiredResource {
  const { target, origin, dependsOn, healthTimeoutMs } = container;
  const { kind, name = container.name, spec, updatable = [], content, guarded } = object;
  return {
    id: resourceId(target, kind, name),
    target,
    kind,
    name,
    spec,
    hash: hashSpec(spec, updatable),
    updatable,
    dependsOn,
    origin,
    ...(healthTimeoutMs === undefined ? {} : { healthTimeoutMs }),
    ...(content === undefined ? {} : { content }),
    ...(guarded === undefined ? {} : { guarded }),
  };
}
