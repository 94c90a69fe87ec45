import type { EngineSnapshot, SeenContainer } from '../../chaos/world/snapshot.ts';
import type { ServiceModel, StackModel, WorldModel } from '../../chaos/world/model.ts';
import { containerOf, IMAGES } from '../../chaos/world/model.ts';
import { textOf } from '../../chaos/world/describe.ts';

/** Three stacks: `s1` with two services, `s2` that needs it, `s3` alone. */
export function buildModel(): WorldModel {
  return {
    counter: 10,
    names: 3,
    stacks: {
      s1: buildStack('s1', { v0: buildService(1), v1: buildService(3, { dependsOn: 'v0', volume: 'data' }) }),
      s2: buildStack('s2', { v0: buildService(5, { network: 'side' }) }, ['s1']),
      s3: buildStack('s3', { v0: buildService(7, { isProbed: true }) }),
    },
  };
}

function buildStack(
  name: string,
  services: StackModel['services'],
  needs: readonly string[] = [],
): StackModel {
  return { directory: `kombinations/${name}`, services, needs, breakage: null };
}

function buildService(revision: number, more: Partial<ServiceModel> = {}): ServiceModel {
  const plain = {
    image: 1,
    volume: null,
    network: null,
    dependsOn: null,
    isProbed: false,
    containerName: null,
  } as const;
  return { revision, content: revision + 1, ...plain, ...more };
}

/** An engine that runs what the model says. */
export function buildSnapshot(model: WorldModel): EngineSnapshot {
  const containers = Object.entries(model.stacks).flatMap(([stack, { services }]) =>
    Object.entries(services).map(([service, described]) => buildContainer(stack, service, described)),
  );
  return {
    containers,
    networks: [...new Set(containers.flatMap(({ networks }) => networks))].toSorted(),
    volumes: [...new Set(containers.flatMap(({ volumes }) => volumes))].toSorted(),
  };
}

function buildContainer(stack: string, service: string, described: ServiceModel): SeenContainer {
  return {
    id: `${stack}-${service}`,
    name: containerOf(stack, service, described),
    stack,
    image: IMAGES[described.image],
    status: 'running',
    health: described.isProbed ? 'healthy' : null,
    revision: String(described.revision),
    content: textOf(described.content),
    volumes: described.volume === null ? [] : [`${stack}_${described.volume}`],
    networks: [`${stack}_default`, ...(described.network === null ? [] : [`${stack}_${described.network}`])],
  };
}
