import { useLocation } from 'preact-iso';
import { useRef, useState } from 'preact/hooks';
import { Plus } from 'lucide';
import type { StackRow } from '../../client/api-types.ts';
import { UI } from '../../client/home.ts';
import { pageOf } from '../../client/pages.ts';
import { get, query } from '../../client/request.ts';
import type { Loaded } from '../../client/use-load.ts';
import { useLoad } from '../../client/use-load.ts';
import { count } from '../../client/words.ts';
import { workflowAddress } from '../../client/stack-address.ts';
import type { WorkflowList, WorkflowRow } from '../../client/workflow-types.ts';
import { may } from '../../app/session.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useListKeys } from '../../app/use-list-keys.ts';
import { useCalmly, useEvent, useMissed } from '../../app/use-live.ts';
import { Empty, NothingLike, Unanswered } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { Pager, useLastPage } from '../../parts/pager.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { NotDeployed } from '../../parts/not-deployed.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { NewWorkflow } from './new-workflow.tsx';
import { PublicationBadge } from './publication.tsx';
import './workflows.css';

/** All workflows, those that want attention first. */
export function Workflows() {
  const { query: address, route } = useLocation();
  const { q = '', page } = address;
  const asked = query({ q, page: pageOf(page), per_page: 50, sort: 'attention' });
  const list = useLoad(`workflows${asked}`, (signal) => get<WorkflowList>(`/workflows${asked}`, signal), {
    keep: true,
  });
  const [isNew, beNew] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const soon = useCalmly(list.reload, 400, 2_000);
  useEvent<StackRow>('stack', ({ kind }) => kind === 'workflow' && soon());
  useEvent('gone', soon);
  useMissed(list.reload);
  useKeys({
    '/': ['Search', () => search.current?.focus()],
    n: ['New workflow', () => may('deployer') && beNew(true)],
  });
  return (
    <>
      <PageHead title="Workflows">
        {may('deployer') && (
          <button type="button" class="primary" onClick={() => beNew(true)}>
            <Icon of={Plus} /> New workflow
          </button>
        )}
      </PageHead>
      <div class="filters">
        <SearchField
          input={search}
          label="Search workflows"
          placeholder="Name, service, image or cluster"
          value={q}
          onSearch={(text) => route(`${UI}/workflows${query({ q: text })}`, true)}
        />
      </div>
      <List list={list} q={q} create={() => beNew(true)} />
      {isNew && <NewWorkflow onClose={() => beNew(false)} />}
    </>
  );
}

interface ListProps {
  readonly list: Loaded<WorkflowList>;
  readonly q: string;
  readonly create: () => void;
}

function List({ list, q, create }: ListProps) {
  const { route } = useLocation();
  const { data } = list;
  const onPage = (page: number, replace = false): void =>
    route(`${UI}/workflows${query({ q, page })}`, replace);
  useLastPage(data?.pagination, onPage);
  if (data === null) return <Unanswered of={list} what="workflows" />;
  if (data.workflows.length === 0) return <NoWorkflows isFiltered={q !== ''} create={create} />;
  return (
    <>
      <Table of={data.workflows} />
      <Pager of={data.pagination} onPage={onPage} />
    </>
  );
}

function Table({ of }: { of: readonly WorkflowRow[] }) {
  const body = useRef<HTMLTableSectionElement>(null);
  useListKeys(body, 'a', 'workflow');
  return (
    <div class="card table-frame">
      <table class="workflows">
        <thead>
          <tr>
            <th>Workflow</th>
            <th>State</th>
            <th>Nodes</th>
            <th>Last deployment</th>
            <th>Cluster</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {of.map((one) => (
            <Row key={one.name} workflow={one} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ workflow }: { workflow: WorkflowRow }) {
  const { name, title, description, publication, cluster, nodes_count: nodes, stack } = workflow;
  const reason = stack.waits?.message ?? (stack.state === 'in_sync' ? null : stack.message);
  const isApplied = publication === 'published';
  return (
    <tr>
      <td>
        <a class="stack-name" href={workflowAddress(name)}>
          {title}
        </a>
        {description !== '' && <p class="muted small">{description}</p>}
      </td>
      <td>
        {isApplied ? <State of={stack.state} /> : <PublicationBadge of={publication} />}
        {isApplied && reason !== null && <p class="reason small">{reason}</p>}
      </td>
      <td>{count(nodes, 'node')}</td>
      <td>
        {stack.deployment === null ? (
          <NotDeployed lastJob={stack.last_job} />
        ) : (
          <>
            <p>{stack.deployment.subject ?? stack.deployment.summary}</p>
            <p class="muted small">
              <Time at={stack.deployment.time} />
              {stack.deployment.author !== null && <> by {stack.deployment.author}</>}
            </p>
          </>
        )}
      </td>
      <td>{cluster === '' ? <span class="muted">none yet</span> : cluster}</td>
    </tr>
  );
}

function NoWorkflows({ isFiltered, create }: { isFiltered: boolean; create: () => void }) {
  if (isFiltered) return <NothingLike what="workflow" all="workflows" href={`${UI}/workflows`} />;
  return (
    <Empty title="There are no workflows yet.">
      <p>
        A workflow describes what runs on a Kubernetes cluster as a drawing: nodes are what there is to be,
        connections say what belongs together. It is a file in the config repository.
      </p>
      {may('deployer') && (
        <button type="button" class="primary" onClick={create}>
          New workflow
        </button>
      )}
    </Empty>
  );
}
