import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ArrowDownToLine } from 'lucide';
import { Icon } from './icon.tsx';
import './log-lines.css';

/** A line of a log, as it is shown. */
export interface LogEntry {
  /** Number in the order of the log; no two are alike. */
  readonly number: number;
  readonly time: string;
  /** Name of whoever printed it; `null`: the log is of one only. */
  readonly source: string | null;
  /** Colour of the source, from 0 to 7. */
  readonly hue: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/** Lines that are drawn together, and left out of the drawing while nobody sees them. */
const BLOCK = 20;
/** Distance from the end, in pixels, that still counts as being there. */
const AT_END = 40;

interface LogLinesProps {
  readonly label: string;
  readonly entries: readonly LogEntry[];
  /** Text that is marked where it occurs. */
  readonly query?: string;
  readonly wraps?: boolean;
  /** Stays at the end as lines come. */
  readonly follows: boolean;
  readonly onFollow: (follows: boolean) => void;
}

/** Lines of a log in a frame of their own, thousands of them if need be. */
export function LogLines({ label, entries, query = '', wraps = true, follows, onFollow }: LogLinesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const blocks = useMemo(() => toBlocks(entries), [entries]);
  const width = useMemo(() => widest(entries), [entries]);
  const isLong = useEnd(frame, entries, follows, onFollow);
  return (
    <div class="log-frame">
      <div
        ref={frame}
        class={`code log${wraps ? ' wraps' : ''}${follows ? ' follows' : ''}`}
        style={{ '--source': `${width}ch` }}
        role="log"
        aria-live="off"
        aria-label={label}
        tabIndex={0}
      >
        <div class="log-body">
          {blocks.map(([number, lines]) => (
            <Block key={number} lines={lines} query={query} />
          ))}
        </div>
      </div>
      {!follows && isLong && (
        <button type="button" class="to-end" onClick={() => onFollow(true)}>
          <Icon of={ArrowDownToLine} size={15} /> To the end, and follow
        </button>
      )}
    </div>
  );
}

function toBlocks(entries: readonly LogEntry[]): readonly (readonly [number, readonly LogEntry[]])[] {
  return [...Map.groupBy(entries, ({ number }) => Math.floor(number / BLOCK))];
}

/** Longest name that is given room in full, in characters. */
const WIDEST = 18;

function widest(entries: readonly LogEntry[]): number {
  const names = new Set(entries.map(({ source }) => source ?? ''));
  return Math.min(WIDEST, Math.max(0, ...[...names].map(({ length }) => length)));
}

/**
 * Keeps the frame at its end while that is wanted, and notices when somebody scrolls away from it, or back.
 *
 * @returns whether there is more than the frame has room for
 */
function useEnd(
  frame: { current: HTMLElement | null },
  entries: readonly LogEntry[],
  follows: boolean,
  onFollow: (follows: boolean) => void,
): boolean {
  const [isLong, setLong] = useState(false);
  const latest = useRef({ follows, onFollow });
  latest.current = { follows, onFollow };
  useLayoutEffect(() => {
    const own = frame.current;
    if (own !== null && follows) own.scrollTop = own.scrollHeight;
  }, [entries, follows]);
  useEffect(() => {
    const own = frame.current;
    const body = own?.firstElementChild;
    if (own === null || body === null || body === undefined) return undefined;
    let top = own.scrollTop;
    let height = own.scrollHeight;
    const onScroll = (): void => {
      const isUp = own.scrollTop < top - 2 && own.scrollHeight >= height;
      const isAtEnd = own.scrollHeight - own.scrollTop - own.clientHeight < AT_END;
      top = own.scrollTop;
      height = own.scrollHeight;
      if (latest.current.follows && isUp && !isAtEnd) latest.current.onFollow(false);
      if (!latest.current.follows && isAtEnd && !isUp) latest.current.onFollow(true);
    };
    // Lines that come into sight may be taller than was thought.
    const observer = new ResizeObserver(() => {
      setLong(own.scrollHeight - own.clientHeight > AT_END);
      if (latest.current.follows) own.scrollTop = own.scrollHeight;
    });
    observer.observe(body);
    own.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      own.removeEventListener('scroll', onScroll);
    };
  }, []);
  return isLong;
}

interface BlockProps {
  readonly lines: readonly LogEntry[];
  readonly query: string;
}

/** Blocks change at their ends only: the log grows at one end and is cut at the other. */
const isSame = (a: BlockProps, b: BlockProps): boolean =>
  a.query === b.query && a.lines.length === b.lines.length && a.lines[0] === b.lines[0];

const Block = memo(
  ({ lines, query }: BlockProps) => (
    <div class="log-block">
      {lines.map((line) => (
        <Line key={line.number} line={line} query={query} />
      ))}
    </div>
  ),
  isSame,
);

const LEVELS = { warn: 'Warning', error: 'Error' } as const;

function Line({ line: { time, source, hue, level, text }, query }: { line: LogEntry; query: string }) {
  return (
    <div class={`log-line ${level}`}>
      <time dateTime={time} title={time}>
        {clock(time)}
      </time>
      {source !== null && (
        <span class={`source hue-${hue}`} title={source}>
          {source}
        </span>
      )}
      {(level === 'warn' || level === 'error') && <b class="level">{LEVELS[level]} </b>}
      <span class="log-text">{query === '' ? text : <Marked text={text} query={query} />}</span>
    </div>
  );
}

function Marked({ text, query }: { text: string; query: string }) {
  const parts = [];
  const found = text.toLowerCase();
  let from = 0;
  for (let at = found.indexOf(query); at !== -1; at = found.indexOf(query, from)) {
    parts.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + query.length)}</mark>);
    from = at + query.length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function clock(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : clockTime.format(at);
}
