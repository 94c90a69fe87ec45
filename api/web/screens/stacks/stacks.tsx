import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { Plus } from 'lucide';
import type { StackList, StackRow, StackState } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { pageOf } from '../../client/pages.ts';
import { get, query } from '../../client/request.ts';
import type { Loaded } from '../../client/use-load.ts';
import { useLoad } from '../../client/use-load.ts';
import { count, STATES, WORST_FIRST } from '../../client/words.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { may } from '../../app/session.ts';
import { Chips } from '../../parts/chips.tsx';
import { Empty, NothingLike, Unanswered } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager, useLastPage } from '../../parts/pager.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { BatchActions } from './batch-actions.tsx';
import { StackTable } from './stack-table.tsx';
import './stacks.css';

const PER_PAGE = 50;

interface Filter {
  readonly q: string;
  readonly state: string;
  readonly sort: string;
  readonly page: number;
}

/** The page of stacks that a filter asks for, kept up to date. */
function useStackList(filter: Filter) {
  const asked = query({ ...filter, per_page: PER_PAGE });
  const loaded = useLoad(`stacks${asked}`, (signal) => get<StackList>(`/stacks${asked}`, signal), {
    keep: true,
  });
  const { data, reload, set } = loaded;
  const soon = useCalmly(reload, 400, 2_000);
  useEvent<StackRow>('stack', (row) => {
    const isHere = data?.stacks.some(({ name }) => name === row.name) === true;
    if (isHere)
      set((list) => ({ ...list, stacks: list.stacks.map((one) => (one.name === row.name ? row : one)) }));
    soon();
  });
  useEvent('gone', soon);
  useMissed(reload);
  return loaded;
}

/** All stacks, those that want attention first. The filter stands in the address. */
export function Stacks() {
  const { query: address, route } = useLocation();
  const { q = '', state = '', page, sort = 'attention' } = address;
  const list = useStackList({ q, state, sort, page: pageOf(page) });
  const [selected, select] = useState<ReadonlySet<string>>(new Set());
  const search = useRef<HTMLInputElement>(null);
  const go = (changes: Readonly<Record<string, string>>, replace = false): void =>
    route(`${UI}/stacks${query({ q, state, sort: sort === 'attention' ? '' : sort, ...changes })}`, replace);
  useKeys({
    '/': ['Search', () => search.current?.focus()],
    n: ['New stack', () => may('deployer') && route(`${UI}/new`)],
  });
  return (
    <>
      <PageHead title="Stacks">
        {may('deployer') && (
          <a class="button primary" href={`${UI}/new`}>
            <Icon of={Plus} /> New stack
          </a>
        )}
      </PageHead>
      <div class="filters">
        <SearchField
          input={search}
          label="Search stacks"
          placeholder="Name, service, image or node"
          value={q}
          onSearch={(text) => go({ q: text, page: '' }, true)}
        />
        <StateChips
          counts={list.data?.counts ?? {}}
          chosen={state}
          onChoose={(next) => go({ state: next, page: '' })}
        />
      </div>
      <BatchActions selected={selected} select={select} />
      <List
        list={list}
        isFiltered={q !== '' || state !== ''}
        selected={selected}
        select={select}
        onPage={(next, replace) => go({ page: String(next) }, replace)}
      />
    </>
  );
}

interface ListProps {
  readonly list: Loaded<StackList>;
  readonly isFiltered: boolean;
  readonly selected: ReadonlySet<string>;
  readonly select: (names: ReadonlySet<string>) => void;
  readonly onPage: (page: number, replace?: boolean) => void;
}

function List({ list, isFiltered, selected, select, onPage }: ListProps) {
  const { data } = list;
  useLastPage(data?.pagination, onPage);
  if (data === null) return <Unanswered of={list} what="stacks" />;
  if (data.stacks.length === 0) return <NoStacks isFiltered={isFiltered} />;
  return (
    <>
      <StackTable stacks={data.stacks} selected={selected} select={select} />
      <Pager of={data.pagination} onPage={onPage} />
      <p class="visually-hidden" aria-live="polite">
        {count(data.pagination.total, 'stack')}
      </p>
    </>
  );
}

interface StateChipsProps {
  readonly counts: Readonly<Partial<Record<StackState, number>>>;
  readonly chosen: string;
  readonly onChoose: (state: string) => void;
}

function StateChips({ counts, chosen, onChoose }: StateChipsProps) {
  const states = WORST_FIRST.filter((state) => (counts[state] ?? 0) > 0 || state === chosen);
  const chips = states.map((value) => ({
    value,
    text: `${STATES[value].label} ${(counts[value] ?? 0).toLocaleString('en')}`,
    meaning: STATES[value].meaning,
  }));
  return <Chips label="Filter by state" chips={chips} chosen={chosen} onChoose={onChoose} />;
}

function NoStacks({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <NothingLike what="stack" all="stacks" href={`${UI}/stacks`} />;
  return (
    <Empty title="There are no stacks yet.">
      <p>
        A stack is a <code>kombination.yaml</code> or a Compose file in the config repository. Push one, or
        begin here.
      </p>
      {may('deployer') && (
        <a class="button primary" href={`${UI}/new`}>
          New stack
        </a>
      )}
    </Empty>
  );
}
