import { CircleX, Info, TriangleAlert } from 'lucide';
import type { DeploymentView, StackDetail } from '../../client/api-types.ts';
import { jobAddress, stackAddress } from '../../client/stack-address.ts';
import { count, STATES } from '../../client/words.ts';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { CommitLink, SourceLink } from '../../parts/source-link.tsx';
import { HealthState } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { StackFrame, useStack } from './stack-frame.tsx';
import './stack.css';

/** A stack at a glance: how it is, why, and what it consists of. */
export function Overview() {
  const stack = useStack();
  return (
    <StackFrame stack={stack}>
      {(data) => (
        <>
          <Why stack={data} />
          <FileFindings stack={data} />
          <Services stack={data} />
          <Facts stack={data} />
        </>
      )}
    </StackFrame>
  );
}

/** The reason for the state, in words, and what to do about it. */
function Why({ stack: { name, state, message, waits, drift } }: { stack: StackDetail }) {
  const { tone, meaning } = STATES[state];
  if (state === 'in_sync') return null;
  const reason = waits?.message ?? message ?? meaning;
  return (
    <div class={`notice tone-${tone}`}>
      <Icon of={tone === 'bad' ? CircleX : tone === 'warn' ? TriangleAlert : Info} />
      <div>
        <p>{reason}</p>
        {reason !== meaning && <p class="muted small">{meaning}</p>}
        <p>
          {drift.has_drift ? (
            <a href={stackAddress(name, 'drift')}>See what differs</a>
          ) : (
            (state === 'pending' || state === 'blocked' || state === 'failed') && (
              <a href={stackAddress(name, 'plan')}>See what would change</a>
            )
          )}
        </p>
      </div>
    </div>
  );
}

function FileFindings({ stack: { name, diagnostics } }: { stack: StackDetail }) {
  if (diagnostics.length === 0) return null;
  return (
    <section class="card">
      <div class="card-head">
        <h2>{count(diagnostics.length, 'finding')} in its files</h2>
        <a href={stackAddress(name, 'files')}>Open the files</a>
      </div>
      <div class="card-body">
        <Findings of={diagnostics} />
      </div>
    </section>
  );
}

function Services({ stack: { services } }: { stack: StackDetail }) {
  return (
    <section class="card">
      <h2>{count(services.length, 'service')}</h2>
      <ul>
        {services.map(({ name, status, message, image, node, ports }) => (
          <li key={name} class="service">
            <div>
              <b>{name}</b> <HealthState of={status} />
              {message !== null && <p class="small">{message}</p>}
            </div>
            <p class="muted small">
              <code>{image}</code>
              <br />
              {node} {ports.join(', ')}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function JobLink({ of: { number, job_id: job } }: { of: DeploymentView }) {
  return job === null ? <>#{number}</> : <a href={jobAddress(job)}>#{number}</a>;
}

function Facts({ stack: { deployment, file, next_look_at: next, stackkit } }: { stack: StackDetail }) {
  return (
    <section class="card">
      <h2>About it</h2>
      <dl class="card-body facts">
        <div>
          <dt>Described by</dt>
          <dd>
            <SourceLink file={file} />
          </dd>
        </div>
        {stackkit !== '' && (
          <div>
            <dt>Kit</dt>
            <dd>{stackkit}</dd>
          </div>
        )}
        <div>
          <dt>Last deployment</dt>
          <dd>
            {deployment === null ? (
              'none yet'
            ) : (
              <>
                <JobLink of={deployment} /> of <CommitLink commit={deployment.revision} />,{' '}
                <Time at={deployment.time} />
              </>
            )}
          </dd>
        </div>
        {next !== null && (
          <div>
            <dt>Looked at again</dt>
            <dd>
              <Time at={next} />
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
