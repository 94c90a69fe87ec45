/** State of a part of a cluster, as far as that can be asked. */
export interface PartHealth {
  readonly name: string;
  readonly status: 'healthy' | 'unhealthy' | 'unknown';
  /** Text for people; `null`: there is nothing to say. */
  readonly message: string | null;
}

export interface Measure {
  readonly used: number;
  readonly capacity: number;
}

/** Load of a cluster. What may not be asked counts 0. */
export interface TargetMeasures {
  readonly health: readonly PartHealth[];
  /** Thousandths of a processor. */
  readonly cpu: Measure;
  /** Bytes. */
  readonly memory: Measure;
  /** Bytes; used is what claims ask for. */
  readonly storage: Measure;
  readonly nodes: number;
  readonly pods: number;
  /** False where nothing measures: processors and memory that the nodes keep for themselves count as used then. */
  readonly isMeasured: boolean;
}

/** Measures how loaded it is. */
export interface MeasuresLoad {
  measure(signal: AbortSignal): Promise<TargetMeasures>;
}
