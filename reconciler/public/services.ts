import type { RunStats } from '../ports/inventory/run-stats.ts';
import type { LogLine, LogOptions } from '../ports/target-capabilities.ts';
import type { SessionOperations } from './sessions/sessions.ts';

export type * from './sessions/sessions.ts';

export interface ServiceStats extends RunStats {
  readonly node: string;
  /** `null`: nothing of the description, or not any more. */
  readonly service: string | null;
}

export interface StackStats {
  /** Containers and pods that run, in the order of the services. */
  readonly stats: readonly ServiceStats[];
  /** Nodes that tell nothing, and why. */
  readonly failures: Readonly<Record<string, string>>;
}

/** A look into what runs, and programs in it. */
export interface ServiceOperations extends SessionOperations {
  logs(stack: string, service: string, options: LogOptions): AsyncIterable<LogLine>;
  /** Asks the nodes of a stack, which takes some seconds. Throws UNKNOWN_STACK. */
  runStats(stack: string, signal: AbortSignal): Promise<StackStats>;
}
