import type { JobView } from '../../client/api-types.ts';

/** Failures of one stack, one after the other, for one reason: a machine that is off fails every time in the same way. */
export interface Episode {
  /** The newest. */
  readonly job: JobView;
  readonly times: number;
  /** When the oldest began. */
  readonly since: string;
}

/** Folds what failed again and again for one reason; jobs of other stacks in between do not matter. */
export function foldJobs(jobs: readonly JobView[]): readonly Episode[] {
  const episodes: Episode[] = [];
  const lastOf = new Map<string, number>();
  for (const job of jobs) {
    const since = job.started_at ?? job.created_at;
    const at = lastOf.get(job.stack_id);
    const last = at === undefined ? undefined : episodes[at];
    if (at !== undefined && last !== undefined && isSame(last.job, job)) {
      episodes[at] = { ...last, times: last.times + 1, since };
      continue;
    }
    lastOf.set(job.stack_id, episodes.length);
    episodes.push({ job, times: 1, since });
  }
  return episodes;
}

function isSame(a: JobView, b: JobView): boolean {
  return (
    a.status === 'failed' &&
    b.status === 'failed' &&
    a.type === b.type &&
    a.error?.message === b.error?.message &&
    a.error?.code === b.error?.code
  );
}
