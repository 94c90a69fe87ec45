import type { DriftOperations, StackOperations } from '../../public/reconciler.ts';
import { driftedOf, recordDriftCheck } from '../drift/drift-check.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { OperationParts } from './parts.ts';

export function createDriftOperations(
  { context, loop, writer }: OperationParts,
  { getStack, observe }: StackOperations,
): DriftOperations {
  return {
    getDrift: (stack) => getStack(stack).drift,
    async checkDrift(stack, actor, signal) {
      const { drift } = await observe(stack, signal);
      const by = { stack, trigger: 'api', actor: actor?.name ?? null };
      return { drift, job: recordDriftCheck(context, by) };
    },
    async resolveDrift(request, signal) {
      await loop.refreshIfPossible(signal);
      const { stack, action, actor, trigger } = request;
      const { drift } = await observe(stack, signal);
      const only = driftedOf(request, drift);
      if (action === 'apply_desired') {
        const job = await loop.request({ stack, actor, trigger }, signal);
        return { job, write: null, unplaced: [] };
      }
      const planned = await planStack(context, { stack, mode: 'apply', deleteVolumes: false }, signal);
      const { unplaced, ...write } = await loop.written(writer.acceptDrift(planned, only, { actor, signal }));
      await loop.refreshStatusIfPossible(stack, signal);
      return { job: null, write, unplaced };
    },
  };
}
