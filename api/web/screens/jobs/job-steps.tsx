import { CircleCheck, CircleDashed, CircleSlash, CircleX, LoaderCircle, Undo2 } from 'lucide';
import type { IconNode } from 'lucide';
import type { JobDetail, StepView } from '../../client/api-types.ts';
import { count } from '../../client/words.ts';
import { tellDuration } from '../../parts/duration.ts';
import { Icon } from '../../parts/icon.tsx';
import { layOutSteps, readPull, readStepName } from './step-graph.ts';
import { useClock } from './use-job.ts';

const ICONS: Readonly<Record<StepView['status'], IconNode>> = {
  pending: CircleDashed,
  running: LoaderCircle,
  completed: CircleCheck,
  failed: CircleX,
  skipped: CircleSlash,
  cancelled: CircleSlash,
  reverted: Undo2,
};

const STATUS_TEXT: Readonly<Record<StepView['status'], string>> = {
  pending: 'to come',
  running: 'under way',
  completed: 'done',
  failed: 'failed',
  skipped: 'left out',
  cancelled: 'called off',
  reverted: 'taken back',
};

/** Steps of a job: each below what it waits for, with the time that it took beside the others'. */
export function JobSteps({ job }: { job: JobDetail }) {
  const isRunning = job.status === 'running';
  const now = useClock(isRunning);
  if (job.steps.length === 0) return null;
  const done = job.steps.filter(({ completed_at: to }) => to !== null).length;
  const start = Date.parse(job.started_at ?? job.created_at);
  const end = job.completed_at === null ? now : Date.parse(job.completed_at);
  return (
    <section class="card">
      <div class="card-head">
        <h2>Steps</h2>
        <span class="muted small" aria-live="polite">
          {done} of {count(job.steps.length, 'step')} over
        </span>
      </div>
      <ol class="steps">
        {layOutSteps(job.steps).map(({ step, depth, after }) => (
          <Step key={step.index} step={step} depth={depth} after={after} span={[start, end]} now={now} />
        ))}
      </ol>
    </section>
  );
}

interface StepProps {
  readonly step: StepView;
  readonly depth: number;
  readonly after: readonly string[];
  readonly span: readonly [number, number];
  readonly now: number;
}

function Step({ step, depth, after, span, now }: StepProps) {
  const { name, action, status, message, started_at: from, completed_at: to } = step;
  const { kind, thing, node } = readStepName(name);
  const pull = status === 'running' ? readPull(message) : null;
  return (
    <li class={`step ${status} depth-${Math.min(depth, 5)}`}>
      <Icon of={ICONS[status]} label={STATUS_TEXT[status]} />
      <div class="step-body">
        <p>
          {action !== null && `${action} `}
          {kind !== null && <span class="muted">{kind} </span>}
          <b>{thing}</b>
          {node !== null && <span class="muted small"> on {node}</span>}
        </p>
        {message !== null && pull === null && (
          <p class={status === 'failed' ? 'step-error' : 'small muted'}>{message}</p>
        )}
        {pull !== null && (
          <p class="small pull">
            <span>{pull.text}</span>
            <progress max={100} value={pull.percent} aria-label={pull.text} />
            <span>{pull.percent} %</span>
          </p>
        )}
        {after.length > 0 && <p class="small muted">after {after.join(', ')}</p>}
      </div>
      <Bar from={from} to={to} span={span} now={now} status={status} />
    </li>
  );
}

interface BarProps {
  readonly from: string | null;
  readonly to: string | null;
  readonly span: readonly [number, number];
  readonly now: number;
  readonly status: StepView['status'];
}

/** Time of a step as a part of the whole. */
function Bar({ from, to, span: [start, end], now, status }: BarProps) {
  if (from === null) return <span class="step-time muted small">{STATUS_TEXT[status]}</span>;
  const begin = Date.parse(from);
  const stop = to === null ? Math.max(now, begin) : Date.parse(to);
  const whole = Math.max(1, end - start);
  const left = Math.min(98, Math.max(0, ((begin - start) / whole) * 100));
  const width = Math.min(100 - left, Math.max(2, ((stop - begin) / whole) * 100));
  return (
    <span class="step-time small">
      <svg class="bar" aria-hidden="true" width="100%" height="8">
        <rect class="bar-whole" x="0" y="3" width="100%" height="2" rx="1" />
        <rect class="bar-part" x={`${left}%`} y="0" width={`${width}%`} height="8" rx="3" />
      </svg>
      <span class="muted nowrap">{tellDuration(stop - begin)}</span>
    </span>
  );
}
