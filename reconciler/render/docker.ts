import type { Analysis } from '../config/kombination/analyze.ts';
import type { ImageSpec, NetworkSpec, VolumeSpec } from '../model/docker/docker-spec.ts';
import type { Position } from '../base/diagnostic.ts';
import type { DocumentPath } from '../base/document-path.ts';
import type { NetworkModel, ServiceModel, VolumeModel } from '../config/kombination/kombination.ts';
import { projectOf } from '../config/kombination/kombination.ts';
import type { DesiredResource, ResourceId } from '../model/resource.ts';
import { hashSpec, resourceId } from '../model/resource.ts';
import { numbersOf } from '../config/kombination/replicas.ts';
import type { Lookup } from '../config/kombination/service/env-value.ts';
import type { Spec } from '../model/secret.ts';
import { defined, own } from '../base/values.ts';
import { renderBuiltImages } from './built-image.ts';
import { renderContainer } from './container.ts';
import type { PositionOf } from './names.ts';
import { createPositionOf, engineName, networksOf } from './names.ts';

export interface RenderOptions {
  readonly analysis: Analysis;
  /** Repository path of the kombination. */
  readonly file: string;
  /** `undefined` for references that lead nowhere. */
  readonly lookup: Lookup;
}

/**
 * The Docker resources of a kombination: what is used of its networks and volumes, one image for each reference or
 * build, the containers of each service and part. Pure: the same input gives the same resources in the same order.
 */
export function renderDocker({ analysis, file, lookup }: RenderOptions): readonly DesiredResource[] {
  const { kombination, document } = analysis;
  const positionOf = createPositionOf(document, file);
  const resources = new Map<ResourceId, DesiredResource>();
  const add = (resource: DesiredResource): void => {
    if (!resources.has(resource.id)) resources.set(resource.id, resource);
  };
  for (const service of kombination.services) {
    for (const { name, path } of networksOf(service)) {
      add(
        renderNetwork(projectOf(kombination), service.node, {
          name,
          path,
          model: own(kombination.networks, name),
          positionOf,
        }),
      );
    }
    for (const { mount, path } of service.mounts) {
      if (mount.type !== 'volume') continue;
      const { source: name } = mount;
      add(
        renderVolume(projectOf(kombination), service.node, {
          name,
          path,
          model: own(kombination.volumes, name),
          positionOf,
        }),
      );
    }
  }
  for (const image of renderBuiltImages(analysis, { positionOf, lookup })) add(image);
  const pulled = kombination.services.filter(({ name }) => !analysis.images.has(name));
  for (const image of renderImages(pulled, positionOf)) add(image);
  for (const service of kombination.services) {
    for (const number of numbersOf(service))
      add(renderContainer({ service, number, analysis, positionOf, lookup }));
  }
  return [...resources.values()];
}

interface Part<T> {
  readonly name: string;
  /** Path where it is used; it may be declared nowhere. */
  readonly path: DocumentPath;
  readonly model: T | undefined;
  readonly positionOf: PositionOf;
}

function renderNetwork(
  stack: string,
  node: string,
  { name, path, model, positionOf }: Part<NetworkModel>,
): DesiredResource {
  const spec: NetworkSpec = defined({
    name: engineName(stack, name, model),
    driver: model?.driver === 'bridge' ? undefined : model?.driver,
    internal: model?.internal,
    attachable: model?.attachable,
    driverOpts: model?.driverOpts,
    enableIpv4: model?.enableIpv4,
    enableIpv6: model?.enableIpv6,
    ipam: model?.ipam,
    external: model?.external,
    labels: model?.labels,
  });
  return plain({
    node,
    kind: 'network',
    name,
    spec,
    origin: positionOf(model?.path ?? path),
    external: model?.external,
  });
}

function renderVolume(
  stack: string,
  node: string,
  { name, path, model, positionOf }: Part<VolumeModel>,
): DesiredResource {
  const spec: VolumeSpec = defined({
    name: engineName(stack, name, model),
    driver: model?.driver === 'local' ? undefined : model?.driver,
    driverOpts: model?.driverOpts,
    external: model?.external,
    labels: model?.labels,
  });
  const origin = positionOf(model?.path ?? path);
  return { ...plain({ node, kind: 'volume', name, spec, origin, external: model?.external }), guarded: true };
}

const EAGERNESS = ['never', 'missing', 'always'] as const;

/** One image for each node and reference; the most eager pull policy of its users counts. */
function renderImages(services: readonly ServiceModel[], positionOf: PositionOf): readonly DesiredResource[] {
  const images = new Map<ResourceId, { service: ServiceModel; spec: ImageSpec }>();
  for (const service of services) {
    const reference = service.image ?? '';
    const pullPolicy = service.pullPolicy ?? 'missing';
    const id = resourceId(service.node, 'image', reference);
    const known = images.get(id);
    const platform = known?.spec.platform ?? service.options.platform;
    const eager = known && EAGERNESS.indexOf(known.spec.pullPolicy) >= EAGERNESS.indexOf(pullPolicy);
    const spec = { reference, pullPolicy: eager ? known.spec.pullPolicy : pullPolicy };
    images.set(id, {
      service: known?.service ?? service,
      spec: platform === undefined ? spec : { ...spec, platform },
    });
  }
  return [...images.values()].map(({ service, spec }) => {
    const origin = positionOf([...service.path, 'image']);
    return {
      ...plain({ node: service.node, kind: 'image', name: spec.reference, spec, origin }),
      shared: true,
    };
  });
}

interface Plain {
  readonly node: string;
  readonly kind: string;
  readonly name: string;
  readonly spec: Spec;
  readonly origin: Position;
  readonly external?: boolean | undefined;
}

/** Makes a resource without dependencies. What is external belongs to somebody else, as images do. */
function plain({ node, kind, name, spec, origin, external }: Plain): DesiredResource {
  return {
    id: resourceId(node, kind, name),
    target: node,
    kind,
    name,
    spec,
    hash: hashSpec(spec, []),
    updatable: [],
    dependsOn: [],
    origin,
    ...(external ? { shared: true } : {}),
  };
}
