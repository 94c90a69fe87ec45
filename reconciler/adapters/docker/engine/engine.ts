import type { Readable } from 'node:stream';
import type {
  ContainerInfo,
  ContainerInspectInfo,
  ImageInfo,
  ImageInspectInfo,
  NetworkInspectInfo,
} from 'dockerode';
import type { BuildNeeds, BuildSession } from '../images/build-session.ts';
import { ignoreStatus, orNull } from './engine-answers.ts';
import { statusOf } from './engine-errors.ts';
import { imageCalls } from './engine-images.ts';
import type {
  ExecResult,
  ExecSession,
  SessionOptions,
  StreamedEnd,
  StreamedProgram,
} from '../../../ports/target.ts';
import { execCalls } from './engine-exec.ts';
import { namedFilter, ownedFilter } from './engine-filters.ts';
import { networkCalls, volumeCalls } from './engine-networks.ts';
import { sessionCalls } from './engine-session.ts';
import { LABEL } from '../labels.ts';
import type { AuthConfig, EngineRequest, RegistryAuths, Transport } from './transport.ts';

export interface EngineVolume {
  readonly Name: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface EngineInfo {
  readonly ID?: string;
  readonly Name: string;
  readonly OperatingSystem: string;
  readonly Architecture: string;
  readonly ServerVersion: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly DockerRootDir: string;
  readonly SystemTime: string;
  readonly CgroupVersion?: string;
  /** What the machine's kernel can limit. */
  readonly SwapLimit?: boolean;
  readonly CPUShares?: boolean;
  readonly CPUSet?: boolean;
}

export interface CreateOptions {
  /** Left out: what fits the engine. */
  readonly platform?: string | undefined;
  readonly signal: AbortSignal;
}

export interface PullOptions extends CreateOptions {
  readonly auth: AuthConfig | undefined;
}

export interface BuildOptions {
  readonly query: Readonly<Record<string, unknown>>;
  readonly auths: RegistryAuths;
  readonly doing: string;
  readonly signal: AbortSignal;
}

export interface LogQuery {
  readonly follow?: boolean;
  readonly tail?: number;
  /** Seconds since the epoch, fractions allowed. */
  readonly since?: number;
}

/**
 * One function, one call of the Docker Engine API. Every one throws `ReconcilerError`. What is already so is no error:
 * removing what is gone, stopping what is stopped, starting what runs. `null` stands for "there is none".
 */
export interface Engine {
  readonly address: string;
  readonly local: boolean;
  info(signal: AbortSignal): Promise<EngineInfo>;
  version(signal: AbortSignal): Promise<{ readonly ApiVersion: string }>;
  events(filters: object, signal: AbortSignal): Promise<Readable>;

  /** Containers of one stack, or of every stack. */
  listContainers(stack: string | null, signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers of one resource. */
  findContainers(stack: string, name: string, signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers of these names, whoever made them; also of longer names, where an engine is lenient. */
  containersNamed(names: readonly string[], signal: AbortSignal): Promise<ContainerInfo[]>;
  /** One-off containers of every stack. */
  listHooks(signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers that publish a host port. */
  findPublishers(port: string, signal: AbortSignal): Promise<ContainerInfo[]>;
  inspectContainer(id: string, signal: AbortSignal): Promise<ContainerInspectInfo | null>;
  createContainer(name: string, body: object, options: CreateOptions): Promise<string>;
  startContainer(id: string, signal: AbortSignal): Promise<void>;
  stopContainer(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>;
  unpauseContainer(id: string, signal: AbortSignal): Promise<void>;
  renameContainer(id: string, name: string, signal: AbortSignal): Promise<void>;
  updateContainer(id: string, body: object, signal: AbortSignal): Promise<void>;
  /** Kills it when it runs, and takes its anonymous volumes along; it is gone then, whoever else was about to remove it. */
  removeContainer(id: string, signal: AbortSignal): Promise<void>;
  hasPath(id: string, path: string, signal: AbortSignal): Promise<boolean>;
  /** Unpacks a tar archive below a directory that exists in the container. */
  putArchive(id: string, directory: string, archive: Buffer, signal: AbortSignal): Promise<void>;
  /** The same, but a file replaces a directory of its name and everything in it. */
  overwriteWith(id: string, directory: string, archive: Buffer, signal: AbortSignal): Promise<void>;
  /** Runs a program in a running container to its end. */
  exec(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** The same, with input and output of any length. */
  execStream(id: string, program: StreamedProgram, signal: AbortSignal): Promise<StreamedEnd>;
  openSession(id: string, options: SessionOptions): Promise<ExecSession>;
  /** Multiplexed stdout and stderr with timestamps. */
  containerLogs(id: string, query: LogQuery, signal: AbortSignal): Promise<Readable>;

  listNetworks(stack: string | null, signal: AbortSignal): Promise<NetworkInspectInfo[]>;
  /** As `containersNamed`. */
  networksNamed(names: readonly string[], signal: AbortSignal): Promise<NetworkInspectInfo[]>;
  inspectNetwork(nameOrId: string, signal: AbortSignal): Promise<NetworkInspectInfo | null>;
  createNetwork(body: object, signal: AbortSignal): Promise<void>;
  removeNetwork(id: string, signal: AbortSignal): Promise<void>;
  connectNetwork(id: string, container: string, endpoint: object, signal: AbortSignal): Promise<void>;
  disconnectNetwork(id: string, container: string, signal: AbortSignal): Promise<void>;

  listVolumes(stack: string | null, signal: AbortSignal): Promise<readonly EngineVolume[]>;
  /** As `containersNamed`. */
  volumesNamed(names: readonly string[], signal: AbortSignal): Promise<readonly EngineVolume[]>;
  inspectVolume(name: string, signal: AbortSignal): Promise<EngineVolume | null>;
  createVolume(body: object, signal: AbortSignal): Promise<void>;
  removeVolume(name: string, signal: AbortSignal): Promise<void>;

  inspectImage(reference: string, signal: AbortSignal): Promise<ImageInspectInfo | null>;
  /** Images that were built for one stack, or for any. */
  listImages(stack: string | null, signal: AbortSignal): Promise<readonly ImageInfo[]>;
  /** Resolves to a connection that the engine's BuildKit may ask over, `null` when the engine has none. */
  openBuildSession(needs: BuildNeeds, signal: AbortSignal): Promise<BuildSession | null>;
  /** Output of a build, one JSON object a line. */
  buildImage(context: Readable, options: BuildOptions): Promise<Readable>;
  /** Takes a name from an image, and removes the image with its last one unless it is in use. */
  untagImage(reference: string, signal: AbortSignal): Promise<void>;
  /** Progress of a pull, one JSON object a line. */
  pullImage(reference: string, options: PullOptions): Promise<Readable>;
  /** Digest that the registry has for a reference. */
  registryDigest(reference: string, auth: AuthConfig | undefined, signal: AbortSignal): Promise<string>;
}

/** How long a container may take to be made, started or removed on a busy machine. */
const SLOW_MS = 120_000;

export function createEngine(transport: Transport): Engine {
  return {
    address: transport.address,
    local: transport.local,
    info: (signal) => transport.json({ method: 'GET', path: '/info', doing: 'ask for facts', signal }),
    version: (signal) =>
      transport.json({ method: 'GET', path: '/version', doing: 'ask for the version', signal }),
    events: (filters, signal) =>
      transport.stream({
        method: 'GET',
        path: '/events',
        query: { filters },
        doing: 'listen to events',
        signal,
      }),
    ...containerCalls(transport),
    ...containerContentCalls(transport),
    ...execCalls(transport),
    ...sessionCalls(transport),
    ...networkCalls(transport),
    ...volumeCalls(transport),
    ...imageCalls(transport),
  };
}

type ContainerCalls = Pick<
  Engine,
  | 'listContainers'
  | 'findContainers'
  | 'containersNamed'
  | 'listHooks'
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

function containerCalls(transport: Transport): ContainerCalls {
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
    listHooks: (signal) => listContainers(transport, { label: [LABEL.hook] }, signal),
    findPublishers: (port, signal) => listContainers(transport, { publish: [port] }, signal),
    inspectContainer: (id, signal) =>
      orNull(
        transport.json({ method: 'GET', path: `/containers/${id}/json`, doing: 'inspect container', signal }),
      ),
    async createContainer(name, body, { platform, signal }) {
      const { Id } = await transport.json<{ Id: string }>({
        method: 'POST',
        path: '/containers/create',
        query: platform === undefined ? { name } : { name, platform },
        body,
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
    async removeContainer(id, signal) {
      const path = `/containers/${id}`;
      const doing = 'remove container';
      const query = { force: true, v: true };
      const removal = { method: 'DELETE', path, query, doing, timeoutMs: SLOW_MS, signal } as const;
      try {
        await transport.json(removal);
      } catch (error) {
        const status = statusOf(error);
        if (status === 404) return;
        if (status !== 409) throw error;
        // Somebody else is removing it: until that is done it keeps its name.
        const waiting = { query: { condition: 'removed' }, doing, interruptible: true, signal } as const;
        await ignoreStatus([404], post(id, 'wait', waiting));
      }
    },
  };
}

function listContainers(
  transport: Transport,
  filters: object,
  signal: AbortSignal,
): Promise<ContainerInfo[]> {
  const query = { all: true, filters };
  return transport.json({ method: 'GET', path: '/containers/json', query, doing: 'list containers', signal });
}

function containerContentCalls(
  transport: Transport,
): Pick<Engine, 'hasPath' | 'putArchive' | 'overwriteWith' | 'containerLogs'> {
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
    putArchive: (id, directory, archive, signal) =>
      unpack(id, { path: directory, noOverwriteDirNonDir: true }, archive, signal),
    overwriteWith: (id, directory, archive, signal) => unpack(id, { path: directory }, archive, signal),
    containerLogs: (id, { follow = false, tail, since }, signal) =>
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
        doing: 'read logs',
        signal,
      }),
  };
}
