import type { ResourceLimits } from '../../../model/docker/options/limit-options.ts';
export interface EngineTraits {
  readonly cpus: number;
  readonly cgroupVersion: number;
  /** Limits that the engine's machine knows nothing of, so that they cannot be read back. */
  readonly unlimited?: readonly (keyof ResourceLimits)[];
}
