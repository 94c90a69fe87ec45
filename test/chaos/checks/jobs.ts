import type { Json } from '../parts/daemon.ts';
import { isHindered } from '../world/model.ts';
import type { Observation } from './observation.ts';

const APPLIES = ['deploy', 'destroy'];

/** Jobs that say more, or less, than they did. */
export function findFalseJobs({ jobs, tags, modelOf }: Observation): string[] {
  const names = new Set(tags.map(({ name }) => name));
  return jobs
    .filter(({ type, status }) => APPLIES.includes(type) && status === 'completed')
    .flatMap((job) => {
      const what = `${job.id} (${job.type} of ${job.stack_id}, ${job.trigger})`;
      const changes = countChanges(job);
      const described = job.revision === null ? undefined : modelOf(job.revision)?.stacks[job.stack_id];
      return [
        // A repair that only does once more what was done before has no tag of its own.
        ...(changes > 0 && job.tag === null && job.trigger !== 'drift'
          ? [`${what}: completed ${changes} changes without a tag`]
          : []),
        ...(job.tag !== null && !names.has(job.tag) ? [`${what}: names ${job.tag}, which is not there`] : []),
        ...(job.type === 'deploy' && changes > 0 && described !== undefined && described.breakage !== null
          ? [`${what}: success for a broken description (${described.breakage.kind})`]
          : []),
      ];
    });
}

/** Lists that say otherwise than what they list. */
export function findFalseLists({ jobs, jobDetails, stacks, sound, model }: Observation): string[] {
  const falseJobs = jobs.flatMap((job) => {
    const detail = jobDetails.get(job.id);
    // One of a stack that is still tried goes on while it is looked at.
    if (detail === undefined || isHindered(model, job.stack_id)) return [];
    return differ(`job ${job.id}`, job, detail, ['status', 'tag', 'completed_at', 'revision']);
  });
  const falseStacks = [...sound].flatMap(([name, { detail }]) => {
    const listed = stacks.find((stack) => stack.name === name);
    return listed === undefined
      ? [`stack ${name}: not listed`]
      : differ(`stack ${name}`, listed, detail, ['state', 'revision', 'deployed_at']);
  });
  return [...falseJobs, ...falseStacks];
}

function differ(what: string, listed: Json, detail: Json, keys: readonly string[]): string[] {
  return keys
    .filter((key) => listed[key] !== detail[key])
    .map((key) => `${what}: ${key} is ${listed[key]} in the list and ${detail[key]} alone`);
}

function countChanges({ summary }: Json): number {
  const entries = Object.entries((summary ?? {}) as Record<string, number>);
  return entries.filter(([action]) => !/^no-?op$/i.test(action)).reduce((sum, [, count]) => sum + count, 0);
}
