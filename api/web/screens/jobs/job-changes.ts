import type { JobDetail, JobView, LogView, StepView } from '../../client/api-types.ts';

/** Lines that are kept on the screen; older ones are told by the whole log. */
const MOST_LINES = 2_000;

export type JobChange = (job: JobDetail) => JobDetail;

/** The job as an event tells it. A job that has ended does not begin again: such an event is an old one. */
export function withJob(told: JobView): JobChange {
  return (job) => (job.completed_at !== null && told.completed_at === null ? job : { ...job, ...told });
}

export function withStep(step: StepView): JobChange {
  return (job) => {
    const others = job.steps.filter(({ index }) => index !== step.index);
    const before = job.steps.find(({ index }) => index === step.index);
    return { ...job, steps: [...others, { ...before, ...step }].toSorted((a, b) => a.index - b.index) };
  };
}

/** Adds a line in its place; one that is there already is left as it is. */
export function withLine(line: LogView): JobChange {
  return (job) => {
    const { logs } = job;
    const before = logs.findLastIndex(({ sequence }) => sequence <= line.sequence);
    if (logs[before]?.sequence === line.sequence) return job;
    return { ...job, logs: logs.toSpliced(before + 1, 0, line).slice(-MOST_LINES) };
  };
}
