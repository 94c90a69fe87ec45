import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { UI } from '../../client/home.ts';
import type { InstanceList } from '../../client/fleet-types.ts';
import { pageOf } from '../../client/pages.ts';
import { get, query } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { useMissed } from '../../app/use-live.ts';
import { Empty, Failed, Waiting } from '../../parts/empty.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager, useLastPage } from '../../parts/pager.tsx';
import { InstanceCard } from './instance.tsx';
import './instances.css';

const PER_PAGE = 25;
/** Pause after which instances are asked for again: there are no events of them. */
const AGAIN_MS = 5_000;

/** Short-lived pods that programs have asked for: what each runs, where it answers, and when it ends. */
export function Instances() {
  const { query: address, route } = useLocation();
  const page = pageOf(address['page']);
  const { data, error, reload } = useLoad(
    `instances ${page}`,
    (signal) => get<InstanceList>(`/instances${query({ page, per_page: PER_PAGE })}`, signal),
    { keep: true },
  );
  useMissed(reload);
  const onPage = (next: number, replace = false): void =>
    route(`${UI}/instances${query({ page: next })}`, replace);
  useLastPage(data?.pagination, onPage);
  const isEnabled = data?.enabled === true;
  useEffect(() => {
    if (!isEnabled) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isEnabled, reload]);
  return (
    <>
      <PageHead title="Instances" />
      {data !== null ? (
        <List of={data} reload={reload} onPage={onPage} />
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <Waiting what="instances" />
      )}
    </>
  );
}

interface ListProps {
  readonly of: InstanceList;
  readonly reload: () => void;
  readonly onPage: (page: number) => void;
}

function List({ of: { enabled, instances, pagination }, reload, onPage }: ListProps) {
  if (!enabled) return <SwitchedOff />;
  if (instances.length === 0)
    return (
      <Empty title="No instance runs now.">
        <p>
          An instance is a pod that a program asks for with <code>POST /stacks</code>, and that ends by
          itself. From a terminal: <code>kombinator instance create pod.yaml --port 80</code>
        </p>
      </Empty>
    );
  return (
    <>
      <p class="visually-hidden" aria-live="polite">
        {count(pagination.total, 'instance')}
      </p>
      {instances.map((one) => (
        <InstanceCard key={one.id} instance={one} onDeleted={reload} />
      ))}
      <Pager of={pagination} onPage={onPage} />
    </>
  );
}

const CONFIGURATION = `instances:
  enabled: true
  ttl: 2h`;

function SwitchedOff() {
  return (
    <Empty title="This server runs no instances.">
      <p>
        Instances are pods that programs ask for over the API: each runs for a while and ends by itself, for
        trials, courses or tests. They are not in the config repository.
      </p>
      <p>
        To switch them on, write this into the file that the daemon is given with --config, and start it
        again:
      </p>
      <pre class="code instances-how">
        {CONFIGURATION.split('\n').map((line) => (
          <div key={line} class="line">
            {line}
          </div>
        ))}
      </pre>
    </Empty>
  );
}
