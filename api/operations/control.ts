import type { Actor, ControlRequest, JobDetail } from '../../reconciler/index.ts';
import type { ApiDeps } from './deps.ts';

/** Starts, stops or restarts a stack and waits for it; the signal ends the waiting, not the job. Throws UNKNOWN_STACK. */
export function controlStack(
  { reconciler }: ApiDeps,
  request: { readonly stack: string; readonly action: ControlRequest['action']; readonly actor: Actor },
  signal: AbortSignal,
): Promise<JobDetail> {
  const job = reconciler.control({ ...request, trigger: 'api' });
  return reconciler.waitForJob(job.id, signal);
}
