import { useLocation } from 'preact-iso';
import { useRef } from 'preact/hooks';
import type { JobView, Pagination } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { get, query } from '../../client/request.ts';
import { jobAddress } from '../../client/stack-address.ts';
import type { Episode } from '../../client/fold-repeated.ts';
import { foldRepeated } from '../../client/fold-repeated.ts';
import { pageOf } from '../../client/pages.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useListKeys } from '../../app/use-list-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Chips } from '../../parts/chips.tsx';
import { tellDuration } from '../../parts/duration.ts';
import { Empty, NothingLike, Unanswered } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager, useLastPage } from '../../parts/pager.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { Time } from '../../parts/time.tsx';
import { JobStatus } from './job-status.tsx';
import {
  iconOfJob,
  JOB_TYPES,
  STATUS_WORDS,
  STATUSES,
  tellAsker,
  tellJob,
  tellJobType,
} from './job-words.ts';
import './jobs.css';

const PER_PAGE = 50;

interface JobList {
  readonly jobs: readonly JobView[];
  readonly pagination: Pagination;
}

interface Filter {
  readonly type: string;
  readonly status: string;
  readonly stack: string;
  readonly page: number;
}

/** The page of jobs that a filter asks for, kept up to date. */
function useJobList({ type, status, stack, page }: Filter) {
  // Plans are made all the time, and change nothing.
  const kind = type === 'all' ? {} : type === '' ? { except: 'plan' } : { type };
  const asked = query({ ...kind, status, stack_id: stack, page, per_page: PER_PAGE });
  const loaded = useLoad(`jobs${asked}`, (signal) => get<JobList>(`/jobs${asked}`, signal), { keep: true });
  const { reload, set } = loaded;
  const soon = useCalmly(reload, 400, 2_000);
  useEvent<JobView>('job', (job) => {
    set((list) => ({
      ...list,
      jobs: list.jobs.map((one) => (one.id === job.id ? { ...one, ...job } : one)),
    }));
    soon();
  });
  useMissed(reload);
  return loaded;
}

/** All jobs, the newest first. The filter stands in the address. */
export function Jobs() {
  const { query: address, route } = useLocation();
  const { type = '', status = '', stack = '', page } = address;
  const list = useJobList({ type, status, stack, page: pageOf(page) });
  const { data } = list;
  const search = useRef<HTMLInputElement>(null);
  const go = (changes: Readonly<Record<string, string>>, replace = false): void =>
    route(`${UI}/jobs${query({ type, status, stack, ...changes })}`, replace);
  useKeys({ '/': ['Search by stack', () => search.current?.focus()] });
  useLastPage(data?.pagination, (last, replace) => go({ page: String(last) }, replace));
  const isFiltered = type !== '' || status !== '' || stack !== '';
  return (
    <>
      <PageHead title="Jobs" />
      <div class="filters">
        <SearchField
          input={search}
          label="Jobs of the stack"
          placeholder="Name of a stack"
          value={stack}
          onSearch={(text) => go({ stack: text, page: '' }, true)}
        />
        <TypeField value={type} onChoose={(next) => go({ type: next, page: '' })} />
        <Chips
          label="Filter by how they ended"
          chips={STATUS_CHIPS}
          chosen={status}
          onChoose={(next) => go({ status: next, page: '' })}
        />
      </div>
      {data === null ? (
        <Unanswered of={list} what="jobs" />
      ) : data.jobs.length === 0 ? (
        <NoJobs isFiltered={isFiltered} />
      ) : (
        <>
          <JobRows of={data.jobs} />
          <Pager of={data.pagination} onPage={(next) => go({ page: String(next) })} />
          <p class="visually-hidden" aria-live="polite">
            {count(data.pagination.total, 'job')}
          </p>
        </>
      )}
    </>
  );
}

/** Failures of one stack for one reason are one; jobs of other stacks in between do not matter. */
const ALIKE = {
  kindOf: ({ stack_id: stack }: JobView): string => stack,
  isSame: (a: JobView, b: JobView): boolean =>
    a.status === 'failed' &&
    b.status === 'failed' &&
    a.type === b.type &&
    a.error?.message === b.error?.message &&
    a.error?.code === b.error?.code,
};

function JobRows({ of }: { of: readonly JobView[] }) {
  const list = useRef<HTMLOListElement>(null);
  useListKeys(list, 'a', 'job');
  return (
    <ol ref={list} class="card jobs">
      {foldRepeated(of, ALIKE).map((episode) => (
        // One more failure is no other row: whoever is in it stays there.
        <JobRow key={episode.oldest.id} episode={episode} />
      ))}
    </ol>
  );
}

function JobRow({ episode: { newest: job, oldest, times } }: { episode: Episode<JobView> }) {
  const {
    id,
    type,
    status,
    error,
    created_at: created,
    started_at: from,
    duration_ms: duration,
    progress,
  } = job;
  return (
    <li class="job">
      <Icon of={iconOfJob(type)} label={tellJobType(type)} />
      <div class="job-body">
        <p>
          <a href={jobAddress(id)}>{tellJob(job)}</a>
        </p>
        {status === 'failed' && error !== null && <p class="step-error">{error.message}</p>}
        <p class="muted small">{tellAsker(job)}</p>
      </div>
      <div class="job-end">
        <JobStatus of={status} />
        <p class="muted small">
          {times > 1 && (
            <>
              failed {times} times, first <Time at={oldest.started_at ?? oldest.created_at} />, last{' '}
            </>
          )}
          <Time at={from ?? created} />
          {times === 1 && duration !== null && `, took ${tellDuration(duration)}`}
          {status === 'running' && `, ${progress} %`}
        </p>
      </div>
    </li>
  );
}

function TypeField({ value, onChoose }: { value: string; onChoose: (type: string) => void }) {
  return (
    <label>
      <span class="visually-hidden">Kind of job</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">All but plans</option>
        <option value="all">All kinds</option>
        {JOB_TYPES.map((type) => (
          <option key={type} value={type}>
            {tellJobType(type)}
          </option>
        ))}
      </select>
    </label>
  );
}

const STATUS_CHIPS = STATUSES.map((value) => ({
  value,
  text: STATUS_WORDS[value].label,
  meaning: STATUS_WORDS[value].meaning,
}));

function NoJobs({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <NothingLike what="job" all="jobs" href={`${UI}/jobs`} />;
  return (
    <Empty title="Nothing has been done yet.">
      <p>Push a change to the config repository, or apply a stack: each is a job, and is told here.</p>
      <a class="button" href={`${UI}/stacks`}>
        Open the stacks
      </a>
    </Empty>
  );
}
