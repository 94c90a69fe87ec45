import type { JobDetail } from '../../../reconciler/index.ts';
import { HttpProblem } from '../../http/problem.ts';
import { answers } from './answers.ts';
import { problemCodeOf } from '../../http/to-problem.ts';
import { toJobDetail } from './job-view.ts';
import { refer } from './schemas.ts';

/** Answers of a request that waits for its job, beside the job itself. */
export const WAITED_ANSWERS = {
  409: answers('Refused, or with wait=true: the job may not run now.', refer('Error')),
  503: answers('With wait=true: the job failed, with the code of its error as reason.', refer('Error')),
};

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
