import { useEffect, useState } from 'preact/hooks';
import type { JobDetail, JobView, LogView, StepView } from '../../client/api-types.ts';
import { get } from '../../client/request.ts';
import type { Loaded } from '../../client/use-load.ts';
import { useLoad } from '../../client/use-load.ts';
import { followJob } from '../../app/live.ts';
import { useEvent, useMissed } from '../../app/use-live.ts';

/** Lines that are kept on the screen; older ones are told by the whole log. */
const MOST_LINES = 2_000;

/** A job with its steps and lines as they come. */
export function useJob(id: string): Loaded<JobDetail> {
  const loaded = useLoad(`job ${id}`, (signal) => get<JobDetail>(`/jobs/${encodeURIComponent(id)}`, signal));
  const { set, reload } = loaded;
  useEffect(() => {
    followJob(id);
    return () => followJob(null);
  }, [id]);
  useEvent<JobView>('job', (job) => job.id === id && set((before) => ({ ...before, ...job })));
  useEvent<StepView & { readonly job_id: string }>(
    'step',
    (step) => step.job_id === id && set(withStep(step)),
  );
  useEvent<LogView & { readonly job_id: string }>('log', (line) => line.job_id === id && set(withLine(line)));
  useMissed(reload);
  return loaded;
}

function withStep(step: StepView): (job: JobDetail) => JobDetail {
  return (job) => {
    const others = job.steps.filter(({ index }) => index !== step.index);
    const before = job.steps.find(({ index }) => index === step.index);
    return { ...job, steps: [...others, { ...before, ...step }].toSorted((a, b) => a.index - b.index) };
  };
}

function withLine(line: LogView): (job: JobDetail) => JobDetail {
  return (job) =>
    job.logs.some(({ sequence }) => sequence === line.sequence)
      ? job
      : { ...job, logs: [...job.logs, line].slice(-MOST_LINES) };
}

/** The time, told anew each half second while something runs. */
export function useClock(isRunning: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
