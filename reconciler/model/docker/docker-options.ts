/*
 * The rarer settings of a container, in the words of Compose and the units of the engine. Every one of them is fixed at
 * creation and left out when nobody says it. Type aliases, not interfaces: they must be assignable to `Spec`.
 */

export type DeviceSpec = {
  /** Absolute path on the node. */
  readonly source: string;
  readonly target: string;
  /** Some of `r`, `w` and `m`. */
  readonly permissions: string;
};

/** What `gpus` and `deploy.resources.reservations.devices` ask a driver for. */
export type DeviceRequestSpec = {
  readonly driver?: string;
  /** -1: all there are. Left out with `deviceIds`. */
  readonly count?: number;
  readonly deviceIds?: readonly string[];
  readonly capabilities: readonly string[];
  readonly options?: Readonly<Record<string, string>>;
};

export type BlkioDevice = {
  readonly path: string;
  /** A weight (10 to 1,000), or a rate per second in bytes or operations. */
  readonly value: number;
};

export type BlkioSpec = {
  readonly weight?: number;
  readonly weightDevice?: readonly BlkioDevice[];
  readonly readBps?: readonly BlkioDevice[];
  readonly writeBps?: readonly BlkioDevice[];
  readonly readIops?: readonly BlkioDevice[];
  readonly writeIops?: readonly BlkioDevice[];
};

export type LoggingSpec = {
  /** Left out: the engine's default driver. */
  readonly driver?: string;
  readonly options?: Readonly<Record<string, string>>;
};

export type UlimitSpec = {
  /** -1: without limit. */
  readonly soft: number;
  readonly hard: number;
};

type Texts = Readonly<Record<string, string>>;

export type ContainerOptions = {
  /** From API 1.43. */
  readonly annotations?: Texts;
  readonly blkio?: BlkioSpec;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  /** From API 1.41. */
  readonly cgroup?: 'host' | 'private';
  readonly cgroupParent?: string;
  /** Microseconds, as are the other three. */
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuRtPeriod?: number;
  readonly cpuRtRuntime?: number;
  readonly deviceCgroupRules?: readonly string[];
  readonly devices?: readonly DeviceSpec[];
  readonly deviceRequests?: readonly DeviceRequestSpec[];
  readonly dns?: readonly string[];
  readonly dnsOpt?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly domainname?: string;
  /** `3000/tcp` */
  readonly expose?: readonly string[];
  /** `host:address`; several addresses are several entries. */
  readonly extraHosts?: readonly string[];
  readonly groupAdd?: readonly string[];
  /** `none`, `private`, `shareable`, `host` or `container:<name on the engine>`. */
  readonly ipc?: string;
  readonly logging?: LoggingSpec;
  readonly macAddress?: string;
  readonly memSwappiness?: number;
  readonly oomKillDisable?: boolean;
  readonly oomScoreAdj?: number;
  /** `host` or `container:<name on the engine>`. */
  readonly pid?: string;
  /** `linux/arm64/v8` */
  readonly platform?: string;
  readonly privileged?: boolean;
  readonly runtime?: string;
  readonly securityOpt?: readonly string[];
  readonly shmSize?: number;
  readonly stdinOpen?: boolean;
  readonly storageOpt?: Texts;
  readonly sysctls?: Texts;
  readonly tty?: boolean;
  readonly ulimits?: Readonly<Record<string, UlimitSpec>>;
  readonly usernsMode?: string;
  readonly uts?: string;
};
