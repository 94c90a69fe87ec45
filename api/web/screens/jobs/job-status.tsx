import { CircleCheck, CircleDashed, CircleSlash, CircleX, LoaderCircle } from 'lucide';
import type { IconNode } from 'lucide';
import type { JobView } from '../../client/api-types.ts';
import { Badge } from '../../parts/state.tsx';
import { STATUS_WORDS } from './job-words.ts';

const ICONS: Readonly<Record<JobView['status'], IconNode>> = {
  queued: CircleDashed,
  running: LoaderCircle,
  completed: CircleCheck,
  failed: CircleX,
  cancelled: CircleSlash,
};

export function JobStatus({ of }: { of: JobView['status'] }) {
  return <Badge words={STATUS_WORDS[of]} icon={ICONS[of]} />;
}
