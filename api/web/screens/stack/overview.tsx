import { CircleX, CloudOff, Info, Lock, TriangleAlert } from 'lucide';
import type { DeploymentView, StackDetail, StackState } from '../../client/api-types.ts';
import { jobAddress, stackAddress } from '../../client/stack-address.ts';
import { agree, count, STATES } from '../../client/words.ts';
import { Empty } from '../../parts/empty.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Icon } from '../../parts/icon.tsx';
import { NotDeployed } from '../../parts/not-deployed.tsx';
import { CommitLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import { STATUS_WORDS, tellJobType } from '../jobs/job-words.ts';
import { StackFrame, useStack } from './stack-frame.tsx';
import { StackActions } from './stack-actions.tsx';
import { Address, Tree } from './tree.tsx';
import { useAddresses, useTree } from './use-tree.ts';
import './stack.css';

/** A stack at a glance: how it is, why, and what it consists of. */
export function Overview() {
  const stack = useStack();
  return (
    <StackFrame
      stack={stack}
      actions={stack.data !== null && <StackActions stack={stack.data} reload={stack.reload} />}
    >
      {(data) => (
        <>
          <Held stack={data} />
          {!isSaidByHold(data) && <Why stack={data} />}
          {hasErrors(data) && <FileFindings stack={data} />}
          <Resources stack={data} />
          {!hasErrors(data) && <FileFindings stack={data} />}
          <Facts stack={data} />
        </>
      )}
    </StackFrame>
  );
}

/** The reason for the state, in words, and what to do about it. */
function Why({ stack }: { stack: StackDetail }) {
  const { state, message, waits } = stack;
  const { tone, meaning } = STATES[state];
  if (state === 'in_sync') return null;
  const reason = waits?.message ?? message ?? meaning;
  return (
    <div class={`notice tone-${tone}`}>
      <Icon of={tone === 'bad' ? CircleX : tone === 'warn' ? TriangleAlert : Info} />
      <div>
        <p>{reason}</p>
        {reason !== meaning && <p class="muted small">{meaning}</p>}
        <WaysOn stack={stack} />
      </div>
    </div>
  );
}

const PLANNED: ReadonlySet<StackState> = new Set(['pending', 'blocked', 'failed']);

function WaysOn({ stack: { name, state, drift, last_job: job } }: { stack: StackDetail }) {
  return (
    <p class="ways-on">
      {state === 'applying' && job?.completed_at === null && <a href={jobAddress(job.id)}>Watch it</a>}
      {job?.status === 'failed' && <a href={jobAddress(job.id)}>See what went wrong</a>}
      {drift.has_drift && <a href={stackAddress(name, 'drift')}>See what differs</a>}
      {PLANNED.has(state) && !drift.has_drift && (
        <a href={stackAddress(name, 'plan')}>See what would change</a>
      )}
      {state === 'degraded' && <a href={stackAddress(name, 'logs')}>Read its logs</a>}
    </p>
  );
}

/** Returns whether the hold is all that the stack waits for. */
function isSaidByHold({ state, hold, waits }: StackDetail): boolean {
  return state === 'pending' && hold !== null && hold !== undefined && waits?.reason === 'on-hold';
}

/** Says that somebody keeps the stack as it is, and why. */
function Held({ stack }: { stack: StackDetail }) {
  const { hold } = stack;
  if (hold === null || hold === undefined) return null;
  const { by, reason, at } = hold;
  return (
    <div class="notice tone-warn">
      <Icon of={Lock} />
      <div>
        <p>
          {by ?? 'Somebody'} holds it as it is since <Time at={at} />
          {reason === null ? '' : `: ${reason.replace(/[.!]$/, '')}`}. Nothing is applied to it by itself
          until it is released.
        </p>
        {isSaidByHold(stack) && <WaysOn stack={stack} />}
      </div>
    </div>
  );
}

/** Errors keep the stack from being changed, and come first; the rest can wait. */
function hasErrors({ diagnostics }: StackDetail): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
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

function Resources({ stack }: { stack: StackDetail }) {
  const { branches, silent } = useTree(stack);
  return (
    <section class="card">
      <div class="card-head">
        <h2 id="resources">What runs</h2>
        <span class="muted small">
          {count(stack.services.length, 'service')}
          {stack.nodes.length > 0 && ` on ${stack.nodes.map(({ name }) => name).join(', ')}`}
        </span>
      </div>
      {silent.map(({ node, message }) => (
        <div key={node} class="silent tone-warn">
          <Icon of={CloudOff} size={16} />
          <p>
            <b>{node}</b> tells nothing at the moment: {message}
          </p>
        </div>
      ))}
      {branches.length === 0 && stack.file === '' ? (
        <Empty title="Nothing of it runs any more.">
          <p>Git does not describe it, and what it ran is removed.</p>
        </Empty>
      ) : branches.length === 0 ? (
        <Empty title="It describes no service yet.">
          <p>
            Services stand in <code>{stack.file}</code>.{' '}
            <a href={stackAddress(stack.name, 'files')}>Open it</a>, add one, and commit.
          </p>
        </Empty>
      ) : (
        <Tree stack={stack.name} label={`What ${stack.name} runs`} branches={branches} />
      )}
    </section>
  );
}

/** Ways in: what a browser can open first. */
function Addresses({ stack }: { stack: StackDetail }) {
  const addresses = useAddresses(stack);
  if (addresses.length === 0) return null;
  return (
    <div>
      <dt>{agree(addresses.length, 'Address', 'Addresses')}</dt>
      {addresses.map(({ address, service, node }) => (
        <dd key={`${node} ${address}`}>
          <Address of={address} /> <span class="muted small">{service ?? node}</span>
        </dd>
      ))}
    </div>
  );
}

function JobLink({ of: { number, job_id: job } }: { of: DeploymentView }) {
  return job === null ? <>#{number}</> : <a href={jobAddress(job)}>#{number}</a>;
}

function Facts({ stack }: { stack: StackDetail }) {
  const { deployment, file, next_look_at: next, stackkit, last_job: job } = stack;
  return (
    <section class="card">
      <h2>About it</h2>
      <dl class="card-body facts">
        <Addresses stack={stack} />
        {file !== '' && (
          <div>
            <dt>Described by</dt>
            <dd>
              <a href={stackAddress(stack.name, 'files')}>
                <code>{file}</code>
              </a>
            </dd>
          </div>
        )}
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
              <NotDeployed lastJob={job} />
            ) : (
              <>
                {typeof deployment.subject === 'string' && <>{deployment.subject} · </>}
                <JobLink of={deployment} /> of <CommitLink commit={deployment.revision} />,{' '}
                <Time at={deployment.time} />
              </>
            )}
          </dd>
        </div>
        {job !== null && (
          <div>
            <dt>Last job</dt>
            <dd>
              <a href={jobAddress(job.id)}>{tellJobType(job.type)}</a>{' '}
              {STATUS_WORDS[job.status].label.toLowerCase()},{' '}
              <Time at={job.completed_at ?? job.started_at ?? job.created_at} />
            </dd>
          </div>
        )}
        {next !== null && (
          <div>
            <dt>Looked at again</dt>
            <dd>
              <Time at={next} isAhead />
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
