import type { ResourceId } from '../../model/resource.ts';

/** Load that a running container, or a pod, puts on its machine now. */
export interface RunStats {
  /** Resource that it runs for. */
  readonly id: ResourceId;
  /** Name of the container or pod on the target. */
  readonly name: string;
  /** Thousandths of a processor, over the last seconds. */
  readonly cpuMillis: number;
  /** Bytes, without what the machine can take back at any time. */
  readonly memoryBytes: number;
  /** `null`: none, or it is not told. */
  readonly memoryLimitBytes: number | null;
  /** Bytes since it began; `null` where nothing counts them. */
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number } | null;
}

/** Measures what runs. */
export interface MeasuresRuns {
  /** Measures what of a stack runs now; by name. Throws TARGET_UNSUPPORTED where nothing measures. */
  runStats(stack: string, signal: AbortSignal): Promise<readonly RunStats[]>;
}
