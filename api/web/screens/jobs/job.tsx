import { useRoute } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { CircleCheck, CircleDashed, CircleX, LoaderCircle, Undo2 } from 'lucide';
import type { JobDetail, JobView, LogView, StepView } from '../../client/api-types.ts';
import { get } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { followJob } from '../../app/live.ts';
import { useEvent, useMissed } from '../../app/use-live.ts';
import { Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { tellDuration } from '../../parts/time.tsx';
import './jobs.css';

/** Lines that are kept on the screen; older ones are told by the whole log. */
const MOST_LINES = 2_000;

/** One job as it goes: its steps, what it says, and how it ended. */
export function JobScreen() {
  const { params } = useRoute();
  const id = decodeURIComponent(params['id'] ?? '');
  const { data, error, reload, set } = useLoad(`job ${id}`, (signal) =>
    get<JobDetail>(`/jobs/${encodeURIComponent(id)}`, signal),
  );
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
  if (data === null)
    return error === null ? <Waiting what="the job" /> : <Failed error={error} retry={reload} />;
  return (
    <>
      <PageHead
        title={`${data.type} of ${data.stack_id}`}
        up={[stackAddress(data.stack_id), data.stack_id]}
      />
      <Steps steps={data.steps} />
      <Lines lines={data.logs} />
    </>
  );
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

const ICONS: Readonly<Record<StepView['status'], typeof CircleX>> = {
  pending: CircleDashed,
  running: LoaderCircle,
  completed: CircleCheck,
  failed: CircleX,
  skipped: CircleDashed,
  cancelled: CircleX,
  reverted: Undo2,
};

function Steps({ steps }: { steps: readonly StepView[] }) {
  return (
    <ol class="card steps">
      {steps.map(({ index, name, action, status, message, started_at: from, completed_at: to }) => (
        <li key={index} class={`step ${status}`}>
          <Icon of={ICONS[status]} label={status} />
          <div>
            <p>
              {action} <b>{name}</b>
            </p>
            {message !== null && <p class="small muted">{message}</p>}
          </div>
          <span class="muted small">
            {from !== null && to !== null && tellDuration(Date.parse(to) - Date.parse(from))}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Lines({ lines }: { lines: readonly LogView[] }) {
  return (
    <pre class="code lines" tabIndex={0} aria-label="Log">
      {lines.map(({ sequence, level, step, msg }) => (
        <div key={sequence} class={`line ${level}`}>
          {step !== null && <span class="muted">{step} </span>}
          {msg}
        </div>
      ))}
    </pre>
  );
}
