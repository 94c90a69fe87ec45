import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { Archive, TriangleAlert } from 'lucide';
import type { JobView } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import type { BackupList, DatabaseView } from '../../client/fleet-types.ts';
import { cutPage, pageOf } from '../../client/pages.ts';
import { repository } from '../../client/repository.ts';
import type { ApiError } from '../../client/request.ts';
import { get, query } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { may } from '../../app/session.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager } from '../../parts/pager.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { BackUpDialog } from './back-up.tsx';
import { HoldingCard } from './holding.tsx';
import type { Holding } from './holdings.ts';
import { tellService, toHoldings } from './holdings.ts';
import './data.css';

const PER_PAGE = 20;
const DATA_JOBS = ['backup', 'restore'];

/** All that holds data, kept up to date. */
function useHoldings() {
  const databases = useLoad('databases', (signal) =>
    get<{ databases: readonly DatabaseView[] }>('/databases', signal),
  );
  const backups = useLoad('backups', (signal) => get<BackupList>('/backups', signal));
  const reload = (): void => {
    databases.reload();
    backups.reload();
  };
  const soon = useCalmly(reload, 300, 2_000);
  useEvent<JobView>('job', ({ type, completed_at: end }) => {
    if (DATA_JOBS.includes(type) && end !== null) soon();
  });
  useMissed(reload);
  const all = toHoldings(databases.data?.databases ?? [], backups.data?.backups ?? []);
  return { databases, backups, all, reload };
}

/** Databases and everything else that is backed up: how large, how old the newest backup is, and how it comes back. */
export function Data() {
  const { query: address, route } = useLocation();
  const { q = '', page } = address;
  const { databases, backups, all, reload } = useHoldings();
  const search = useRef<HTMLInputElement>(null);
  const [asks, ask] = useState(false);
  useKeys({
    '/': ['Search databases and backups', () => search.current?.focus()],
    b: ['Back up a stack', () => may('deployer') && ask(true)],
  });
  const found = all.filter(({ stack, service }) => isLike(stack, service, q));
  return (
    <>
      <PageHead title="Databases and backups">
        {may('deployer') && (
          <button type="button" onClick={() => ask(true)}>
            <Icon of={Archive} /> Back up a stack …
          </button>
        )}
      </PageHead>
      {asks && <BackUpDialog onClose={() => ask(false)} />}
      {all.length > 4 && (
        <div class="filters">
          <SearchField
            input={search}
            label="Search databases and backups"
            placeholder="Stack, database or volume"
            value={q}
            onSearch={(text) => route(`${UI}/data${query({ q: text })}`, true)}
          />
        </div>
      )}
      <Problems error={databases.error} failures={backups.data?.failures ?? []} />
      {backups.data === null && backups.error !== null ? (
        <Failed error={backups.error} retry={reload} />
      ) : backups.isLoading || (databases.isLoading && found.length === 0) ? (
        <Waiting what="databases and backups" />
      ) : (
        <Holdings
          of={found}
          isFiltered={q !== ''}
          page={pageOf(page)}
          onPage={(next) => route(`${UI}/data${query({ q, page: next })}`)}
        />
      )}
    </>
  );
}

function isLike(stack: string, service: string, text: string): boolean {
  return `${stack} ${service}`.toLowerCase().includes(text.toLowerCase());
}

interface ProblemsProps {
  /** Reason why databases could not be asked. */
  readonly error: ApiError | null;
  readonly failures: BackupList['failures'];
}

function Problems({ error, failures }: ProblemsProps) {
  const lines = [
    ...(error === null ? [] : [`Databases cannot be asked: ${error.message}`]),
    ...failures.map(
      ({ stack, service, message }) => `Backups of ${stack} / ${tellService(service)}: ${message}`,
    ),
  ];
  if (lines.length === 0) return null;
  return (
    <div class="notice tone-warn">
      <Icon of={TriangleAlert} />
      <div>
        {lines.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
    </div>
  );
}

interface HoldingsProps {
  readonly of: readonly Holding[];
  readonly isFiltered: boolean;
  readonly page: number;
  readonly onPage: (page: number) => void;
}

function Holdings({ of, isFiltered, page, onPage }: HoldingsProps) {
  if (of.length === 0)
    return isFiltered ? (
      <Empty title="Nothing is called like that.">
        <a class="button" href={`${UI}/data`}>
          Show all
        </a>
      </Empty>
    ) : (
      <Empty title="There are no databases and no backups yet.">
        <p>
          A service whose image is called postgres, mariadb, mongo, redis or the like is shown here by itself.
          Volumes are backed up when their stack says <code>backup: {'{ volumes: true }'}</code>.
        </p>
      </Empty>
    );
  const described = repository.value?.stacks;
  const { shown, pagination } = cutPage(of, page, PER_PAGE);
  return (
    <>
      {shown.map((one) => (
        <HoldingCard
          key={`${one.stack} ${one.service}`}
          holding={one}
          isGone={described !== undefined && !described.includes(one.stack)}
        />
      ))}
      <Pager of={pagination} onPage={onPage} />
      <p class="visually-hidden" aria-live="polite">
        {count(of.length, 'database or volume', 'databases and volumes')}
      </p>
    </>
  );
}
