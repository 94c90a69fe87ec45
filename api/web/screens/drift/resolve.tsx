import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';
import { GitCommitHorizontal, Undo2 } from 'lucide';
import type { DriftChange, PlanDocument, StackDetail } from '../../client/api-types.ts';
import type { DriftResolution } from '../../client/history-types.ts';
import { post } from '../../client/request.ts';
import { jobAddress, stackAddress } from '../../client/stack-address.ts';
import { agree, count, shortCommit } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { Confirm } from '../../parts/confirm.tsx';
import { Icon } from '../../parts/icon.tsx';
import { showValue } from '../../parts/value.tsx';
import { tellSummary } from '../plan/plan-words.ts';

interface ResolveProps {
  readonly stack: StackDetail;
  /** Plan of the present description; `null` where that is not known. */
  readonly plan: PlanDocument | null;
  /** Resources that are kept as they run. */
  readonly kept: readonly string[];
}

/** The two ways to be in sync again: put back what Git says, or let Git say what runs. */
export function Resolve({ stack: { name, drift }, plan, kept }: ResolveProps) {
  const { route } = useLocation();
  const [asks, ask] = useState<'put-back' | 'keep' | null>(null);
  const targets = [...new Set(drift.changes.map(({ resource }) => resource.split('/')[0]))];
  const all = new Set(drift.changes.map(({ resource }) => resource)).size;
  const putBack = `Put back ${count(all, 'resource')} on ${targets.join(', ')}`;
  const keep = `Commit ${count(kept.length, 'resource')} as ${agree(kept.length, 'it runs', 'they run')}`;
  const resolve = async (action: 'apply_desired' | 'accept_actual'): Promise<void> => {
    const body = { action, ...(action === 'accept_actual' && { resources: kept }) };
    const done = await post<DriftResolution>(`/stacks/${encodeURIComponent(name)}/drift/resolve`, body);
    if (done.job_id !== null) route(jobAddress(done.job_id));
    else tellCommitted(name, done);
  };
  return (
    <div class="apply-bar">
      <button type="button" class="primary" onClick={() => ask('put-back')}>
        <Icon of={Undo2} size={16} /> {putBack}
      </button>
      <button type="button" disabled={kept.length === 0} onClick={() => ask('keep')}>
        <Icon of={GitCommitHorizontal} size={16} /> {keep} …
      </button>
      {asks === 'put-back' && (
        <Confirm
          title={`${putBack}?`}
          action={putBack}
          onConfirm={() => resolve('apply_desired')}
          onClose={() => ask(null)}
        >
          <p>
            What was changed by hand is undone: {name} becomes what Git says now. Containers may be made anew
            for it; data in volumes stays.
          </p>
          {plan !== null && <p>{tellSummary(plan)}</p>}
          <p>
            <a href={stackAddress(name, 'plan')}>See it field by field in the plan</a>
          </p>
        </Confirm>
      )}
      {asks === 'keep' && (
        <Confirm
          title={`${keep}?`}
          action="Commit what runs"
          onConfirm={() => resolve('accept_actual')}
          onClose={() => ask(null)}
        >
          <p>One commit, in your name, writes these into the file of {name}. Nothing that runs is touched.</p>
          <Written changes={drift.changes.filter(({ resource }) => kept.includes(resource))} />
          <p class="muted small">What has no place in the file is named afterwards, and stays drift.</p>
        </Confirm>
      )}
    </div>
  );
}

function Written({ changes }: { changes: readonly DriftChange[] }) {
  return (
    <ul class="written">
      {changes.map(({ resource, field, actual, type }) => (
        <li key={`${resource} ${field}`}>
          <code>
            {[resource.split('/').slice(2).join('/'), field].filter((part) => part !== null).join(' ')}
          </code>{' '}
          {field === null ? (
            type === 'missing' ? (
              'is turned off'
            ) : (
              'as it runs'
            )
          ) : (
            <>
              → <code>{actual === null || actual === undefined ? 'not set' : showValue(actual)}</code>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

function tellCommitted(name: string, { commit, unplaced }: DriftResolution): void {
  const what = commit === null ? 'Nothing was to be committed' : `Committed as ${shortCommit(commit)}`;
  const rest = unplaced.length === 0 ? '' : `; no place in the file have: ${unplaced.join(', ')}`;
  announce(`${what}${rest}.`, { href: stackAddress(name, 'files'), text: `See the files of ${name}` });
}
