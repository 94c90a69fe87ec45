import { useEffect, useRef, useState } from 'preact/hooks';
import type { JobDetail, JobView, LogView, StepView } from '../../client/api-types.ts';
import { get } from '../../client/request.ts';
import type { Loaded } from '../../client/use-load.ts';
import { useLoad } from '../../client/use-load.ts';
import { followJob } from '../../app/live.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import type { JobChange } from './job-changes.ts';
import { withJob, withLine, withStep } from './job-changes.ts';

/** A job with its steps and lines as they come. */
export function useJob(id: string): Loaded<JobDetail> {
  /** Changes that came while the job was asked for: the answer may be older than they are. */
  const meanwhile = useRef<JobChange[] | null>(null);
  const loaded = useLoad(`job ${id}`, async (signal) => {
    const late: JobChange[] = [];
    meanwhile.current = late;
    try {
      const job = await get<JobDetail>(`/jobs/${encodeURIComponent(id)}`, signal);
      return late.reduce((before, change) => change(before), job);
    } finally {
      if (meanwhile.current === late) meanwhile.current = null;
    }
  });
  const { data, set, reload } = loaded;
  const soon = useCalmly(reload, 300, 2_000);
  const isKnown = data?.id === id;
  useEffect(() => {
    // Events of a job that is not known are refused, and with them all others.
    if (!isKnown) return undefined;
    followJob(id);
    return () => followJob(null);
  }, [id, isKnown]);
  const change = (made: JobChange): void => {
    meanwhile.current?.push(made);
    set(made);
  };
  useEvent<JobView>('job', (job) => {
    if (job.id !== id) return;
    change(withJob(job));
    if (job.completed_at !== null) soon();
  });
  useEvent<OfJob<StepView>>('step', (step) => step.job_id === id && change(withStep(step)));
  useEvent<OfJob<LogView>>('log', (line) => line.job_id === id && change(withLine(line)));
  useMissed(reload);
  return loaded;
}

type OfJob<T> = T & { readonly job_id: string };

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
