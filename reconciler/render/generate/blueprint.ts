import { own } from '../../base/values.ts';
import type { Lookup } from '../../config/kombination/service/env-value.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import type { BuildModel } from '../../config/kombination/service/build-model.ts';
import { clusterOf } from '../../config/kombination/cluster-node.ts';
import type { ContainerSpec, NetworkSpec, VolumeSpec } from '../../model/docker/docker-spec.ts';
import { joinPath, directoryOf } from '../../config/file-tree.ts';
import type { DependencyCondition, DesiredResource } from '../../model/resource.ts';
import type { ServiceModel } from '../../config/kombination/kombination.ts';
import { replicaNumber } from '../../model/rollout.ts';
import { hostOf } from '../../config/kombination/route.ts';
import { Secret } from '../../model/secret.ts';
import type { TargetReference } from '../../model/target.ts';
import { renderDocker } from '../docker.ts';
import type { Mark, Variables } from './variables.ts';
import { createVariables, markReference } from './variables.ts';

/** A stack as generators see it: everything that would be made, with names of variables where secrets would be. */
export interface Blueprint {
  readonly stack: string;
  readonly stackkit: string;
  readonly domain: string;
  /** Repository path of the kombination. */
  readonly file: string;
  readonly targets: readonly TargetReference[];
  readonly services: readonly BlueprintService[];
  readonly networks: readonly BlueprintPart<NetworkSpec>[];
  readonly volumes: readonly BlueprintPart<VolumeSpec>[];
  readonly variables: Variables;
  /** The name that the document gives a volume on its target. */
  readonly called: (volume: string) => string | undefined;
  /** Content of a file of the repository, or of a text in the document. */
  readonly content: (blob: string) => Uint8Array;
}

export interface BlueprintPart<T> {
  /** Name inside the stack. */
  readonly name: string;
  readonly target: string;
  readonly spec: T;
}

export interface BlueprintService extends BlueprintPart<ContainerSpec> {
  /** Services it waits for. */
  readonly dependsOn: readonly { readonly service: string; readonly until: DependencyCondition }[];
  /** True when others wait for its end. */
  readonly oneShot: boolean;
  /** Containers of the service. */
  readonly replicas: number;
  readonly model: ServiceModel;
  /** Host name and port of its route. */
  readonly host: string | undefined;
  readonly routedPort: number | undefined;
  readonly build?: BlueprintBuild;
}

/** A build with its context from the root of the repository. */
export interface BlueprintBuild extends Omit<BuildModel, 'path' | 'secrets'> {
  /** Secrets that its steps may read, by id. */
  readonly secrets: readonly { readonly id: string; readonly reference: string }[];
  /** Names for the image, the first one that others would use. */
  readonly names: readonly string[];
}

/** Blobs that generated files hold, each once. */
export function blobsOf(analysis: Analysis): readonly string[] {
  const { files, inline } = analysis.serviceFiles;
  const blobs = [...files.values()].flat().map(({ spec }) => spec.blob);
  return [...new Set(blobs)].filter((blob) => !inline.has(blob));
}

/**
 * No secret is looked up: a mark stands wherever one would be.
 *
 * @param mark what stands for a reference
 */
export function buildBlueprint(
  analysis: Analysis,
  file: string,
  content: (blob: string) => Uint8Array,
  mark: Mark = markReference,
): Blueprint {
  const { kombination, targets } = analysis;
  const variables = createVariables();
  const lookup: Lookup = (reference, fallback) => {
    const marked = mark(reference, fallback);
    return marked === undefined ? undefined : new Secret(marked, reference);
  };
  const resources = renderDocker({ analysis, file, lookup });
  // One stands for all of a service.
  const containers = resources.filter(({ kind, name }) => kind === 'container' && replicaNumber(name) === 1);
  const awaited = new Set(
    containers.flatMap(({ dependsOn }) =>
      dependsOn.filter(({ until }) => until === 'completed').map(({ id }) => id),
    ),
  );
  const names = new Map(containers.map(({ id, name }) => [id, name]));
  const services = containers.flatMap((container): BlueprintService[] => {
    const build = buildOf(analysis, container.name, file);
    const model = kombination.services.find(({ name }) => name === container.name);
    if (!model) return [];
    const isRouted = model.route !== undefined && model.route !== false && !!clusterOf(kombination, model);
    return [
      {
        ...partOf<ContainerSpec>(container),
        oneShot: awaited.has(container.id),
        replicas: model.replicas ?? 1,
        model,
        host: isRouted ? hostOf(model, kombination.domain) : undefined,
        routedPort: isRouted && model.route ? model.route.port : undefined,
        dependsOn: container.dependsOn.flatMap(({ id, until }) => {
          const service = names.get(id);
          // The others only occur in plans.
          const condition = until === 'healthy' || until === 'completed' ? until : 'applied';
          return service === undefined ? [] : [{ service, until: condition }];
        }),
        ...(build ? { build } : {}),
      },
    ];
  });
  return {
    stack: kombination.name,
    stackkit: kombination.stackkit,
    domain: kombination.domain,
    file,
    targets,
    services,
    networks: resources.filter(({ kind }) => kind === 'network').map(partOf<NetworkSpec>),
    volumes: resources.filter(({ kind }) => kind === 'volume').map(partOf<VolumeSpec>),
    variables,
    called: (volume) => own(kombination.volumes, volume)?.name,
    content,
  };
}

/** Returns what the renderer writes for this kind of resource. */
function partOf<T>({ name, target, spec }: DesiredResource): BlueprintPart<T> {
  return { name, target, spec: spec as T };
}

function buildOf(
  { kombination, images, secrets }: Analysis,
  name: string,
  file: string,
): BlueprintBuild | undefined {
  const built = images.get(name);
  const owner = kombination.services.find((service) => service.name === built?.spec.service);
  if (!built || !owner?.build) return undefined;
  const { path: _, secrets: __, context, ...rest } = owner.build;
  const own = built.spec.reference.split(':')[0] ?? built.spec.reference;
  const names = [...(built.spec.tags ?? []), `${own}:latest`];
  const shown = (secrets.built.get(owner.name) ?? []).map(({ use, reference }) => {
    return { id: use.target, reference };
  });
  const { remote } = built.spec.build;
  const place = joinPath(directoryOf(file), context) ?? context;
  return {
    ...rest,
    context: remote ?? place,
    ...(remote === undefined ? {} : { remote }),
    names,
    secrets: shown,
  };
}
