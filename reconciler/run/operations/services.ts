import { requireCapability } from '../../ports/target-capabilities.ts';
import type { ServiceOperations, StackOperations } from '../../public/reconciler.ts';
import { placeOf, readServiceLogs } from '../observe/service-logs.ts';
import type { OperationParts } from './parts.ts';

export function createServiceOperations(
  { context }: OperationParts,
  { getStack }: StackOperations,
): ServiceOperations {
  return {
    logs: (stack, service, options) => readServiceLogs(context, { view: getStack(stack), service }, options),
    async openSession(stack, service, options) {
      const { target, resource } = placeOf(context, { view: getStack(stack), service });
      return requireCapability(target, 'runsPrograms').openSession(stack, resource, options);
    },
  };
}
