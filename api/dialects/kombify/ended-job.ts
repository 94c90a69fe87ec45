import type { JobDetail } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { problemCodeOf } from '../../http/to-problem.ts';
import { toJobDetail } from './job-view.ts';

/**
 * Answers a job that was waited for. One that has come to nothing is the error that it ended with, as if that had been known at once; its id and
 * the steps that failed stand in the details.
 */
export function toEndedJob(detail: JobDetail) {
  const { job, steps } = detail;
  if (job.status === 'completed') return toJobDetail(detail);
  const code = job.error?.code ?? (job.status === 'cancelled' ? 'CANCELLED' : 'TARGET_ERROR');
  const message =
    job.error?.message ?? `the job has ${job.status === 'failed' ? 'failed' : 'been cancelled'}`;
  const failed = steps.filter(({ status }) => status === 'failed' || status === 'reverted');
  throw new HttpProblem(problemCodeOf(code), message, {
    reason: code,
    details: [
      { field: 'job_id', message: job.id },
      ...failed.map((step) => ({ field: step.name, message: step.message ?? step.status })),
    ],
  });
}
