import type { Readable } from 'node:stream';
import type {
  ContainerInfo,
  ContainerInspectInfo,
  ImageInfo,
  ImageInspectInfo,
  NetworkInspectInfo,
} from 'dockerode';
import type { LifecycleSpec } from '../../../model/docker/docker-spec.ts';
import type { BuildNeeds, BuildSession } from '../images/build-session.ts';
import type {
  ExecResult,
  ExecSession,
  SessionOptions,
  StreamedEnd,
  StreamedProgram,
} from '../../../ports/target-capabilities.ts';
import type { AuthConfig, RegistryAuths } from './transport.ts';

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
  /** Features of the machine's kernel: what it can limit. */
  readonly SwapLimit?: boolean;
  readonly CPUShares?: boolean;
  readonly CPUSet?: boolean;
}

/** Load of a processor, in nanoseconds since some beginning. */
interface CpuStats {
  readonly cpu_usage?: { readonly total_usage?: number | null } | null;
  readonly system_cpu_usage?: number | null;
  readonly online_cpus?: number | null;
}

/** One look at a container; members that a platform cannot tell are left out. */
export interface EngineStats {
  readonly cpu_stats?: CpuStats | null;
  /** The sample before. */
  readonly precpu_stats?: CpuStats | null;
  readonly memory_stats?: {
    readonly usage?: number | null;
    readonly limit?: number | null;
    readonly stats?: Readonly<Record<string, number | null>> | null;
  } | null;
  readonly networks?: Readonly<
    Record<string, { readonly rx_bytes?: number | null; readonly tx_bytes?: number | null }>
  > | null;
}

/** An image as the engine counts it. */
export interface CountedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** Bytes, with those that other images have as well. */
  readonly Size: number;
  readonly SharedSize?: number | null;
}

export interface BuildCacheEntry {
  readonly ID: string;
  readonly Size: number;
  readonly InUse?: boolean | null;
  /** Images have it as well: it takes no room of its own. */
  readonly Shared?: boolean | null;
}

export interface DiskUsage {
  readonly images: readonly CountedImage[];
  readonly buildCache: readonly BuildCacheEntry[];
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
  /** Deadline for its end, in milliseconds. Default: none. */
  readonly withinMs?: number;
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
  /**
   * Events from now on, or those of a time that is over.
   *
   * @param range seconds since the epoch by the engine's clock; it remembers the last 256 events
   */
  events(
    filters: object,
    signal: AbortSignal,
    range?: { readonly since: number; readonly until: number },
  ): Promise<Readable>;

  /** Containers of one stack, or of every stack. */
  listContainers(stack: string | null, signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers of one resource. */
  findContainers(stack: string, name: string, signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers of these names, whoever made them; also of longer names, where an engine is lenient. */
  containersNamed(names: readonly string[], signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers of one Compose project, or of every one. */
  containersOfProject(project: string | null, signal: AbortSignal): Promise<ContainerInfo[]>;
  /** One-off containers of every stack. */
  listHooks(signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers of the engine, whoever made them. */
  listAllContainers(signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Containers that were made to reach the data of a stack. */
  listCarriers(stack: string, signal: AbortSignal): Promise<ContainerInfo[]>;
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
  /** Reads a file, or a directory and what is in it, as a tar archive; null when there is none. Whoever asks ends the stream. */
  getArchive(id: string, path: string, signal: AbortSignal): Promise<Readable | null>;
  /** The same for data of any length. */
  readData(id: string, path: string, signal: AbortSignal): Promise<Readable | null>;
  /** Unpacks a tar archive of any length below a directory that exists in the container. Whoever asks ends the request when the content breaks off. */
  writeData(id: string, directory: string, archive: Readable, signal: AbortSignal): Promise<void>;
  /** Unpacks a tar archive below a directory that exists in the container. */
  putArchive(id: string, directory: string, archive: Buffer, signal: AbortSignal): Promise<void>;
  /** The same, but a file replaces a directory of its name and everything in it. */
  overwriteWith(id: string, directory: string, archive: Buffer, signal: AbortSignal): Promise<void>;
  /** Runs a program in a running container to its end. */
  exec(id: string, argv: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** The same as another user, and with what else `post_start` and `pre_stop` may say. */
  execAs(id: string, program: LifecycleSpec, signal: AbortSignal): Promise<ExecResult>;
  /** The same, with input and output of any length. */
  execStream(id: string, program: StreamedProgram, signal: AbortSignal): Promise<StreamedEnd>;
  openSession(id: string, options: SessionOptions): Promise<ExecSession>;
  /** Multiplexed stdout and stderr with timestamps. */
  containerLogs(id: string, query: LogQuery, signal: AbortSignal): Promise<Readable>;

  listNetworks(stack: string | null, signal: AbortSignal): Promise<NetworkInspectInfo[]>;
  networksOfProject(project: string, signal: AbortSignal): Promise<NetworkInspectInfo[]>;
  /** Lists networks as `containersNamed` does containers. */
  networksNamed(names: readonly string[], signal: AbortSignal): Promise<NetworkInspectInfo[]>;
  inspectNetwork(nameOrId: string, signal: AbortSignal): Promise<NetworkInspectInfo | null>;
  createNetwork(body: object, signal: AbortSignal): Promise<void>;
  removeNetwork(id: string, signal: AbortSignal): Promise<void>;
  connectNetwork(id: string, container: string, endpoint: object, signal: AbortSignal): Promise<void>;
  disconnectNetwork(id: string, container: string, signal: AbortSignal): Promise<void>;

  listVolumes(stack: string | null, signal: AbortSignal): Promise<readonly EngineVolume[]>;
  volumesOfProject(project: string, signal: AbortSignal): Promise<readonly EngineVolume[]>;
  /** Lists volumes as `containersNamed` does containers. */
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
  /** Gives an image, by its id or a name, one more name. */
  tagImage(image: string, reference: string, signal: AbortSignal): Promise<void>;
  /** Progress of a push, one JSON object a line. */
  pushImage(reference: string, options: PullOptions): Promise<Readable>;
  /** Progress of a pull, one JSON object a line. */
  pullImage(reference: string, options: PullOptions): Promise<Readable>;
  /** One look at a container; `null`: it has gone. */
  containerStats(id: string, signal: AbortSignal): Promise<EngineStats | null>;
  /** Adds up what is on the disk, which takes a while. */
  diskUsage(signal: AbortSignal): Promise<DiskUsage>;
  /** Every container there is, whoever made it, also those that do not run. */
  everyContainer(signal: AbortSignal): Promise<ContainerInfo[]>;
  /** Bytes that the containers of a stack have written on top of their images. */
  writtenBytes(stack: string, signal: AbortSignal): Promise<number>;
  /** Takes a name from an image, or removes one by its id, unless a container uses it. */
  removeImage(reference: string, signal: AbortSignal): Promise<'removed' | 'gone' | 'in use'>;
  /** Removes all of the build cache that no build uses now; resolves to its bytes. */
  pruneBuildCache(signal: AbortSignal): Promise<number>;
  /** Digest that the registry has for a reference. */
  registryDigest(reference: string, auth: AuthConfig | undefined, signal: AbortSignal): Promise<string>;
}
