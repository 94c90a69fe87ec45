import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ChevronDown, ChevronRight, ScrollText, SquareTerminal } from 'lucide';
import { stackAddress } from '../../client/stack-address.ts';
import { may } from '../../app/session.ts';
import { Icon } from '../../parts/icon.tsx';
import { HealthState } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import type { Branch } from './tree-model.ts';

interface Line {
  readonly branch: Branch;
  readonly level: number;
  readonly place: number;
  readonly siblings: number;
  readonly parent: string | null;
}

/** Lines that are shown, from the top. */
function layOut(branches: readonly Branch[], isOpen: (branch: Branch) => boolean): readonly Line[] {
  const lines: Line[] = [];
  const add = (those: readonly Branch[], level: number, parent: string | null): void => {
    for (const [index, branch] of those.entries()) {
      lines.push({ branch, level, place: index + 1, siblings: those.length, parent });
      if (branch.children.length > 0 && isOpen(branch)) add(branch.children, level + 1, branch.id);
    }
  };
  add(branches, 1, null);
  return lines;
}

/** Opens the way to everything that is not well, until somebody opens or closes it. */
const isOpenAtFirst = ({ isUnwell, health }: Branch): boolean => isUnwell && health !== 'unknown';

interface TreeProps {
  readonly stack: string;
  readonly label: string;
  readonly branches: readonly Branch[];
}

/** Everything that a stack has, indented. Arrows go through it, Home and End to its ends. */
export function Tree({ stack, label, branches }: TreeProps) {
  const [chosen, choose] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [at, goTo] = useState<string | null>(null);
  const own = useRef<HTMLDivElement>(null);
  const isOpen = (branch: Branch): boolean => chosen.get(branch.id) ?? isOpenAtFirst(branch);
  const lines = useMemo(() => layOut(branches, isOpen), [branches, chosen]);
  const current = lines.find(({ branch }) => branch.id === at) ?? lines[0];
  const setOpen = (id: string, open: boolean): void => choose((before) => new Map(before).set(id, open));
  const move = useMover(own, goTo);
  const press = (event: KeyboardEvent): void => {
    if (
      current === undefined ||
      event.target !== event.currentTarget ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    const next = readKey(event.key, lines, current, isOpen(current.branch));
    if (next === null) return;
    event.preventDefault();
    if (next.kind === 'open') setOpen(current.branch.id, next.open);
    else move(next.id);
  };
  return (
    <div ref={own} class="tree" role="tree" aria-label={label}>
      {lines.map((line) => (
        <Row
          key={line.branch.id}
          line={line}
          stack={stack}
          isOpen={isOpen(line.branch)}
          isCurrent={line === current}
          onKeyDown={press}
          onFocus={() => goTo(line.branch.id)}
          onToggle={() => setOpen(line.branch.id, !isOpen(line.branch))}
        />
      ))}
    </div>
  );
}

/** Moves the focus to a line once it is the one that takes it. */
function useMover(tree: { current: HTMLElement | null }, goTo: (id: string) => void): (id: string) => void {
  const wanted = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    wanted.current = null;
    tree.current?.querySelector<HTMLElement>('[role=treeitem][tabindex="0"]')?.focus();
  });
  return (id) => {
    wanted.current = id;
    goTo(id);
  };
}

type Step = { readonly kind: 'open'; readonly open: boolean } | { readonly kind: 'go'; readonly id: string };

function readKey(key: string, lines: readonly Line[], current: Line, isOpen: boolean): Step | null {
  const index = lines.indexOf(current);
  const go = (line: Line | undefined): Step | null =>
    line === undefined ? null : { kind: 'go', id: line.branch.id };
  const canOpen = current.branch.children.length > 0;
  switch (key) {
    case 'ArrowDown':
      return go(lines[index + 1]);
    case 'ArrowUp':
      return go(lines[index - 1]);
    case 'Home':
      return go(lines[0]);
    case 'End':
      return go(lines.at(-1));
    case 'ArrowRight':
      if (!canOpen) return null;
      return isOpen ? go(lines[index + 1]) : { kind: 'open', open: true };
    case 'ArrowLeft':
      if (canOpen && isOpen) return { kind: 'open', open: false };
      return current.parent === null ? null : { kind: 'go', id: current.parent };
    case 'Enter':
    case ' ':
      return canOpen ? { kind: 'open', open: !isOpen } : null;
    default:
      return null;
  }
}

interface RowProps {
  readonly line: Line;
  readonly stack: string;
  readonly isOpen: boolean;
  readonly isCurrent: boolean;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: () => void;
  readonly onToggle: () => void;
}

function Row({
  line: { branch, level, place, siblings },
  stack,
  isOpen,
  isCurrent,
  onKeyDown,
  onFocus,
  onToggle,
}: RowProps) {
  const { kind, name, health, words, message, facts, startedAt, children } = branch;
  const canOpen = children.length > 0;
  return (
    <div
      class={`branch level-${level}${health === null ? ' group' : ''}`}
      role="treeitem"
      aria-level={level}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-expanded={canOpen ? isOpen : undefined}
      aria-selected={isCurrent}
      tabIndex={isCurrent ? 0 : -1}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
      onClick={(event) => {
        if (canOpen && !(event.target as Element).closest('a')) onToggle();
      }}
    >
      <span class="twig">{canOpen && <Icon of={isOpen ? ChevronDown : ChevronRight} size={16} />}</span>
      <div class="branch-body">
        <p class="branch-name">
          {health !== null && words !== null && <HealthState of={health} words={words} />}
          <span>
            {kind !== '' && kind !== 'service' && <span class="muted">{kind} </span>}
            <b>{name}</b>
          </span>
        </p>
        {message !== null && <p class="branch-message">{message}</p>}
        <p class="branch-facts muted small">
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
          {startedAt !== null && (
            <span>
              started <Time at={startedAt} />
            </span>
          )}
        </p>
      </div>
      <BranchLinks branch={branch} stack={stack} isCurrent={isCurrent} />
    </div>
  );
}

/** Ways on from a service. With the keyboard they follow the line that has the focus. */
function BranchLinks({
  branch: { service, addresses },
  stack,
  isCurrent,
}: {
  branch: Branch;
  stack: string;
  isCurrent: boolean;
}) {
  if (service === null) return null;
  const part = encodeURIComponent(service);
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <p class="branch-links small">
      {addresses.map((address) => (
        <Address key={address} of={address} tabIndex={tabIndex} />
      ))}
      <a
        href={`${stackAddress(stack, 'logs')}?services=${part}`}
        tabIndex={tabIndex}
        aria-label={`Logs of ${service}`}
      >
        <Icon of={ScrollText} size={15} /> Logs
      </a>
      {may('deployer') && (
        <a
          href={stackAddress(stack, `terminal/${part}`)}
          target="_blank"
          rel="noreferrer"
          tabIndex={tabIndex}
          aria-label={`Terminal in ${service}, in a tab of its own`}
        >
          <Icon of={SquareTerminal} size={15} /> Terminal
        </a>
      )}
    </p>
  );
}

/** An address as a link where browsers can open it. */
export function Address({ of, tabIndex }: { of: string; tabIndex?: number }) {
  if (!/^https?:\/\//.test(of)) return <code>{of}</code>;
  return (
    <a href={of} target="_blank" rel="noreferrer" tabIndex={tabIndex}>
      {of.replace(/^https?:\/\//, '')}
    </a>
  );
}
