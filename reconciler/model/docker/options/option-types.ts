/* Values of container options with more than one part. Type aliases, not interfaces: they must be assignable to `Spec`. */

export type DeviceSpec = {
  /** Absolute path on the node. */
  readonly source: string;
  readonly target: string;
  /** Some of `r`, `w` and `m`. */
  readonly permissions: string;
};

/** Devices that `gpus` and `deploy.resources.reservations.devices` ask a driver for. */
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
