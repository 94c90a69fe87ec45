import type { NetworkInspectInfo } from 'dockerode';
import { errorMessage } from '../../../base/errors.ts';
import { ANSWERS } from './answer-shapes.ts';
import type { Engine, EngineVolume } from './engine.ts';
import { ignoreStatus, orNull } from './engine-answers.ts';
import { statusOf } from './engine-errors.ts';
import { namedFilter, ownedFilter, projectFilter } from './engine-filters.ts';
import type { Transport } from './transport.ts';

/** Time that the data of a volume may take to be removed on a busy machine. */
const SLOW_MS = 120_000;

type NetworkCalls = Pick<
  Engine,
  | 'listNetworks'
  | 'networksOfProject'
  | 'networksNamed'
  | 'inspectNetwork'
  | 'createNetwork'
  | 'removeNetwork'
  | 'connectNetwork'
  | 'disconnectNetwork'
>;

export function networkCalls(transport: Transport): NetworkCalls {
  const list = (filters: object, signal: AbortSignal) =>
    transport.json<NetworkInspectInfo[]>({
      method: 'GET',
      path: '/networks',
      query: { filters },
      answer: ANSWERS.networks,
      doing: 'list networks',
      signal,
    });
  return {
    listNetworks: (stack, signal) => list(ownedFilter(stack), signal),
    networksOfProject: (project, signal) => list(projectFilter(project), signal),
    networksNamed: (names, signal) => list(namedFilter(names), signal),
    inspectNetwork: (id, signal) =>
      orNull(
        transport.json({
          method: 'GET',
          path: `/networks/${id}`,
          answer: ANSWERS.network,
          doing: 'inspect network',
          signal,
        }),
      ),
    createNetwork: (body, signal) =>
      transport.json({ method: 'POST', path: '/networks/create', body, doing: 'create network', signal }),
    removeNetwork: (id, signal) =>
      ignoreStatus(
        [404],
        transport.json({ method: 'DELETE', path: `/networks/${id}`, doing: 'remove network', signal }),
      ),
    connectNetwork: (id, container, endpoint, signal) =>
      transport.json({
        method: 'POST',
        path: `/networks/${id}/connect`,
        body: { Container: container, EndpointConfig: endpoint },
        doing: 'connect network',
        signal,
      }),
    disconnectNetwork: async (id, container, signal) => {
      try {
        await transport.json({
          method: 'POST',
          path: `/networks/${id}/disconnect`,
          body: { Container: container, Force: true },
          doing: 'disconnect network',
          signal,
        });
      } catch (error) {
        // Engines differ in the status with which they say that there is nothing to disconnect.
        if (statusOf(error) !== 404 && !/is not connected to/.test(errorMessage(error))) throw error;
      }
    },
  };
}

export function volumeCalls(
  transport: Transport,
): Pick<
  Engine,
  'listVolumes' | 'volumesOfProject' | 'volumesNamed' | 'inspectVolume' | 'createVolume' | 'removeVolume'
> {
  const list = async (filters: object, signal: AbortSignal) => {
    const query = { filters };
    const request = { method: 'GET', path: '/volumes', query, answer: ANSWERS.volumes } as const;
    const { Volumes } = await transport.json<{ Volumes?: EngineVolume[] | null }>({
      ...request,
      doing: 'list volumes',
      signal,
    });
    return Volumes ?? [];
  };
  return {
    listVolumes: (stack, signal) => list(ownedFilter(stack), signal),
    volumesOfProject: (project, signal) => list(projectFilter(project), signal),
    volumesNamed: (names, signal) => list(namedFilter(names), signal),
    inspectVolume: (name, signal) =>
      orNull(
        transport.json({
          method: 'GET',
          path: `/volumes/${name}`,
          answer: ANSWERS.volume,
          doing: 'inspect volume',
          signal,
        }),
      ),
    createVolume: (body, signal) =>
      transport.json({ method: 'POST', path: '/volumes/create', body, doing: 'create volume', signal }),
    removeVolume: (name, signal) =>
      ignoreStatus(
        [404],
        transport.json({
          method: 'DELETE',
          path: `/volumes/${name}`,
          doing: `remove volume ${name}`,
          timeoutMs: SLOW_MS,
          signal,
        }),
      ),
  };
}
