import { useLocation } from 'preact-iso';
import { useMemo, useRef, useState } from 'preact/hooks';
import { CloudOff, Download, Eraser, Pause, Play, WrapText } from 'lucide';
import type { StackDetail } from '../../client/api-types.ts';
import { query } from '../../client/request.ts';
import { stackAddress } from '../../client/stack-address.ts';
import { count } from '../../client/words.ts';
import { useKeys } from '../../app/use-keys.ts';
import { Empty } from '../../parts/empty.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { LogEntry } from '../../parts/log-lines.tsx';
import { SearchField } from '../../parts/search-field.tsx';
import { LogLines } from '../../parts/log-lines.tsx';
import { StackFrame, useStack } from '../stack/stack-frame.tsx';
import { downloadLog } from './download-log.ts';
import { LogFilters, SINCE } from './log-filters.tsx';
import { MOST_LINES, useLogs } from './use-logs.ts';
import './logs.css';

/** Everything that the services of a stack print, as one. */
export function LogsScreen() {
  const stack = useStack();
  return <StackFrame stack={stack}>{(data) => <Logs stack={data} />}</StackFrame>;
}

/** Filter as it stands in the address. */
function useFilter(name: string) {
  const { query: address, route } = useLocation();
  const { services = '', since = '', run = '' } = address;
  const change = (changes: Readonly<Record<string, string>>): void =>
    route(stackAddress(name, `logs${query({ services, since, run, ...changes })}`), true);
  return { services, since, previous: run === 'previous', change };
}

function Logs({ stack }: { stack: StackDetail }) {
  const filter = useFilter(stack.name);
  const [text, setText] = useState('');
  const [pauses, setPauses] = useState(false);
  const [wraps, setWraps] = useState(true);
  const [follows, follow] = useState(true);
  const services = useMemo(() => stack.services.map(({ name }) => name), [stack.services]);
  const minutes = SINCE.find(({ value }) => value === filter.since)?.minutes ?? null;
  const { previous } = filter;
  const log = useLogs({ stack: stack.name, services: filter.services, minutes, previous }, services, pauses);
  const wanted = text.trim().toLowerCase();
  const found = useMemo(() => findLines(log.entries, wanted), [log.entries, wanted]);
  const search = useRef<HTMLInputElement>(null);
  useKeys({
    '/': ['Search the lines', () => search.current?.focus()],
    s: ['Stand still, or go on', () => setPauses(!pauses)],
    w: ['Wrap long lines, or not', () => setWraps(!wraps)],
    e: ['To the end, and follow', () => follow(true)],
  });
  return (
    <>
      <LogFilters services={services} filter={filter} />
      <div class="log-tools">
        <SearchField
          input={search}
          label="Search the lines"
          placeholder="Show lines with …"
          value={text}
          onSearch={setText}
        />
        {!previous && (
          <PauseButton pauses={pauses} waiting={log.waiting} onPress={() => setPauses(!pauses)} />
        )}
        <button type="button" aria-pressed={wraps} onClick={() => setWraps(!wraps)}>
          <Icon of={WrapText} size={16} /> Wrap
        </button>
        <button type="button" disabled={log.entries.length === 0} onClick={log.clear}>
          <Icon of={Eraser} size={16} /> Clear
        </button>
        <button type="button" disabled={found.length === 0} onClick={() => downloadLog(stack.name, found)}>
          <Icon of={Download} size={16} /> Download {count(found.length, 'line')}
        </button>
      </div>
      <Troubles log={log} />
      {found.length === 0 ? (
        <NoLines log={log} isSearched={wanted !== ''} isPrevious={previous} />
      ) : (
        <div class="logs">
          <LogLines
            label={`Logs of ${stack.name}`}
            entries={found}
            query={wanted}
            {...{ wraps, follows, onFollow: follow }}
          />
        </div>
      )}
      <Standing log={log} found={found.length} isSearched={wanted !== ''} pauses={pauses} />
    </>
  );
}

function findLines(entries: readonly LogEntry[], wanted: string): readonly LogEntry[] {
  if (wanted === '') return entries;
  return entries.filter(
    ({ text, source }) => text.toLowerCase().includes(wanted) || source?.toLowerCase() === wanted,
  );
}

interface PauseButtonProps {
  readonly pauses: boolean;
  readonly waiting: number;
  readonly onPress: () => void;
}

function PauseButton({ pauses, waiting, onPress }: PauseButtonProps) {
  return (
    <button type="button" onClick={onPress}>
      <Icon of={pauses ? Play : Pause} size={16} />
      {pauses ? `Go on${waiting > 0 ? ` with ${count(waiting, 'new line')}` : ''}` : 'Pause'}
    </button>
  );
}

type LogState = ReturnType<typeof useLogs>;

/** Services that cannot be read, and why. */
function Troubles({ log: { failures, state, error } }: { log: LogState }) {
  return (
    <div aria-live="polite">
      {state === 'broken' && (
        <div class="notice tone-warn">
          <Icon of={CloudOff} />
          <p>{error?.message ?? 'The connection was lost.'} It is tried again; the lines below may be old.</p>
        </div>
      )}
      {[...failures].map(([service, message]) => (
        <div key={service} class="notice tone-warn">
          <Icon of={CloudOff} />
          <p>
            <b>{service}</b> cannot be read: {message}
          </p>
        </div>
      ))}
    </div>
  );
}

function NoLines({
  log: { state, error },
  isSearched,
  isPrevious,
}: {
  log: LogState;
  isSearched: boolean;
  isPrevious: boolean;
}) {
  if (isSearched) return <Empty title="No line has this in it." />;
  if (state === 'over' && error !== null) return <Empty title={error.message} />;
  if (state === 'connecting') return <Empty title="Looking for lines …" />;
  return isPrevious ? (
    <Empty title="There is nothing left of a run before.">
      <p>Only containers and pods that were started again have one.</p>
    </Empty>
  ) : (
    <Empty title="Nothing was printed.">
      <p>
        Lines are shown here as soon as a service prints some. Choose another time above to look further back.
      </p>
    </Empty>
  );
}

function Standing({
  log,
  found,
  isSearched,
  pauses,
}: {
  log: LogState;
  found: number;
  isSearched: boolean;
  pauses: boolean;
}) {
  const { entries, state } = log;
  const all = entries.length;
  const lines = isSearched ? `${found.toLocaleString('en')} of ${count(all, 'line')}` : count(all, 'line');
  const more = all >= MOST_LINES ? ' (older ones are left out)' : '';
  const live = state === 'live' ? (pauses ? 'paused' : 'live: new lines come by themselves') : '';
  return (
    <p class="muted small log-standing">
      {lines}
      {more}
      {live !== '' && ` · ${live}`}
    </p>
  );
}
