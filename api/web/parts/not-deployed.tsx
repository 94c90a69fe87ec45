import type { StackRow } from '../client/api-types.ts';
import { jobAddress } from '../client/stack-address.ts';
import { Time } from './time.tsx';

/** Words in the place of a stack's last deployment, where it has none: it failed, or was not tried yet. */
export function NotDeployed({ lastJob: job }: { lastJob: StackRow['last_job'] }) {
  if (job?.status !== 'failed') return <span class="muted">not deployed yet</span>;
  return (
    <a href={jobAddress(job.id)}>
      failed <Time at={job.completed_at ?? job.created_at} />
    </a>
  );
}
