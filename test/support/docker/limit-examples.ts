import type { LimitName, ResourceLimits } from '../../../reconciler/model/docker/options/limit-options.ts';

const MEBIBYTE = 2 ** 20;

/** One limit, from the document to the engine and back. */
export interface LimitExample<Name extends LimitName> {
  /** Value of its key, as YAML. */
  readonly written: string;
  /** Limits with those that this one cannot be without. */
  readonly limits: ResourceLimits & { readonly [Key in Name]: NonNullable<ResourceLimits[Name]> };
  /** Fields in "create container". */
  readonly docker: object;
  /** Fields in "update container" of one without the limit that shall have it, and of one with it that shall have none. */
  readonly updates: { readonly set: object; readonly cleared: object };
  readonly tofu?: object;
}

/** An example for every row: without one, this file does not compile. */
export const LIMIT_EXAMPLES: { readonly [Name in LimitName]: LimitExample<Name> } = {
  memoryBytes: {
    written: '64m',
    limits: { memoryBytes: 64 * MEBIBYTE },
    docker: { Memory: 64 * MEBIBYTE, MemorySwap: 128 * MEBIBYTE },
    updates: {
      set: { Memory: 64 * MEBIBYTE, MemorySwap: 128 * MEBIBYTE },
      cleared: { Memory: 2 ** 50, MemorySwap: 2 ** 50 },
    },
    tofu: { memory: 64 },
  },
  memoryReservationBytes: {
    written: '32m',
    limits: { memoryReservationBytes: 32 * MEBIBYTE },
    docker: { MemoryReservation: 32 * MEBIBYTE },
    updates: { set: { MemoryReservation: 32 * MEBIBYTE }, cleared: { MemoryReservation: 6 * MEBIBYTE } },
    tofu: { memory_reservation: 32 },
  },
  memorySwapBytes: {
    written: '-1',
    limits: { memoryBytes: 64 * MEBIBYTE, memorySwapBytes: -1 },
    docker: { Memory: 64 * MEBIBYTE, MemorySwap: -1 },
    updates: {
      set: { Memory: 64 * MEBIBYTE, MemorySwap: -1 },
      cleared: { Memory: 2 ** 50, MemorySwap: 2 ** 50 },
    },
    tofu: { memory: 64, memory_swap: -1 },
  },
  nanoCpus: {
    written: '0.5',
    limits: { nanoCpus: 5e8 },
    docker: { NanoCpus: 5e8 },
    updates: { set: { NanoCpus: 5e8 }, cleared: { NanoCpus: 2e9 } },
    tofu: { cpus: '0.5' },
  },
  pidsLimit: {
    written: '"9"',
    limits: { pidsLimit: 9 },
    docker: { PidsLimit: 9 },
    updates: { set: { PidsLimit: 9 }, cleared: { PidsLimit: 0 } },
  },
  cpuShares: {
    written: '73',
    limits: { cpuShares: 73 },
    docker: { CpuShares: 73 },
    updates: { set: { CpuShares: 73 }, cleared: { CpuShares: 1_024 } },
    tofu: { cpu_shares: 73 },
  },
  cpuset: {
    written: '"0"',
    limits: { cpuset: '0' },
    docker: { CpusetCpus: '0' },
    updates: { set: { CpusetCpus: '0' }, cleared: { CpusetCpus: '0-1' } },
    tofu: { cpu_set: '0' },
  },
};
