import type { Secret } from './secret.ts';

/*
 * What the Docker renderer writes and the Docker target reads: the spec of each resource kind.
 * Keys that are not set are left out, so that a key added later changes no existing hash.
 * Type aliases, not interfaces: they must be assignable to `Spec`.
 */

export type NetworkSpec = {
  /** Name on the engine, `<stack>_<network>`. */
  readonly name: string;
  readonly driver?: string;
  readonly internal?: boolean;
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
  /** As written, with a tag or digest: `nginx:1.29`. */
  readonly reference: string;
  readonly pullPolicy: 'missing' | 'always' | 'never';
};

export type PortSpec = {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Left out: the engine chooses. */
  readonly hostPort?: number;
  /** Left out: all addresses. */
  readonly hostIp?: string;
};

export type MountSpec =
  | { readonly type: 'volume'; readonly source: string; readonly target: string; readonly readOnly?: boolean }
  | { readonly type: 'bind'; readonly source: string; readonly target: string; readonly readOnly?: boolean }
  | { readonly type: 'tmpfs'; readonly target: string; readonly sizeBytes?: number; readonly mode?: number };

export type HealthcheckSpec =
  | { readonly disabled: true }
  | {
      /** Engine form: `['CMD', …]` or `['CMD-SHELL', text]`. */
      readonly test: readonly string[];
      readonly intervalMs?: number;
      readonly timeoutMs?: number;
      readonly startPeriodMs?: number;
      readonly retries?: number;
    };

export type RestartSpec = {
  readonly policy: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** For `on-failure`; left out: without limit. */
  readonly maxRetries?: number;
};

export type ResourceLimits = {
  readonly memoryBytes?: number;
  readonly memoryReservationBytes?: number;
  /** 1e9 is one core. */
  readonly nanoCpus?: number;
  readonly pidsLimit?: number;
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
  readonly networks?: Readonly<Record<string, { readonly aliases: readonly string[] }>>;
  readonly networkMode?: 'host' | 'none';
  readonly healthcheck?: HealthcheckSpec;
  readonly restart: RestartSpec;
  readonly resources: ResourceLimits;
  readonly labels?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly init?: boolean;
  readonly readOnly?: boolean;
  readonly stopSignal?: string;
  /** Default 10,000. */
  readonly stopGracePeriodMs?: number;
  readonly files?: readonly FileSpec[];
  /** Files that are kept in memory only, outside of the container's own file system. */
  readonly secrets?: readonly SecretFileSpec[];
};

/** Container keys the engine can change without a new container. */
export const CONTAINER_UPDATABLE: readonly (keyof ContainerSpec)[] = ['restart', 'resources', 'networks'];
