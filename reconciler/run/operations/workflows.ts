import type { WorkflowOperations, RunCounts } from '../../public/workflows.ts';
import type { OperationParts } from './parts.ts';

export function createWorkflowOperations({ context, loop }: OperationParts): WorkflowOperations {
  const { desired, deployments, stacks, store } = context;
  return {
    listWorkflows() {
      loop.requireRead();
      return desired.workflows().map((workflow) => ({
        ...workflow,
        deployedAt: deployments.knownLatest(workflow.name)?.time ?? null,
        updatedAt: stacks.describedAt(workflow.name) ?? null,
      }));
    },
    countRuns() {
      const counts = new Map<string, RunCounts>();
      for (const { stack, status, count } of store.countJobs('apply')) {
        const known = counts.get(stack) ?? { total: 0, completed: 0, failed: 0 };
        const { total, completed, failed } = known;
        counts.set(stack, {
          total: total + count,
          completed: completed + (status === 'completed' ? count : 0),
          failed: failed + (status === 'failed' ? count : 0),
        });
      }
      return counts;
    },
  };
}
