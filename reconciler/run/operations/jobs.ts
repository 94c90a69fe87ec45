import { ReconcilerError } from '../../base/errors.ts';
import type { JobType } from '../../ports/store.ts';
import type { JobDetail, JobOperations } from '../../public/reconciler.ts';
import type { OperationParts } from './parts.ts';

/** Jobs that can be called off; the others are carried through. */
const CALLED_OFF: ReadonlySet<JobType> = new Set(['apply', 'destroy', 'start', 'stop', 'restart']);

export function createJobOperations({ context: { jobs, deployments }, loop }: OperationParts): JobOperations {
  const getJob = (id: string): JobDetail => {
    const detail = jobs.get(id);
    if (detail === undefined) throw new ReconcilerError('UNKNOWN_JOB', `there is no job ${id}`);
    return detail;
  };
  return {
    waitForJob: (id, signal) => jobs.waitFor(id, signal),
    getJob,
    cancelJob(id, actor) {
      const { job } = getJob(id);
      if (job.endedAt !== null)
        throw new ReconcilerError('JOB_ENDED', `job ${id} has ended: it is ${job.status}`);
      if (!CALLED_OFF.has(job.type))
        throw new ReconcilerError('BAD_OPTIONS', `a job of type ${job.type} is carried through`);
      if (!loop.cancel(job, actor?.name ?? 'somebody'))
        throw new ReconcilerError('JOB_ENDED', `job ${id} is not worked on any more`);
      return getJob(id).job;
    },
    listJobs: (filter) => jobs.list(filter),
    storeError: () => jobs.storeError,
    tagError: () => deployments.tagError,
  };
}
