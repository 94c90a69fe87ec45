import {
  Archive,
  ArchiveRestore,
  Download,
  ListChecks,
  Play,
  Radar,
  RotateCw,
  CirclePause,
  Trash2,
  Rocket,
  Cog,
} from 'lucide';
import type { IconNode } from 'lucide';
import type { JobView } from '../../client/api-types.ts';
import type { Words } from '../../client/words.ts';
import { count } from '../../client/words.ts';

export const STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const;

export const STATUS_WORDS: Readonly<Record<JobView['status'], Words>> = {
  queued: { label: 'Waiting', tone: 'calm', meaning: 'It begins when those before it have ended.' },
  running: { label: 'Running', tone: 'busy', meaning: 'It is at work now.' },
  completed: { label: 'Done', tone: 'good', meaning: 'It has done all that it had to do.' },
  failed: { label: 'Failed', tone: 'bad', meaning: 'It ended with an error.' },
  cancelled: { label: 'Called off', tone: 'warn', meaning: 'Somebody, or a newer commit, ended it.' },
};

interface Type {
  /** `Deployment`. */
  readonly noun: string;
  readonly icon: IconNode;
  /** Words before the name of the stack: to come, under way, over. */
  readonly verbs: readonly [will: string, now: string, then: string];
}

const TYPES: Readonly<Record<string, Type>> = {
  deploy: { noun: 'Deployment', icon: Rocket, verbs: ['Will deploy', 'Deploys', 'Deployed'] },
  plan: { noun: 'Plan', icon: ListChecks, verbs: ['Will plan', 'Plans', 'Planned'] },
  destroy: { noun: 'Removal', icon: Trash2, verbs: ['Will remove', 'Removes', 'Removed'] },
  drift_check: {
    noun: 'Drift check',
    icon: Radar,
    verbs: ['Will compare Git with', 'Compares Git with', 'Compared Git with'],
  },
  start: { noun: 'Start', icon: Play, verbs: ['Will start', 'Starts', 'Started'] },
  stop: { noun: 'Stop', icon: CirclePause, verbs: ['Will stop', 'Stops', 'Stopped'] },
  restart: { noun: 'Restart', icon: RotateCw, verbs: ['Will restart', 'Restarts', 'Restarted'] },
  backup: { noun: 'Backup', icon: Archive, verbs: ['Will back up', 'Backs up', 'Backed up'] },
  restore: { noun: 'Restore', icon: ArchiveRestore, verbs: ['Will restore', 'Restores', 'Restored'] },
  pull: {
    noun: 'Fetch of images',
    icon: Download,
    verbs: ['Will fetch images of', 'Fetches images of', 'Fetched images of'],
  },
};

/** Types that can be filtered by. */
export const JOB_TYPES: readonly string[] = Object.keys(TYPES);

function typeOf(type: string): Type {
  return TYPES[type] ?? { noun: type, icon: Cog, verbs: [`Will ${type}`, type, type] };
}

export const tellJobType = (type: string): string => typeOf(type).noun;
export const iconOfJob = (type: string): IconNode => typeOf(type).icon;

/** `Deployed website: 3 created, 1 updated.` */
export function tellJob({ type, status, stack_id: stack, summary }: JobView): string {
  const [will, now, then] = typeOf(type).verbs;
  const effects = summary === null ? [] : tellEffects(summary, status === 'completed' && type !== 'plan');
  const tail =
    summary === null ? '' : effects.length === 0 ? ': nothing to change' : `: ${effects.join(', ')}`;
  switch (status) {
    case 'queued':
      return `${will} ${stack}${tail}.`;
    case 'running':
      return `${now} ${stack}${tail}.`;
    case 'completed':
      return `${then} ${stack}${tail}.`;
    case 'failed':
      return `Did not go well: ${tellJobType(type).toLowerCase()} of ${stack}.`;
    case 'cancelled':
      return `Was called off: ${tellJobType(type).toLowerCase()} of ${stack}.`;
    default:
      return status satisfies never;
  }
}

function tellEffects(
  { create, update, replace, delete: remove }: NonNullable<JobView['summary']>,
  isDone: boolean,
): readonly string[] {
  const effects = [
    [create, 'create', 'created'],
    [update, 'update', 'updated'],
    [replace, 'replace', 'replaced'],
    [remove, 'remove', 'removed'],
  ] as const;
  return effects
    .filter(([number]) => number > 0)
    .map(([number, todo, done]) =>
      isDone ? `${count(number, 'resource')} ${done}` : `${todo} ${count(number, 'resource')}`,
    );
}

/** Words for the cause of a job. */
const TRIGGERS: Readonly<Record<string, string>> = {
  push: 'after a push',
  api: 'over the page or the API',
  cli: 'by the command',
  resync: 'by its regular look at everything',
  retry: 'since the last try did not go well',
  drift: 'since what runs differed from Git',
  schedule: 'by its schedule',
  dependency: 'once what it depends on was ready',
  start: 'when it started',
  prune: 'by a cleaning up',
};

/** `admin, over the page or the API`. */
export function tellAsker({ actor, trigger }: Pick<JobView, 'actor' | 'trigger'>): string {
  const how = TRIGGERS[trigger] ?? trigger;
  return actor === null ? `Kombinator itself, ${how}` : `${actor}, ${how}`;
}
