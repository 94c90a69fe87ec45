import { useLocation, useRoute } from 'preact-iso';
import { useMemo, useState } from 'preact/hooks';
import { Ban } from 'lucide';
import type { JobDetail, LogView } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { post } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { announce } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { tellDuration } from '../../parts/duration.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { LogEntry } from '../../parts/log-lines.tsx';
import { LogLines } from '../../parts/log-lines.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { CommitLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import { JobFailure } from './job-failure.tsx';
import { JobStatus } from './job-status.tsx';
import { JobSteps } from './job-steps.tsx';
import { tellAsker, tellJob, tellJobType } from './job-words.ts';
import { useClock, useJob } from './use-job.ts';
import './jobs.css';

/** One job as it goes: what it does, its steps, what it says, and how it ended. */
export function JobScreen() {
  const { params } = useRoute();
  const { route } = useLocation();
  const id = decodeURIComponent(params['id'] ?? '');
  const { data, error, reload } = useJob(id);
  useKeys({ s: ['Its stack', () => data !== null && route(stackAddress(data.stack_id))] });
  if (data === null)
    return error === null ? <Waiting what="the job" /> : <Failed error={error} retry={reload} />;
  return (
    <>
      <PageHead
        title={`${tellJobType(data.type)} of ${data.stack_id}`}
        up={[`${UI}/jobs`, 'All jobs']}
        badge={<JobStatus of={data.status} />}
      >
        <a class="button" href={stackAddress(data.stack_id)}>
          Open {data.stack_id}
        </a>
        <Cancel job={data} />
      </PageHead>
      <Summary job={data} />
      <JobFailure job={data} />
      <JobSteps job={data} />
      <JobLog job={data} />
    </>
  );
}

function Summary({ job }: { job: JobDetail }) {
  const { status, progress, created_at: created, started_at: from, completed_at: to, revision, tag } = job;
  const now = useClock(status === 'running');
  return (
    <section class="card summary" aria-label="Summary">
      <p class="job-sentence" aria-live="polite">
        {tellJob(job)}
      </p>
      {status === 'running' && (
        <p class="job-progress">
          <progress max={100} value={progress} aria-label="Progress of the job" />
          <span>{progress} %</span>
        </p>
      )}
      <dl class="facts">
        <div>
          <dt>Asked for by</dt>
          <dd>{tellAsker(job)}</dd>
        </div>
        <div>
          <dt>{from === null ? 'Waits since' : 'Began'}</dt>
          <dd>
            <Time at={from ?? created} />
          </dd>
        </div>
        {from !== null && (
          <div>
            <dt>{to === null ? 'Takes until now' : 'Took'}</dt>
            <dd>
              {tellDuration(
                (to === null ? Math.max(now, Date.parse(from)) : Date.parse(to)) - Date.parse(from),
              )}
            </dd>
          </div>
        )}
        {revision !== null && (
          <div>
            <dt>Commit</dt>
            <dd>
              <CommitLink commit={revision} />
            </dd>
          </div>
        )}
        {tag !== null && (
          <div>
            <dt>Tagged in Git as</dt>
            <dd>
              <code>{tag}</code>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** Jobs that end at the next step when they are called off; others are carried through. */
const CAN_END: ReadonlySet<string> = new Set(['deploy', 'destroy']);

function Cancel({ job: { id, type, status, stack_id: stack } }: { job: JobDetail }) {
  const [asks, ask] = useState(false);
  const isOver = status !== 'queued' && status !== 'running';
  if (isOver || !CAN_END.has(type) || !may('deployer')) return null;
  const cancel = async (): Promise<void> => {
    await post(`/jobs/${encodeURIComponent(id)}/cancel`);
    announce('It is called off, and ends after the step that is under way.');
  };
  return (
    <>
      <button type="button" onClick={() => ask(true)}>
        <Icon of={Ban} size={16} /> Call it off …
      </button>
      {asks && (
        <Confirm
          title={`Call off the ${tellJobType(type).toLowerCase()} of ${stack}?`}
          action={`Call off the ${tellJobType(type).toLowerCase()}`}
          isDangerous
          onConfirm={cancel}
          onClose={() => ask(false)}
        >
          <p>
            {status === 'queued' ? 'It does not begin. ' : 'It ends after the step that is under way. '}
            {stack} stays as it is then, until somebody applies it or a commit changes it.
          </p>
        </Confirm>
      )}
    </>
  );
}

/** Entries by line: one that is the same object as before is not drawn again. */
const entryOf = new WeakMap<LogView, LogEntry>();

function toEntry(line: LogView): LogEntry {
  const known = entryOf.get(line);
  if (known !== undefined) return known;
  const { sequence, time, level, step, msg } = line;
  // Most lines name their step themselves.
  const source = step === null || msg.includes(step) ? null : step;
  const entry: LogEntry = { number: sequence, time, level, source, hue: 0, text: msg };
  entryOf.set(line, entry);
  return entry;
}

function JobLog({ job: { logs, status } }: { job: JobDetail }) {
  const [follows, follow] = useState(status === 'running' || status === 'queued');
  const entries = useMemo(() => logs.map(toEntry), [logs]);
  return (
    <section class="card">
      <div class="card-head">
        <h2>Log</h2>
        <label class="check small">
          <input
            type="checkbox"
            checked={follows}
            onChange={(event) => follow(event.currentTarget.checked)}
          />
          Follow
        </label>
      </div>
      {entries.length === 0 ? (
        <Empty title={status === 'queued' ? 'It has not begun yet.' : 'It has said nothing.'} />
      ) : (
        <LogLines label="Log of the job" entries={entries} follows={follows} onFollow={follow} />
      )}
    </section>
  );
}
