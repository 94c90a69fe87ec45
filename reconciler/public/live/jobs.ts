import type { Actor } from '../views.ts';
import type { Job, JobFilter, JobLog, JobStep } from '../../ports/store.ts';

export interface JobDetail {
  readonly job: Job;
  readonly steps: readonly JobStep[];
  readonly logs: readonly JobLog[];
}

/** The operations on what was done, and is being done. */
export interface JobOperations {
  /** Resolves when the job has ended, however it ended. */
  waitForJob(id: string, signal: AbortSignal): Promise<JobDetail>;
  getJob(id: string): JobDetail;
  /**
   * Calls a job off: one that is queued does not begin, one that runs ends at the next step boundary, and a replacement that is not well yet makes
   * room for what it replaces. The stack is left so until it is applied or described otherwise. Throws UNKNOWN_JOB, JOB_ENDED; BAD_OPTIONS for
   * jobs that are carried through, such as backups.
   *
   * @returns the job as it stands; it ends soon
   */
  cancelJob(id: string, actor: Actor | null): Job;
  listJobs(filter: JobFilter): { readonly jobs: readonly Job[]; readonly total: number };
  /** Returns why history is not stored at the moment, `null` when it is. */
  storeError(): string | null;
  /** Reason why deployments wait to be tagged, or their tags to be pushed; `null` when none do. */
  tagError(): string | null;
}
