import { errorMessage, ReconcilerError } from '../../base/errors.ts';
import type { RunContext } from '../context.ts';
import type { JobRecorder } from './job-store.ts';

/**
 * Ends a job that came to nothing, and shows why. One that has ended already has told it.
 *
 * @param interrupted from outside: another run is due, or none will be
 */
export function endFailed(context: RunContext, job: JobRecorder, error: unknown, interrupted: boolean): void {
  if (job.job.endedAt !== null) return;
  const { stack } = job.job;
  showFailure(context, stack, error, interrupted);
  job.end(interrupted ? 'cancelled' : 'failed', error);
  context.stacks.setJob(stack, job.job);
}

/** @returns whether it is another failure than before, so that not every try of the same leaves a job */
export function showFailure(
  { stacks }: RunContext,
  stack: string,
  error: unknown,
  interrupted: boolean,
): boolean {
  stacks.enter(stack, { at: 'failed', error, interrupted });
  if (interrupted) return false;
  const code = error instanceof ReconcilerError ? error.code : 'TARGET_ERROR';
  return stacks.setError(stack, `${code} ${errorMessage(error)}`);
}
