import type { ServiceOperations, StackOperations } from '../../public/reconciler.ts';
import { readServiceLogs } from '../observe/service-logs.ts';
import { readStackStats } from '../observe/service-stats.ts';
import type { OperationParts } from './parts.ts';
import type { SessionParts } from './sessions.ts';
import { createSessionOperations } from './sessions.ts';

export function createServiceOperations(
  { context, sessionIdleMs }: Pick<OperationParts, 'context'> & Pick<SessionParts, 'sessionIdleMs'>,
  stacks: Pick<StackOperations, 'getStack'>,
): ServiceOperations {
  const { getStack } = stacks;
  return {
    logs: (stack, service, options) => readServiceLogs(context, { view: getStack(stack), service }, options),
    runStats: async (stack, signal) => readStackStats(context, getStack(stack), signal),
    ...createSessionOperations({ context, sessionIdleMs }, stacks),
  };
}
