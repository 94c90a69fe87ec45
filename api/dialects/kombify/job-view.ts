import type { Job, JobDetail, JobLog, JobStep, JobType, Plan } from '../../../reconciler/index.ts';
import { formatSummary } from '../../../reconciler/index.ts';

/** Our words for what a job does, in the words of this dialect. */
const TYPE_WORDS: Readonly<Record<JobType, string>> = {
  plan: 'plan',
  apply: 'deploy',
  destroy: 'destroy',
  drift_check: 'drift_check',
  start: 'start',
  stop: 'stop',
  restart: 'restart',
  backup: 'backup',
  restore: 'restore',
  pull: 'pull',
};

/** Kinds of jobs as answers of this dialect name them. */
export const JOB_WORDS: readonly string[] = Object.values(TYPE_WORDS);

export type JobTypeWord = JobType | 'deploy';

/** Words that a request may use: `apply` is understood as well as `deploy`. */
export const JOB_TYPE_WORDS: readonly JobTypeWord[] = (Object.keys(TYPE_WORDS) as JobType[]).flatMap((type) =>
  type === 'apply' ? ['deploy', type] : [type],
);

export function toJobType(word: JobTypeWord): JobType {
  return word === 'deploy' ? 'apply' : word;
}

export function toJob(job: Job) {
  return {
    id: job.id,
    job_id: job.id,
    type: TYPE_WORDS[job.type],
    status: job.status,
    stack_id: job.stack,
    worker_id: null,
    trigger: job.trigger,
    actor: job.actor,
    revision: job.revision,
    plan_id: job.planId,
    summary: job.summary,
    summary_text: job.summary === null ? null : formatSummary(job.summary),
    progress: job.progress,
    error: job.error,
    tag: job.tag,
    created_at: job.createdAt,
    started_at: job.startedAt,
    completed_at: job.endedAt,
    duration_ms: durationOf(job),
  };
}

export function toJobDetail({ job, steps, logs }: JobDetail) {
  return { ...toJob(job), steps: steps.map(toStep), logs: logs.map(toLog) };
}

/** Returns a job whose steps say which others they come after, where its plan tells. */
export function toPlannedJob(detail: JobDetail, plan: Plan | undefined) {
  const view = toJobDetail(detail);
  if (plan === undefined) return view;
  const indexes = new Map(detail.steps.map(({ name, index }): [string, number] => [name, index]));
  const before = new Map(
    plan.changes.map(({ id, dependsOn }): [string, readonly number[]] => [
      id,
      dependsOn.flatMap((dependency) => indexes.get(dependency.id) ?? []),
    ]),
  );
  const steps = view.steps.map((step) => ({ ...step, depends_on: before.get(step.name) ?? [] }));
  return { ...view, steps };
}

export function toStep(step: JobStep) {
  return {
    index: step.index,
    name: step.name,
    action: step.action,
    status: step.status,
    progress: step.endedAt === null ? 0 : 100,
    message: step.message,
    health: step.health,
    started_at: step.startedAt,
    completed_at: step.endedAt,
  };
}

export function toLog({ sequence, time, level, step, message }: JobLog) {
  return { sequence, time, level, step, msg: message };
}

function durationOf({ startedAt, endedAt }: Job): number | null {
  return startedAt === null || endedAt === null
    ? null
    : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}
