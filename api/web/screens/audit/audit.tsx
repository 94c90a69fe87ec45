import { useLocation } from 'preact-iso';
import { useRef } from 'preact/hooks';
import { RefreshCw } from 'lucide';
import { UI } from '../../client/home.ts';
import type { AuditList } from '../../client/fleet-types.ts';
import { pageOf } from '../../client/pages.ts';
import { get, query } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useMissed } from '../../app/use-live.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { useTyped } from '../../parts/use-typed.ts';
import { Pager, useLastPage } from '../../parts/pager.tsx';
import { AuditTable } from './audit-table.tsx';
import { listDeeds, LOOKS, tellAction } from './audit-words.ts';
import './audit.css';

const PER_PAGE = 50;
interface Filter {
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  /** Days: `2026-11-30`. */
  readonly since: string;
  readonly until: string;
  /** `yes`: what only looked at something is shown, too. */
  readonly looks: string;
}

type Typed = Exclude<keyof Filter, 'action' | 'looks'>;

const FIELDS: readonly (readonly [Typed, label: string, type: 'search' | 'date', hint: string])[] = [
  ['actor', 'Who', 'search', 'a part of the name'],
  ['object', 'On what', 'search', 'a stack, a job, a key'],
  ['since', 'From', 'date', ''],
  ['until', 'To', 'date', ''],
];

/** Everything that somebody did, the newest first: who, from where, on what, and what came of it. The filter stands in the address. */
export function Audit() {
  const { query: address, route } = useLocation();
  const { actor = '', action = '', object = '', since = '', until = '', looks = '', page } = address;
  const filter: Filter = { actor, action, object, since, until, looks };
  const asked = query({
    actor,
    action,
    except: action === '' && looks === '' ? LOOKS : '',
    object,
    since: toTime(since, 0),
    until: toTime(until, 1),
    page: pageOf(page),
    per_page: PER_PAGE,
  });
  const { data, error, reload } = useLoad(
    `audit${asked}`,
    (signal) => get<AuditList>(`/audit${asked}`, signal),
    { keep: true },
  );
  useMissed(reload);
  const first = useRef<HTMLInputElement>(null);
  useKeys({ '/': ['Filter by who', () => first.current?.focus()], y: ['Look again', reload] });
  const go = (changes: Readonly<Record<string, string>>, replace = false): void =>
    route(`${UI}/audit${query({ ...filter, ...changes })}`, replace);
  useLastPage(data?.pagination, (last, replace) => go({ page: String(last) }, replace));
  return (
    <>
      <PageHead title="Audit">
        <button type="button" onClick={reload}>
          <Icon of={RefreshCw} size={16} /> Look again
        </button>
      </PageHead>
      <Filters of={filter} first={first} onChange={(changes) => go(changes, true)} />
      {error !== null && data === null ? (
        <Failed error={error} retry={reload} />
      ) : data === null ? (
        <Waiting what="the audit" />
      ) : (
        <>
          {error !== null && <Failed error={error} retry={reload} />}
          {data.entries.length === 0 ? (
            <Nothing isFiltered={Object.values(filter).some((one) => one !== '')} />
          ) : (
            <AuditTable of={data.entries} onFilter={(changes) => go(changes)} />
          )}
          <Pager of={data.pagination} onPage={(next) => go({ page: String(next) })} />
          <p class="visually-hidden" aria-live="polite">
            {count(data.pagination.total, 'entry')}
          </p>
        </>
      )}
    </>
  );
}

/** Beginning of a day here, or of one some days later; of no day: nothing. */
function toTime(day: string, later: number): string | undefined {
  const [year, month, date] = day.split('-').map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const time = new Date(year, month - 1, date + later);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

interface FiltersProps {
  readonly of: Filter;
  readonly first: { current: HTMLInputElement | null };
  readonly onChange: (changes: Partial<Filter>) => void;
}

function Filters({ of, first, onChange }: FiltersProps) {
  return (
    <div class="filters audit-filters" role="search" aria-label="Filter of the audit">
      {FIELDS.map(([name, label, type, hint], index) => (
        <label key={name} class="field">
          <span>{label}</span>
          <FilterField
            type={type}
            hint={hint}
            value={of[name]}
            first={index === 0 ? first : null}
            onTyped={(value) => onChange({ [name]: value })}
          />
        </label>
      ))}
      <DeedField of={of} onChange={onChange} />
      <label class="check audit-looks">
        <input
          type="checkbox"
          checked={of.looks !== ''}
          onChange={(event) => onChange({ looks: event.currentTarget.checked ? 'yes' : '' })}
        />
        Also looks
      </label>
    </div>
  );
}

/** Chooses by the words that stand in the table. */
function DeedField({ of: { action, looks }, onChange }: Pick<FiltersProps, 'of' | 'onChange'>) {
  const deeds = listDeeds(looks !== '');
  return (
    <label class="field">
      <span>Did what</span>
      <select value={action} onChange={(event) => onChange({ action: event.currentTarget.value })}>
        <option value="">anything</option>
        {action !== '' && !deeds.some(({ actions }) => actions === action) && (
          <option value={action}>{tellAction(action.split(',')[0] ?? action)}</option>
        )}
        {deeds.map(({ words, actions }) => (
          <option key={actions} value={actions}>
            {words.replace(/:$| (of|in|to)$/, ' …')}
          </option>
        ))}
      </select>
    </label>
  );
}

interface FilterFieldProps {
  readonly type: 'search' | 'date';
  readonly hint: string;
  readonly value: string;
  readonly first: { current: HTMLInputElement | null } | null;
  readonly onTyped: (value: string) => void;
}

function FilterField({ type, hint, value, first, onTyped }: FilterFieldProps) {
  const own = useRef<HTMLInputElement>(null);
  const field = first ?? own;
  const common = {
    ref: field,
    defaultValue: value,
    autocomplete: 'off',
    onInput: useTyped(field, value, onTyped),
  };
  return type === 'date' ? (
    <input type="date" {...common} />
  ) : (
    <input type="search" placeholder={hint} {...common} />
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered)
    return (
      <Empty title="Nobody has done anything yet.">
        <p>Every change, every sign-in and everything that is refused is written down here.</p>
      </Empty>
    );
  return (
    <Empty title="No entry is like that.">
      <a class="button" href={`${UI}/audit`}>
        Show all entries
      </a>
    </Empty>
  );
}
