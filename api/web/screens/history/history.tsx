import { useLocation } from 'preact-iso';
import type { JobView, StackDetail } from '../../client/api-types.ts';
import type { HistoryEntry } from '../../client/history-types.ts';
import { get } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useLoad } from '../../client/use-load.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { StackFrame, useStack } from '../stack/stack-frame.tsx';
import { CompareView } from './compare.tsx';
import { HistoryList } from './history-list.tsx';
import { RollbackView } from './rollback.tsx';
import './history.css';

/** Deployments of a stack; the difference of two of them, and the way back to one, stand in the address. */
export function HistoryScreen() {
  const stack = useStack();
  return <StackFrame stack={stack}>{(data) => <Chosen stack={data} />}</StackFrame>;
}

function Chosen({ stack }: { stack: StackDetail }) {
  const { query } = useLocation();
  const { from, to = 'current', rollback } = query;
  if (rollback !== undefined && isNumber(rollback))
    return <RollbackView stack={stack} to={Number(rollback)} />;
  if (from !== undefined && isNumber(from) && (to === 'current' || isNumber(to)))
    return <CompareView name={stack.name} from={Number(from)} to={to} />;
  return <Deployments stack={stack} />;
}

function isNumber(text: string): boolean {
  return /^[1-9]\d{0,8}$/.test(text);
}

function Deployments({ stack: { name, deployment } }: { stack: StackDetail }) {
  const { data, error, reload } = useLoad(`history ${name}`, (signal) =>
    get<{ readonly deployments: readonly HistoryEntry[] }>(
      `/stacks/${encodeURIComponent(name)}/deployments`,
      signal,
    ),
  );
  const soon = useCalmly(reload, 300);
  useEvent<JobView>('job', (job) => {
    if (job.stack_id === name && job.completed_at !== null) soon();
  });
  useMissed(reload);
  if (data === null)
    return error === null ? <Waiting what="the history" /> : <Failed error={error} retry={reload} />;
  if (data.deployments.length === 0) return <Never name={name} />;
  return <HistoryList name={name} entries={data.deployments} running={deployment?.number ?? null} />;
}

function Never({ name }: { name: string }) {
  return (
    <Empty title="Nothing has been deployed yet.">
      <p>Each deployment is listed here, with its commit, who made it, and how it went.</p>
      <a class="button" href={stackAddress(name, 'plan')}>
        See what would be deployed
      </a>
    </Empty>
  );
}
