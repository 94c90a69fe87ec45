import type { ContainerInfo } from 'dockerode';
import type { Engine } from '../engine/engine.ts';
import type { Adoptions } from './adoptions.ts';
import { withOwnLabels } from './adoptions.ts';
import type { Labels } from '../labels.ts';
import { LABEL } from '../labels.ts';

/** The engine, which shows the objects of adopted projects as those of the stacks that adopted them. */
export function createAdoptingEngine(engine: Engine, adoptions: Adoptions): Engine {
  return {
    ...engine,
    ...containerCalls(engine, adoptions),
    ...networkCalls(engine, adoptions),
    ...volumeCalls(engine, adoptions),
  };
}

type ContainerCalls = Pick<
  Engine,
  'listContainers' | 'findContainers' | 'containersNamed' | 'findPublishers' | 'inspectContainer'
>;

function containerCalls(engine: Engine, adoptions: Adoptions): ContainerCalls {
  const shown = (info: ContainerInfo): ContainerInfo => {
    const name = info.Names.find((one) => one.lastIndexOf('/') === 0)?.slice(1) ?? info.Id;
    const labels = withOwnLabels(adoptions, 'container', name, info);
    return labels === info.Labels ? info : { ...info, Labels: labels ?? {} };
  };
  const adopted = async (stack: string | null, signal: AbortSignal) => {
    const list = (project: string) => engine.containersOfProject(project, signal);
    return (await ofProjects(adoptions, stack, list)).map(shown).filter(isAdopted);
  };
  return {
    async listContainers(stack, signal) {
      const [own, others] = await Promise.all([engine.listContainers(stack, signal), adopted(stack, signal)]);
      return [...own, ...others];
    },
    async findContainers(stack, name, signal) {
      const [own, others] = await Promise.all([
        engine.findContainers(stack, name, signal),
        adopted(stack, signal),
      ]);
      return [...own, ...others.filter(({ Labels }) => Labels[LABEL.name] === `container/${name}`)];
    },
    containersNamed: async (names, signal) => (await engine.containersNamed(names, signal)).map(shown),
    findPublishers: async (port, signal) => (await engine.findPublishers(port, signal)).map(shown),
    async inspectContainer(id, signal) {
      const found = await engine.inspectContainer(id, signal);
      if (found === null) return null;
      const { Config } = found;
      const labels = withOwnLabels(adoptions, 'container', found.Name.slice(1), Config);
      return labels === Config.Labels ? found : { ...found, Config: { ...Config, Labels: labels ?? {} } };
    },
  };
}

type NetworkCalls = Pick<Engine, 'listNetworks' | 'networksNamed' | 'inspectNetwork'>;

function networkCalls(engine: Engine, adoptions: Adoptions): NetworkCalls {
  const shown = <T extends Named>(network: T): T => withShown(adoptions, 'network', network);
  return {
    async listNetworks(stack, signal) {
      const list = (project: string) => engine.networksOfProject(project, signal);
      const [own, others] = await Promise.all([
        engine.listNetworks(stack, signal),
        ofProjects(adoptions, stack, list),
      ]);
      return [...own, ...others.map(shown).filter(isAdopted)];
    },
    networksNamed: async (names, signal) => (await engine.networksNamed(names, signal)).map(shown),
    async inspectNetwork(nameOrId, signal) {
      const found = await engine.inspectNetwork(nameOrId, signal);
      return found && shown(found);
    },
  };
}

type VolumeCalls = Pick<Engine, 'listVolumes' | 'volumesNamed' | 'inspectVolume'>;

function volumeCalls(engine: Engine, adoptions: Adoptions): VolumeCalls {
  const shown = <T extends Named>(volume: T): T => withShown(adoptions, 'volume', volume);
  return {
    async listVolumes(stack, signal) {
      const list = (project: string) => engine.volumesOfProject(project, signal);
      const [own, others] = await Promise.all([
        engine.listVolumes(stack, signal),
        ofProjects(adoptions, stack, list),
      ]);
      return [...own, ...others.map(shown).filter(isAdopted)];
    },
    volumesNamed: async (names, signal) => (await engine.volumesNamed(names, signal)).map(shown),
    async inspectVolume(name, signal) {
      const found = await engine.inspectVolume(name, signal);
      return found && shown(found);
    },
  };
}

async function ofProjects<T>(
  adoptions: Adoptions,
  stack: string | null,
  list: (project: string) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  return (await Promise.all(adoptions.projects(stack).map(list))).flat();
}

function withShown<T extends Named>(adoptions: Adoptions, kind: 'network' | 'volume', object: T): T {
  const labels = withOwnLabels(adoptions, kind, object.Name, object);
  return labels === object.Labels ? object : { ...object, Labels: labels ?? {} };
}

interface Named {
  readonly Name: string;
  readonly Labels?: Labels | null | undefined;
}

/** Objects that have labels of ours by themselves are listed already. */
function isAdopted({ Labels }: { readonly Labels?: Labels | null | undefined }): boolean {
  return Labels?.[LABEL.adopted] !== undefined;
}
