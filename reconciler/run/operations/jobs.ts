import { ReconcilerError } from '../../base/errors.ts';
import type { JobOperations } from '../../public/reconciler.ts';
import type { OperationParts } from './parts.ts';

export function createJobOperations({ context: { jobs, deployments } }: OperationParts): JobOperations {
  return {
    waitForJob: (id, signal) => jobs.waitFor(id, signal),
    getJob(id) {
      const detail = jobs.get(id);
      if (detail === undefined) throw new ReconcilerError('UNKNOWN_JOB', `there is no job ${id}`);
      return detail;
    },
    listJobs: (filter) => jobs.list(filter),
    storeError: () => jobs.storeError,
    tagError: () => deployments.tagError,
  };
}
