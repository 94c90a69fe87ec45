import { CircleCheck, CircleX, TriangleAlert } from 'lucide';
import type { AuditEntry } from '../../client/fleet-types.ts';
import { jobAddress } from '../../client/stack-address.ts';
import { CommitLink } from '../../parts/source-link.tsx';
import { Badge } from '../../parts/state.tsx';
import { tellExact, Time } from '../../parts/time.tsx';
import { deedOf, tellDeed, tellOutcome, tellWay } from './audit-words.ts';

type Filter = { readonly action: string } | { readonly object: string };

interface AuditTableProps {
  readonly of: readonly AuditEntry[];
  /** Called when somebody wants to see the entries of one action, or about one thing. */
  readonly onFilter: (changes: Filter) => void;
}

/** Entries as rows on a wide screen, as cards on a narrow one. */
export function AuditTable({ of, onFilter }: AuditTableProps) {
  return (
    <div class="card table-frame">
      <table class="audit">
        <thead>
          <tr>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>On</th>
            <th>Outcome</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <Row key={one.id} entry={one} onFilter={onFilter} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ entry, onFilter }: { entry: AuditEntry; onFilter: AuditTableProps['onFilter'] }) {
  const { time, first_time: first, count, actor, address, action, method, path } = entry;
  const route = method === null ? action : `${action}: ${method} ${path ?? ''}`;
  return (
    <tr>
      <td class="nowrap">
        <Time at={time} />
        <span class="audit-exact muted small">{tellExact(time)}</span>
        {count > 1 && (
          <p class="muted small">
            {count.toLocaleString('en')} times since <Time at={first} />
          </p>
        )}
      </td>
      <td>
        <span title={actor.email}>{actor.name}</span>
        <p class="muted small">
          {tellWay(actor.via)}
          {address !== null && `, ${address}`}
        </p>
      </td>
      <td>
        <button
          type="button"
          class="audit-action"
          title={`${route}; show entries of this only`}
          onClick={() => onFilter({ action: deedOf(action) })}
        >
          {tellDeed(entry)}
        </button>
        <More of={entry} />
      </td>
      <td>
        <Things of={entry} onFilter={onFilter} />
      </td>
      <td>
        <Outcome of={entry} />
      </td>
    </tr>
  );
}

/** Things that it was done to, each thing once; a job is a way to it. */
function Things({ of, onFilter }: { of: AuditEntry; onFilter: AuditTableProps['onFilter'] }) {
  const names = new Map(Object.entries(of.object).map(([name, value]) => [value, name]));
  if (of.job_id !== null) names.delete(of.job_id);
  if (names.size === 0) return null;
  return (
    <div class="chips">
      {[...names].map(([value, name]) =>
        of.action === 'cancelJob' ? (
          <a key={value} href={jobAddress(value)}>
            the job
          </a>
        ) : (
          <button
            key={value}
            type="button"
            class="chip"
            title={`${name}: show entries of ${value} only`}
            onClick={() => onFilter({ object: value })}
          >
            {value}
          </button>
        ),
      )}
    </div>
  );
}

/** Job and commit that came of it. */
function More({ of: { job_id: job, commit } }: { of: AuditEntry }) {
  if (job === null && commit === null) return null;
  return (
    <p class="small">
      {job !== null && <a href={jobAddress(job)}>its job</a>}
      {job !== null && commit !== null && ' · '}
      {commit !== null && (
        <>
          commit <CommitLink commit={commit} />
        </>
      )}
    </p>
  );
}

function Outcome({ of }: { of: AuditEntry }) {
  const [label, tone] = tellOutcome(of);
  const { status, code } = of.outcome;
  const meaning = [status, code].filter((one) => one !== null).join(' ');
  const icon = tone === 'good' ? CircleCheck : tone === 'bad' ? CircleX : TriangleAlert;
  return <Badge words={{ label, tone, meaning }} icon={icon} />;
}
