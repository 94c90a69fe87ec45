import type { ExecSession, LogLine, LogOptions, SessionOptions } from '../ports/target-capabilities.ts';

/** A look into what runs. */
export interface ServiceOperations {
  logs(stack: string, service: string, options: LogOptions): AsyncIterable<LogLine>;
  /**
   * Runs a program in a container of a service, wherever that runs. Whoever lets this through checks who may. Throws BAD_OPTIONS,
   * TARGET_ERROR when none runs.
   */
  openSession(stack: string, service: string, options: SessionOptions): Promise<ExecSession>;
}
