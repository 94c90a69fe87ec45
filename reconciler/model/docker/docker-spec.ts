import type { ContainerOptions } from './options/container-options.ts';
import type { ResourceLimits } from './options/limit-options.ts';
import type { UlimitSpec } from './options/option-types.ts';
import type { Secret } from '../secret.ts';

/*
 * The specs of all resource kinds, which the Docker renderer writes and the Docker target reads.
 * Keys that are not set are left out, so that a key added later changes no existing hash.
 * Type aliases, not interfaces: they must be assignable to `Spec`.
 */

export type IpamPool = {
  readonly subnet?: string;
  readonly ipRange?: string;
  readonly gateway?: string;
  readonly auxAddresses?: Readonly<Record<string, string>>;
};

export type IpamSpec = {
  /** Left out: the engine's own. */
  readonly driver?: string;
  readonly config?: readonly IpamPool[];
  readonly options?: Readonly<Record<string, string>>;
};

export type NetworkSpec = {
  /** Name on the engine, `<stack>_<network>`. */
  readonly name: string;
  readonly driver?: string;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly driverOpts?: Readonly<Record<string, string>>;
  /** Available from API 1.48. */
  readonly enableIpv4?: boolean;
  readonly enableIpv6?: boolean;
  readonly ipam?: IpamSpec;
  readonly external?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
};

export type VolumeSpec = {
  /** Name on the engine, `<stack>_<volume>`. */
  readonly name: string;
  readonly driver?: string;
  readonly driverOpts?: Readonly<Record<string, string>>;
  readonly external?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
};

export type ImageSpec = {
  /** Image as written, with a tag or digest: `nginx:1.29`. */
  readonly reference: string;
  readonly pullPolicy: 'missing' | 'always' | 'never';
  /** `linux/arm64/v8`; left out: what fits the engine. */
  readonly platform?: string;
};

/** The sources of an image: two that are equal give the same image. */
export type BuildSpec = {
  /** Digest of the files that are sent to the engine, or of the address that it fetches them from. */
  readonly context: string;
  /** Git address of the context, `https://host/repo.git#ref:directory`; left out: the files are sent. */
  readonly remote?: string;
  /** Path of the Dockerfile among them. */
  readonly dockerfile: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly cacheFrom?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Network of the steps: `host`, `none`, or one of the engine. */
  readonly network?: string;
  readonly shmSize?: number;
  /** `host:address` */
  readonly extraHosts?: readonly string[];
  readonly ulimits?: Readonly<Record<string, UlimitSpec>>;
  /** Ask the registry for newer base images. */
  readonly pull?: boolean;
  readonly noCache?: boolean;
};

/** An image that belongs to the stack. */
export type BuiltImageSpec = {
  /** `<stack>-<service>:<digest of everything below>` */
  readonly reference: string;
  /** The service whose image it is. */
  readonly service: string;
  readonly build: BuildSpec;
  readonly platform?: string;
  /** More names for it, with tags. */
  readonly tags?: readonly string[];
  /** Secrets that steps may read while they run. They are no part of the image, and no reason to build it again. */
  readonly secrets?: readonly BuildSecretSpec[];
};

/** `RUN --mount=type=secret,id=…` */
export type BuildSecretSpec = { readonly id: string; readonly content: Secret };

export type PortSpec = {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Left out: the engine chooses. */
  readonly hostPort?: number;
  /** Left out: all addresses. `0.0.0.0` and `::` are all of one family. */
  readonly hostIp?: string;
};

export type VolumeMount = {
  readonly type: 'volume';
  readonly source: string;
  readonly target: string;
  readonly readOnly?: boolean;
  readonly nocopy?: boolean;
  /** Root's directory at the top of the volume is given to the user of the container. */
  readonly chown?: boolean;
  readonly selinux?: 'z' | 'Z';
  /** Directory inside the volume; from API 1.45. */
  readonly subpath?: string;
};

export type BindMount = {
  readonly type: 'bind';
  readonly source: string;
  readonly target: string;
  readonly readOnly?: boolean;
  /** A missing directory on the node is an error, rather than made. */
  readonly mustExist?: boolean;
  readonly propagation?: string;
  readonly selinux?: 'z' | 'Z';
  /** Treatment of mounts below the source; left out: they come along, read-only where the engine can. */
  readonly recursive?: 'disabled' | 'writable' | 'readonly';
  /** A directory that the engine has just made, root's and empty, is given to the user of the container. */
  readonly chown?: boolean;
};

/**
 * A mount of a relative path that holds data. Where that lies on its host is decided before anything is rendered (decision 046), so no resource
 * has one. The source is relative to the directory of the description: `data`, `../shared`, `~/films`.
 */
export type DataMount = Omit<BindMount, 'type'> & { readonly type: 'data' };

export type MountSpec =
  | VolumeMount
  | BindMount
  /** A volume without a name, gone with its container. */
  | {
      readonly type: 'anonymous';
      readonly target: string;
      readonly readOnly?: boolean;
      /** True when the volume begins empty, without what the image has at the target. */
      readonly nocopy?: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly sizeBytes?: number;
      readonly mode?: number;
      readonly readOnly?: boolean;
      /** More options of the mount, such as `uid=1000` or `exec`. */
      readonly options?: readonly string[];
    };

export type HealthcheckSpec =
  | { readonly disabled: true }
  | {
      /** Engine form: `['CMD', …]` or `['CMD-SHELL', text]`. Default: the image's own. */
      readonly test?: readonly string[];
      readonly intervalMs?: number;
      readonly timeoutMs?: number;
      readonly startPeriodMs?: number;
      /** Available from API 1.44. */
      readonly startIntervalMs?: number;
      readonly retries?: number;
    };

export type RestartSpec = {
  readonly policy: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** Restarts for `on-failure`; left out: without limit. */
  readonly maxRetries?: number;
};

/** A command that is run in a container beside what it runs itself. Holds no secret: it has the variables of the container. */
export type LifecycleSpec = {
  readonly command: readonly string[];
  /** Default: that of the container. */
  readonly user?: string;
  readonly privileged?: boolean;
  /** Default: that of the container. */
  readonly workingDir?: string;
  /** Variables besides those of the container. */
  readonly env?: Readonly<Record<string, string>>;
};

/** Addresses in a network that the author has chosen. */
export type AddressSpec = { readonly ipv4Address?: string; readonly ipv6Address?: string };

/** The fixed settings of a container's place in a network. */
export type EndpointSpec = {
  readonly linkLocalIps?: readonly string[];
  readonly driverOpts?: Readonly<Record<string, string>>;
  /** Available from API 1.44; before, one for the whole container. */
  readonly macAddress?: string;
  /** Available from API 1.48. */
  readonly gwPriority?: number;
  /** Available from API 1.49. */
  readonly interfaceName?: string;
  /** `<container on the engine>:<alias>` */
  readonly links?: readonly string[];
};

export type FilePlace = {
  /** Absolute path in the container. */
  readonly target: string;
  /** Permission bits, default 0o644 (0o755 for executables in Git). */
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
};

/** A file from the repository that is copied into the container before it starts. */
export type BlobFileSpec = FilePlace & {
  /** Git blob id of the content. */
  readonly blob: string;
};

/** A file whose content is secret. */
export type SecretFileSpec = FilePlace & { readonly content: Secret };

export type FileSpec = BlobFileSpec | SecretFileSpec;

export type NetworkAttachment = { readonly aliases: readonly string[] } & AddressSpec;

export type ContainerSpec = {
  /** Name on the engine, `<stack>-<service>-1`. */
  readonly name: string;
  /** Compose service name. */
  readonly service: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string | Secret>>;
  readonly ports?: readonly PortSpec[];
  readonly mounts?: readonly MountSpec[];
  /** Engine network names and the aliases there. Empty or left out with `networkMode`. */
  readonly networks?: Readonly<Record<string, NetworkAttachment>>;
  /** Settings that can only be made when the container is created, by engine network name. */
  readonly endpoints?: Readonly<Record<string, EndpointSpec>>;
  /** Engine name of the network that comes first. Default: the first by name. */
  readonly primaryNetwork?: string;
  /** `host`, `none`, `bridge` or `container:<name on the engine>`. */
  readonly networkMode?: string;
  /** Containers on the engine whose mounts it shares, `:ro` at the end where it only reads. */
  readonly volumesFrom?: readonly string[];
  readonly healthcheck?: HealthcheckSpec;
  /** Commands after its start and before its stop, one after the other. */
  readonly postStart?: readonly LifecycleSpec[];
  readonly preStop?: readonly LifecycleSpec[];
  readonly restart: RestartSpec;
  readonly resources: ResourceLimits;
  readonly labels?: Readonly<Record<string, string>>;
  readonly files?: readonly FileSpec[];
  /** Files that are kept in memory only, outside of the container's own file system. */
  readonly secrets?: readonly SecretFileSpec[];
} & ContainerOptions;

/** Container keys the engine can change without a new container. */
export const CONTAINER_UPDATABLE: readonly (keyof ContainerSpec)[] = ['restart', 'resources', 'networks'];
