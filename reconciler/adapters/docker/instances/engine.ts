import type { ContainerInfo, NetworkInspectInfo } from 'dockerode';
import { ANSWERS } from '../engine/answer-shapes.ts';
import { listContainers } from '../engine/engine-containers.ts';
import type { Engine, EngineVolume } from '../engine/engine.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { Transport } from '../engine/transport.ts';
import { INSTANCE_LABEL } from './labels.ts';

type Shared =
  | 'address'
  | 'local'
  | 'info'
  | 'events'
  | 'inspectContainer'
  | 'containerLogs'
  | 'createContainer'
  | 'startContainer'
  | 'removeContainer'
  | 'createNetwork'
  | 'createVolume'
  | 'removeVolume'
  | 'inspectImage'
  | 'pullImage';

/** The calls that instances need of an engine. */
export interface InstanceEngine extends Pick<Engine, Shared> {
  /** Containers of one installation, or of one of its instances. */
  listInstances(owner: string, id: string | null, signal: AbortSignal): Promise<readonly ContainerInfo[]>;
  /** Networks of this name that were made for instances. */
  listInstanceNetworks(name: string, signal: AbortSignal): Promise<readonly NetworkInspectInfo[]>;
  listInstanceVolumes(owner: string, id: string, signal: AbortSignal): Promise<readonly EngineVolume[]>;
}

export function createInstanceEngine(transport: Transport): InstanceEngine {
  return {
    ...createEngine(transport),
    listInstances: (owner, id, signal) =>
      listContainers(transport, filterOf(owner, id), signal, 'list instances'),
    async listInstanceNetworks(name, signal) {
      const filters = { label: [INSTANCE_LABEL.network], name: [name] };
      const found = await transport.json<NetworkInspectInfo[]>({
        method: 'GET',
        path: '/networks',
        query: { filters },
        answer: ANSWERS.networks,
        doing: 'list networks of instances',
        signal,
      });
      // The filter also takes names that only hold this one.
      return found.filter(({ Name }) => Name === name);
    },
    async listInstanceVolumes(owner, id, signal) {
      const { Volumes } = await transport.json<{ Volumes?: EngineVolume[] | null }>({
        method: 'GET',
        path: '/volumes',
        query: { filters: filterOf(owner, id) },
        answer: ANSWERS.volumes,
        doing: 'list volumes of an instance',
        signal,
      });
      return Volumes ?? [];
    },
  };
}

function filterOf(owner: string, id: string | null): object {
  const mine = `${INSTANCE_LABEL.owner}=${owner}`;
  return { label: id === null ? [mine] : [mine, `${INSTANCE_LABEL.instance}=${id}`] };
}
