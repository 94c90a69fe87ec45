import { useLocation } from 'preact-iso';
import { useRef } from 'preact/hooks';
import type { HealthWord, StackRow } from '../../client/api-types.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { useKeys } from '../../app/use-keys.ts';
import { useListKeys } from '../../app/use-list-keys.ts';
import { agree, count, enumerate, HEALTH } from '../../client/words.ts';
import { NotDeployed } from '../../parts/not-deployed.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';

interface StackTableProps {
  readonly stacks: readonly StackRow[];
  readonly selected: ReadonlySet<string>;
  readonly select: (names: ReadonlySet<string>) => void;
}

/** Rows on a wide screen, cards on a narrow one. */
export function StackTable({ stacks, selected, select }: StackTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const { route } = useLocation();
  const atCursor = (): string | undefined =>
    document.activeElement?.closest<HTMLElement>('tr[data-stack]')?.dataset['stack'];
  const toggle = (name: string): void => {
    const next = new Set(selected);
    if (!next.delete(name)) next.add(name);
    select(next);
  };
  useListKeys(body, 'a.stack-name', 'stack');
  useKeys({
    x: ['Select the stack', () => withName(atCursor(), toggle)],
    p: ['Plan of the stack', () => withName(atCursor(), (name) => route(stackAddress(name, 'plan')))],
  });
  const isAll = stacks.every(({ name }) => selected.has(name));
  return (
    <div class="card table-frame">
      <table class="stacks">
        <thead>
          <tr>
            <th>
              <input
                type="checkbox"
                aria-label="Select all on this page"
                checked={isAll}
                onChange={() => select(isAll ? new Set() : new Set(stacks.map(({ name }) => name)))}
              />
            </th>
            <th>Stack</th>
            <th>State</th>
            <th>Services</th>
            <th>Last deployment</th>
            <th>Runs on</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {stacks.map((stack) => (
            <Row key={stack.name} stack={stack} isSelected={selected.has(stack.name)} toggle={toggle} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function withName(name: string | undefined, work: (name: string) => void): void {
  if (name !== undefined) work(name);
}

interface RowProps {
  readonly stack: StackRow;
  readonly isSelected: boolean;
  readonly toggle: (name: string) => void;
}

function Row({ stack, isSelected, toggle }: RowProps) {
  const { name, state, message, waits, deployment, nodes, kind, last_job: lastJob } = stack;
  const reason = waits?.message ?? (state === 'in_sync' ? null : message);
  return (
    <tr class={isSelected ? 'selected' : undefined} data-stack={name}>
      <td>
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={() => toggle(name)}
        />
      </td>
      <td>
        <a class="stack-name" href={stackAddress(name)}>
          {name}
        </a>
        {kind === 'workflow' && <span class="muted small"> workflow</span>}
      </td>
      <td>
        <State of={state} />
        {reason !== null && <p class="reason small">{reason}</p>}
      </td>
      <td>
        <Services stack={stack} />
      </td>
      <td>
        {deployment === null ? (
          <>
            <Label>Last deployment: </Label>
            <NotDeployed lastJob={lastJob} />
          </>
        ) : (
          <>
            <p class="subject">{deployment.subject ?? deployment.summary}</p>
            <p class="muted small">
              <Time at={deployment.time} />
              {deployment.author !== null && <> by {deployment.author}</>} · <code>#{deployment.number}</code>
            </p>
          </>
        )}
      </td>
      <td>
        {nodes.map(({ name: node, status }) => (
          <span key={node} class={`node${status === 'offline' ? ' offline' : ''}`}>
            {node}
            {status === 'offline' && ' (offline)'}
          </span>
        ))}
      </td>
    </tr>
  );
}

/** Name of a column where there are no columns. */
function Label({ children }: { children: string }) {
  return <span class="card-label">{children}</span>;
}

/** States that are told of a service where its node does not answer: nobody has seen it. */
const UNSEEN: ReadonlySet<HealthWord> = new Set(['missing', 'unknown']);

/** Says how many are well, and which are not. */
function Services({ stack: { services, nodes } }: { stack: StackRow }) {
  if (services.length === 0)
    return (
      <span class="muted">
        <Label>Services: </Label>none known
      </span>
    );
  const offline = new Set(nodes.filter(({ status }) => status === 'offline').map(({ name }) => name));
  const unseen = services.filter(({ node, status }) => offline.has(node) && UNSEEN.has(status));
  const sick = services.filter(
    (one) => ['unhealthy', 'failed', 'missing'].includes(one.status) && !unseen.includes(one),
  );
  const well = services.filter(({ status }) => status === 'healthy' || status === 'completed').length;
  if (sick.length + unseen.length === 0)
    return (
      <span class="muted">
        {well === services.length
          ? count(services.length, 'service')
          : `${well} of ${count(services.length, 'service')}`}
      </span>
    );
  return (
    <>
      {sick.slice(0, 3).map(({ name, status }) => (
        <p key={name} class="sick small">
          <b>{name}</b> {HEALTH[status].label.toLowerCase()}
        </p>
      ))}
      {sick.length > 3 && <p class="muted small">and {sick.length - 3} more</p>}
      {unseen.length > 0 && (
        <p class="muted small">
          {count(unseen.length, 'service')} not seen: {enumerate([...offline])}{' '}
          {agree(offline.size, 'does', 'do')} not answer
        </p>
      )}
    </>
  );
}
