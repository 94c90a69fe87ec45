import type { LogLine, LogOptions } from '../ports/target-capabilities.ts';
import type { SessionOperations } from './sessions/sessions.ts';

export type * from './sessions/sessions.ts';

/** A look into what runs, and programs in it. */
export interface ServiceOperations extends SessionOperations {
  logs(stack: string, service: string, options: LogOptions): AsyncIterable<LogLine>;
}
