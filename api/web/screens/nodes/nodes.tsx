import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { CircleCheck, CircleDashed, CircleHelp, CircleX, Gauge } from 'lucide';
import { UI } from '../../client/home.ts';
import type { WorkerView } from '../../client/fleet-types.ts';
import { cutPage, pageOf } from '../../client/pages.ts';
import { get, query, remove } from '../../client/request.ts';
import { useLoad } from '../../client/use-load.ts';
import type { Words } from '../../client/words.ts';
import { count } from '../../client/words.ts';
import { announce } from '../../app/announce.tsx';
import { may } from '../../app/session.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Confirm } from '../../parts/confirm.tsx';
import { Empty, NothingLike, Failed, Waiting } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager } from '../../parts/pager.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { SourceLink } from '../../parts/source-link.tsx';
import { Time } from '../../parts/time.tsx';
import { Clusters } from './clusters.tsx';
import { Load } from './load.tsx';
import type { StackUsage, Usage } from './use-usage.ts';
import { PlaceCard } from './place-card.tsx';
import { useUsage } from './use-usage.ts';
import './nodes.css';

const PER_PAGE = 25;

const STATUS: Readonly<Record<WorkerView['status'], Words & { readonly icon: typeof CircleX }>> = {
  online: { label: 'Online', tone: 'good', meaning: 'It answers.', icon: CircleCheck },
  offline: { label: 'Offline', tone: 'bad', meaning: 'It does not answer.', icon: CircleX },
  unknown: {
    label: 'Not asked yet',
    tone: 'calm',
    meaning: 'No stack has needed it so far, so nobody has asked it.',
    icon: CircleHelp,
  },
  pending: {
    label: 'Being added',
    tone: 'busy',
    meaning: 'Its file is committed, and is read in a moment.',
    icon: CircleDashed,
  },
};
const WORST_FIRST: readonly WorkerView['status'][] = ['offline', 'unknown', 'pending', 'online'];

/** Machines and clusters that stacks run on: how they are, why one is offline, and what is on them. */
export function Nodes() {
  const { query: address, route } = useLocation();
  const { q = '', page } = address;
  const { data, error, reload } = useLoad('workers', (signal) =>
    get<{ workers: readonly WorkerView[] }>('/workers', signal),
  );
  const soon = useCalmly(reload, 300, 2_000);
  useEvent('node', soon);
  useEvent('repository', soon);
  useEvent('gone', soon);
  useMissed(reload);
  const search = useRef<HTMLInputElement>(null);
  useKeys({ '/': ['Search nodes', () => search.current?.focus()] });
  const workers = data?.workers ?? [];
  const usage = useUsage(workers);
  const found = workers.filter((one) => isLike(one, q)).toSorted(byAttention);
  return (
    <>
      <PageHead title="Nodes">{workers.length > 0 && <MeasureButton usage={usage} />}</PageHead>
      {workers.length > 5 && (
        <div class="filters">
          <SearchField
            input={search}
            label="Search nodes"
            placeholder="Name, address, stack or system"
            value={q}
            onSearch={(text) => route(`${UI}/nodes${query({ q: text })}`, true)}
          />
        </div>
      )}
      {data !== null ? (
        <NodeList
          nodes={found}
          usage={usage}
          isFiltered={q !== ''}
          page={pageOf(page)}
          onPage={(next) => route(`${UI}/nodes${query({ q, page: next })}`)}
        />
      ) : error !== null ? (
        <Failed error={error} retry={reload} />
      ) : (
        <Waiting what="nodes" />
      )}
      <Clusters />
    </>
  );
}

function isLike({ name, address, stacks, hostname, os }: WorkerView, text: string): boolean {
  const wanted = text.toLowerCase();
  return [name, address, hostname, os, ...stacks].some((one) => one?.toLowerCase().includes(wanted) === true);
}

function byAttention(a: WorkerView, b: WorkerView): number {
  const rank = WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status);
  return rank === 0 ? a.name.localeCompare(b.name) : rank;
}

function MeasureButton({ usage: { state, total, measured, measure } }: { usage: Usage }) {
  if (total === 0) return null;
  const isBusy = state === 'measuring';
  return (
    <button type="button" disabled={isBusy} onClick={measure}>
      <Icon of={Gauge} />
      <span aria-live="polite">
        {isBusy
          ? `Measuring ${measured} of ${count(total, 'stack')} …`
          : state === 'done'
            ? 'Measure again'
            : `Measure what ${count(total, 'stack')} use`}
      </span>
    </button>
  );
}

interface NodeListProps {
  readonly nodes: readonly WorkerView[];
  readonly usage: Usage;
  readonly isFiltered: boolean;
  readonly page: number;
  readonly onPage: (page: number) => void;
}

function NodeList({ nodes, usage, isFiltered, page, onPage }: NodeListProps) {
  if (nodes.length === 0)
    return isFiltered ? (
      <NothingLike what="node" all="nodes" href={`${UI}/nodes`} />
    ) : (
      <Empty title="There are no nodes yet.">
        <p>
          This machine becomes one with the first stack that runs on it. For another machine, push a file such
          as <code>nodes/nas.yaml</code> that says how it is reached.
        </p>
      </Empty>
    );
  const { shown, pagination } = cutPage(nodes, page, PER_PAGE);
  return (
    <>
      <div class="nodes">
        {shown.map((one) => (
          <Node key={one.id} node={one} usage={usage.nodes.get(one.name) ?? []} />
        ))}
      </div>
      <Pager of={pagination} onPage={onPage} />
      <p class="visually-hidden" aria-live="polite">
        {count(nodes.length, 'node')}
      </p>
    </>
  );
}

function Node({ node, usage }: { node: WorkerView; usage: readonly StackUsage[] }) {
  const { name, status, message, stacks, resources, file } = node;
  return (
    <PlaceCard title={name} status={STATUS[status]} message={message} aside={<Seen node={node} />}>
      <Facts node={node} />
      <div>
        <h3>{stacks.length === 0 ? 'No stack runs here' : `${count(stacks.length, 'stack')} here`}</h3>
        {stacks.length === 0 && file !== null && (
          <a href={`${UI}/stacks${query({ q: name })}`}>See stacks that want to run on {name}</a>
        )}
        <Load of={usage} cores={resources.cpu_cores} memoryGb={resources.memory_gb} stacks={stacks} />
      </div>
      {file !== null && stacks.length === 0 && may('admin') && <RemoveNode name={name} file={file} />}
    </PlaceCard>
  );
}

function Seen({ node: { last_seen: seen, status } }: { node: WorkerView }) {
  return (
    <span class="muted small">
      {seen === null ? (
        status === 'offline' && 'has never answered'
      ) : (
        <>
          {status === 'online' ? 'asked' : 'answered last'} <Time at={seen} />
        </>
      )}
    </span>
  );
}

function Facts({ node }: { node: WorkerView }) {
  const { address, hostname, os, arch, docker_version: engine, resources, file } = node;
  const { cpu_cores: cores, memory_gb: memory, disk_gb: disk } = resources;
  const facts: readonly (readonly [string, string | null])[] = [
    ['Address', address === 'local' ? 'this machine' : address],
    ['Host name', hostname],
    ['System', os === null ? null : `${os}${arch === null ? '' : ` (${arch})`}`],
    ['Docker Engine', engine],
    ['Processors', cores === null ? null : String(cores)],
    ['Memory', memory === null ? null : `${memory} GB`],
    ['Disk', disk === null ? null : `${disk} GB`],
  ];
  return (
    <dl class="facts">
      {facts.map(([label, value]) =>
        value === null ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
      {file !== null && (
        <div>
          <dt>Described by</dt>
          <dd>
            <SourceLink file={file} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function RemoveNode({ name, file }: { name: string; file: string }) {
  const [asks, ask] = useState(false);
  return (
    <div>
      <button type="button" onClick={() => ask(true)}>
        Remove {name} …
      </button>
      {asks && (
        <Confirm
          title={`Remove ${name}?`}
          action={`Commit: remove ${name}`}
          isDangerous
          onConfirm={() => removeNode(name)}
          onClose={() => ask(false)}
        >
          <p>
            One commit by you takes <code>{file}</code> out of the config repository. No stack runs there, so
            nothing is stopped.
          </p>
        </Confirm>
      )}
    </div>
  );
}

async function removeNode(name: string): Promise<void> {
  await remove(`/workers/${encodeURIComponent(name)}`);
  announce(`${name} is removed by a commit.`);
}
