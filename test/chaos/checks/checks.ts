import { hasUnreadable } from '../world/model.ts';
import type { Difference } from '../world/compare.ts';
import { findFalseJobs, findFalseLists } from './jobs.ts';
import type { Observation } from './observation.ts';
import { findFalseHistories, findFalseNewestTags, findFalseTags } from './tags.ts';
import { findGrowth } from './vitals.ts';

/** Something that holds whenever all is quiet, whatever happened before. */
export interface Check {
  readonly name: string;
  /** The rule in words. */
  readonly promise: string;
  /** Finds what contradicts it. Pure. */
  readonly find: (observation: Observation) => readonly string[];
}

export const CHECKS: readonly Check[] = [
  { name: 'runs-head', promise: 'What runs is what the newest commit says.', find: differencesOf('wrong') },
  {
    name: 'nothing-left',
    promise: 'Nothing runs or stays that nobody describes.',
    find: differencesOf('left'),
  },
  { name: 'nothing-doubled', promise: 'There is one of each name.', find: differencesOf('double') },
  {
    name: 'volumes-kept',
    promise: 'No volume goes, nor its content.',
    find: ({ lostVolumes }) => lostVolumes,
  },
  { name: 'plan-empty', promise: 'A second plan is empty.', find: findSecondPlans },
  { name: 'jobs-ended', promise: 'Every job has ended.', find: findRunningJobs },
  {
    name: 'jobs-true',
    promise: 'A job names the tag it made, and a broken description has no success.',
    find: findFalseJobs,
  },
  { name: 'lists-agree', promise: 'Lists and details agree.', find: findFalseLists },
  {
    name: 'tags-true',
    promise: 'Tags are numbered without gaps, and each is on what could be deployed.',
    find: findFalseTags,
  },
  { name: 'newest-tag', promise: 'The newest tag of a stack is what runs.', find: findFalseNewestTags },
  { name: 'history-agrees', promise: 'History, stack, tag status and tags agree.', find: findFalseHistories },
  {
    name: 'store-sound',
    promise: 'The database is sound.',
    find: ({ storeCheck }) => (storeCheck === 'ok' ? [] : [storeCheck.slice(0, 300)]),
  },
  { name: 'log-quiet', promise: 'Node has nothing to warn of.', find: findWarnings },
  { name: 'flat', promise: 'A process holds on to no more than it did before.', find: findGrowth },
];

function differencesOf(kind: Difference['kind']): Check['find'] {
  return ({ differences }) => differences.filter((one) => one.kind === kind).map(({ text }) => text);
}

function findSecondPlans({ sound }: Observation): string[] {
  return [...sound].flatMap(([name, { plan }]) => {
    if (plan.status !== 200)
      return [`${name}: planning answers ${plan.status} ${JSON.stringify(plan.body).slice(0, 300)}`];
    if (plan.body.has_changes !== true) return [];
    const changes = plan.body.changes.filter(({ action }: { action: string }) => action !== 'no-op');
    return [`${name}: ${JSON.stringify(changes).slice(0, 600)}`];
  });
}

function findRunningJobs({ jobs, sound, model }: Observation): string[] {
  return jobs
    .filter(
      ({ completed_at: end, stack_id: stack }) =>
        end === null && (sound.has(stack) || model.stacks[stack] === undefined),
    )
    .filter(() => !hasUnreadable(model))
    .map(
      ({ id, type, stack_id: stack, status, created_at: since }) =>
        `${id} (${type} of ${stack}) is ${status} since ${since}`,
    );
}

/** Warnings of the runtime itself: leaks of listeners, timers out of range, promises nobody waits for. */
function findWarnings({ log }: Observation): string[] {
  const lines = log
    .split('\n')
    .filter((line) => /^\(node:\d+\)|MaxListenersExceeded|TimeoutOverflow|UnhandledPromise/.test(line));
  return [...new Set(lines.map((line) => line.replace(/^\(node:\d+\) /, '').slice(0, 300)))].filter(
    (line) => !line.includes('ExperimentalWarning') && !line.startsWith('(Use `'),
  );
}
