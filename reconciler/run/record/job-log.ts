import { formatSummary } from '../../plan/format-plan.ts';
import type { PlanSummary } from '../../plan/plan.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Job, JobType } from '../../ports/store.ts';
import type { EventHub } from '../loop/event-hub.ts';

/**
 * Name in the log of each type of job that changes something; those that only look are left out, and those on data, which has a log of its
 * own.
 */
const LOG_NAMES: Partial<Readonly<Record<JobType, string>>> = {
  apply: 'deployment',
  destroy: 'removal',
  start: 'start',
  stop: 'stop',
  restart: 'restart',
};

/** Writes one line when a job begins to change something, and one when it ends. */
export function logJobs(events: EventHub, logger: Logger): Disposable {
  const begun = new Set<string>();
  return events.subscribe((event) => {
    if (event.type !== 'job') return;
    const { job } = event;
    const name = LOG_NAMES[job.type];
    if (name === undefined) return;
    if (job.endedAt !== null) {
      begun.delete(job.id);
      logger.info(describeEnd(job), `a ${name} has ended`);
    } else if (job.status === 'running' && changesAnything(job.summary) && !begun.has(job.id)) {
      begun.add(job.id);
      logger.info(describeBegin(job), `a ${name} begins`);
    }
  });
}

function changesAnything(summary: PlanSummary | null): boolean {
  return summary !== null && summary.create + summary.update + summary.replace + summary.delete > 0;
}

function describeBegin({ id, stack, trigger, actor, revision, summary }: Job): object {
  return {
    stack,
    job: id,
    trigger,
    ...(actor === null ? {} : { actor }),
    ...(revision === null ? {} : { revision: revision.slice(0, 10) }),
    ...(summary === null ? {} : { plan: formatSummary(summary) }),
  };
}

function describeEnd(job: Job): object {
  const { id, stack, trigger, status, startedAt, endedAt, tag, error } = job;
  const durationMs =
    startedAt === null || endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
  return {
    stack,
    job: id,
    trigger,
    status,
    ...(durationMs === null ? {} : { durationMs }),
    ...(tag === null ? {} : { tag }),
    ...(error === null ? {} : { code: error.code, reason: error.message }),
  };
}
