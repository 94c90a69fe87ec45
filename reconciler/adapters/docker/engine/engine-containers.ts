import { ANSWERS } from './answer-shapes.ts';
import type { Engine } from './engine.ts';
import type { EngineRequest, Transport } from './transport.ts';
import { LABEL } from '../labels.ts';
import { namedFilter, ownedFilter, projectFilter } from './engine-filters.ts';
import { statusOf } from './engine-errors.ts';
import { ignoreStatus, orNull } from './engine-answers.ts';
import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
/** Time that a container may take to be made, started or removed on a busy machine. */
const SLOW_MS = 120_000;
/** Time that writing data may take, however much it is. */
const DATA_MS = 24 * 3_600_000;

type ContainerCalls = Pick<
  Engine,
  | 'listContainers'
  | 'findContainers'
  | 'containersNamed'
  | 'containersOfProject'
  | 'listHooks'
  | 'listAllContainers'
  | 'listCarriers'
  | 'findPublishers'
  | 'inspectContainer'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'unpauseContainer'
  | 'renameContainer'
  | 'updateContainer'
  | 'removeContainer'
>;

export function containerCalls(transport: Transport): ContainerCalls {
  const post = (id: string, verb: string, more: Partial<EngineRequest> & { signal: AbortSignal }) =>
    transport.json<void>({
      method: 'POST',
      path: `/containers/${id}/${verb}`,
      doing: `${verb} container`,
      timeoutMs: SLOW_MS,
      ...more,
    });
  return {
    listContainers: (stack, signal) => listContainers(transport, ownedFilter(stack), signal),
    findContainers: (stack, name, signal) =>
      listContainers(
        transport,
        { label: [`${LABEL.stack}=${stack}`, `${LABEL.name}=container/${name}`] },
        signal,
      ),
    containersNamed: (names, signal) => listContainers(transport, namedFilter(names), signal),
    containersOfProject: (project, signal) => listContainers(transport, projectFilter(project), signal),
    listHooks: (signal) => listContainers(transport, { label: [LABEL.hook] }, signal),
    listAllContainers: (signal) => listContainers(transport, {}, signal),
    listCarriers: (stack, signal) => listContainers(transport, { label: [`${LABEL.data}=${stack}`] }, signal),
    findPublishers: (port, signal) => listContainers(transport, { publish: [port] }, signal),
    inspectContainer: (id, signal) => inspectContainer(transport, id, signal),
    async createContainer(name, body, { platform, signal }) {
      const { Id } = await transport.json<{ Id: string }>({
        method: 'POST',
        path: '/containers/create',
        query: platform === undefined ? { name } : { name, platform },
        body,
        answer: ANSWERS.made,
        doing: `create container ${name}`,
        timeoutMs: SLOW_MS,
        signal,
      });
      return Id;
    },
    startContainer: (id, signal) => post(id, 'start', { signal }),
    stopContainer: (id, graceSeconds, signal) =>
      post(id, 'stop', { query: { t: graceSeconds }, timeoutMs: graceSeconds * 1_000 + SLOW_MS, signal }),
    unpauseContainer: (id, signal) => post(id, 'unpause', { signal }),
    renameContainer: (id, name, signal) => post(id, 'rename', { query: { name }, signal }),
    updateContainer: (id, body, signal) => post(id, 'update', { body, signal }),
    removeContainer: (id, signal) => removeContainer(transport, id, signal),
  };
}

async function removeContainer(transport: Transport, id: string, signal: AbortSignal): Promise<void> {
  const path = `/containers/${id}`;
  const doing = 'remove container';
  const query = { force: true, v: true };
  try {
    await transport.json({ method: 'DELETE', path, query, doing, timeoutMs: SLOW_MS, signal });
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) return;
    if (status !== 409) throw error;
    // Somebody else is removing it: until that is done it keeps its name.
    const waiting = { query: { condition: 'removed' }, interruptible: true } as const;
    const request = { method: 'POST', path: `${path}/wait`, doing, timeoutMs: SLOW_MS, signal } as const;
    await ignoreStatus([404], transport.json<void>({ ...request, ...waiting }));
  }
}

function inspectContainer(
  transport: Transport,
  id: string,
  signal: AbortSignal,
): Promise<ContainerInspectInfo | null> {
  const request = { method: 'GET', path: `/containers/${id}/json`, answer: ANSWERS.container } as const;
  return orNull(transport.json({ ...request, doing: 'inspect container', signal }));
}

/** Lists that hold nothing are null with some engines. */
type Listed = Omit<ContainerInfo, 'Names' | 'Labels' | 'Ports' | 'Mounts'> & {
  readonly [K in 'Names' | 'Labels' | 'Ports' | 'Mounts']?: ContainerInfo[K] | null;
};

export async function listContainers(
  transport: Transport,
  filters: object,
  signal: AbortSignal,
  doing = 'list containers',
): Promise<ContainerInfo[]> {
  const request = { method: 'GET', path: '/containers/json', answer: ANSWERS.containers } as const;
  const query = { all: true, filters };
  const listed = await transport.json<readonly Listed[]>({ ...request, query, doing, signal });
  return listed.map((one) => ({
    ...one,
    Names: one.Names ?? [],
    Labels: one.Labels ?? {},
    Ports: one.Ports ?? [],
    Mounts: one.Mounts ?? [],
  }));
}

export function containerContentCalls(
  transport: Transport,
): Pick<Engine, 'hasPath' | 'getArchive' | 'putArchive' | 'overwriteWith' | 'containerLogs'> {
  const unpack = (
    id: string,
    query: Record<string, string | boolean>,
    archive: Buffer,
    signal: AbortSignal,
  ) =>
    transport.json<void>({
      method: 'PUT',
      path: `/containers/${id}/archive`,
      query,
      file: archive,
      doing: `put files into ${query['path']}`,
      timeoutMs: SLOW_MS,
      signal,
    });
  return {
    async hasPath(id, path, signal) {
      const request = { method: 'HEAD', path: `/containers/${id}/archive`, query: { path } } as const;
      const found = transport.json<unknown>({ ...request, doing: `look for ${path}`, signal });
      return (await orNull(found)) !== null;
    },
    getArchive: (id, path, signal) =>
      orNull(
        transport.stream({
          method: 'GET',
          path: `/containers/${id}/archive`,
          query: { path },
          wholeMs: SLOW_MS,
          doing: `read ${path}`,
          signal,
        }),
      ),
    putArchive: (id, directory, archive, signal) =>
      unpack(id, { path: directory, noOverwriteDirNonDir: true }, archive, signal),
    overwriteWith: (id, directory, archive, signal) => unpack(id, { path: directory }, archive, signal),
    containerLogs: (id, { follow = false, tail, since, withinMs }, signal) =>
      transport.stream({
        method: 'GET',
        path: `/containers/${id}/logs`,
        query: {
          follow,
          stdout: true,
          stderr: true,
          timestamps: true,
          tail: tail ?? 'all',
          since: since ?? 0,
        },
        ...(withinMs === undefined ? {} : { wholeMs: withinMs }),
        doing: 'read logs',
        signal,
      }),
  };
}

/** Archives of any length. */
export function dataCalls(transport: Transport): Pick<Engine, 'readData' | 'writeData'> {
  return {
    readData: (id, path, signal) =>
      orNull(
        transport.stream({
          method: 'GET',
          path: `/containers/${id}/archive`,
          query: { path },
          timeoutMs: SLOW_MS,
          doing: 'read data',
          signal,
        }),
      ),
    writeData: (id, directory, archive, signal) =>
      transport.json<void>({
        method: 'PUT',
        path: `/containers/${id}/archive`,
        query: { path: directory },
        file: archive,
        doing: 'write data',
        timeoutMs: DATA_MS,
        interruptible: true,
        signal,
      }),
  };
}
