import type { LogLine } from '../../reconciler/index.ts';
import { errorMessage, isReconcilerError, ReconcilerError } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

export interface StackLogsRequest {
  readonly stack: string;
  /** One service only. Default: all. */
  readonly service?: string;
  /** Last lines of all services together. */
  readonly lines: number;
  readonly since?: Date;
  readonly signal: AbortSignal;
}

export interface StackLogLine extends LogLine {
  readonly service: string;
}

export interface StackLogs {
  /** Oldest first. */
  readonly lines: readonly StackLogLine[];
  /** Services that could not be read, and why: not made yet, a log driver that cannot be read. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Reads what the services of a stack wrote, as one. Throws UNKNOWN_STACK, BAD_OPTIONS for a service that it has not. */
export async function readStackLogs(deps: ApiDeps, request: StackLogsRequest): Promise<StackLogs> {
  const { stack, service } = request;
  const known = deps.reconciler.getStack(stack).services.map(({ name }) => name);
  if (service !== undefined && !known.includes(service)) {
    const names = known.join(', ') || 'none';
    throw new ReconcilerError('BAD_OPTIONS', `${stack} has no service ${service}; it has: ${names}`);
  }
  const failures: Record<string, string> = {};
  const read = async (name: string): Promise<readonly StackLogLine[]> => {
    try {
      return await readService(deps, request, name);
    } catch (error) {
      if (request.signal.aborted || !isReconcilerError(error)) throw error;
      failures[name] = errorMessage(error);
      return [];
    }
  };
  const all = await Promise.all((service === undefined ? known : [service]).map(read));
  const lines = all.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return { lines: request.lines === 0 ? [] : lines.slice(-request.lines), failures };
}

async function readService(
  { reconciler }: ApiDeps,
  { stack, lines, since, signal }: StackLogsRequest,
  service: string,
): Promise<readonly StackLogLine[]> {
  const found: StackLogLine[] = [];
  const options = { tail: lines, signal, ...(since === undefined ? {} : { since }) };
  for await (const line of reconciler.logs(stack, service, options)) found.push({ ...line, service });
  return found;
}
