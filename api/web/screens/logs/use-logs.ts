import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiError } from '../../client/request.ts';
import type { LogLineView } from '../../client/run-types.ts';
import type { LogEntry } from '../../parts/log-lines.tsx';
import type { LogReader, LogWish } from './log-source.ts';
import { readLogs } from './log-source.ts';

/** Lines that are kept; older ones are read with a time. */
export const MOST_LINES = 10_000;
/** Pause between two drawings, in milliseconds. */
const DRAW_MS = 120;
/** Time in which lines from before may come, in milliseconds. */
const BEGINNING_MS = 3_000;

/** Colour of a service, by its place among its stack's. */
export function hueOf(service: string, services: readonly string[]): number {
  return Math.max(0, services.indexOf(service)) % 8;
}

interface LogState {
  readonly entries: readonly LogEntry[];
  /** Lines that came while it paused. */
  readonly waiting: number;
  readonly state: 'connecting' | 'live' | 'broken' | 'over';
  readonly error: ApiError | null;
  readonly failures: ReadonlyMap<string, string>;
}

const NOTHING: LogState = { entries: [], waiting: 0, state: 'connecting', error: null, failures: new Map() };

/** Signs with which programs colour what they print on terminals. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');

/** Lines of a stack as they come. While it pauses they are kept back. */
export function useLogs(
  wish: LogWish,
  services: readonly string[],
  pauses: boolean,
): LogState & { readonly clear: () => void } {
  const [shown, show] = useState<LogState>(NOTHING);
  const latest = useRef({ services, pauses });
  latest.current = { services, pauses };
  const draw = useRef<() => void>(() => undefined);
  const { stack, services: chosen, minutes, previous } = wish;
  useEffect(() => {
    show(NOTHING);
    const collector = createCollector(() => latest.current, show);
    draw.current = collector.draw;
    const stop = readLogs({ stack, services: chosen, minutes, previous }, collector);
    return () => {
      stop();
      collector.stop();
    };
  }, [stack, chosen, minutes, previous]);
  useEffect(() => {
    if (!pauses) draw.current();
  }, [pauses]);
  return { ...shown, clear: () => show((before) => ({ ...before, entries: [] })) };
}

interface Collector extends LogReader {
  draw(): void;
  stop(): void;
}

/** Collects lines, and shows them a few times a second. */
function createCollector(
  ask: () => { readonly services: readonly string[]; readonly pauses: boolean },
  show: (change: (before: LogState) => LogState) => void,
): Collector {
  const begin = performance.now();
  let pending: LogLineView[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    const { services, pauses } = ask();
    if (pauses) {
      const waiting = pending.length;
      show((before) => ({ ...before, waiting }));
      return;
    }
    const added = pending.map((line) => toEntry(line, services));
    pending = [];
    const isBeginning = performance.now() - begin < BEGINNING_MS;
    show((before) => ({ ...before, waiting: 0, entries: merge(before.entries, added, isBeginning) }));
  };
  const draw = (): void => {
    timer ??= setTimeout(flush, DRAW_MS);
  };
  return {
    draw,
    stop: () => clearTimeout(timer),
    onLine(line) {
      pending.push(line);
      if (pending.length > MOST_LINES * 1.5) pending = pending.slice(-MOST_LINES);
      draw();
    },
    onFailure: (service, message) =>
      show((before) => ({ ...before, failures: new Map(before.failures).set(service, message) })),
    onState: (state, error) =>
      show((before) => ({
        ...before,
        state,
        error,
        failures: state === 'live' ? new Map() : before.failures,
      })),
  };
}

const byTime = (a: LogEntry, b: LogEntry): number => (a.time < b.time ? -1 : Number(a.time > b.time));

/** Adds lines that have come. Services are read beside each other: what comes in the beginning is sorted as a whole. */
function merge(
  entries: readonly LogEntry[],
  added: readonly LogEntry[],
  isBeginning: boolean,
): readonly LogEntry[] {
  const next = (entries.at(-1)?.number ?? -1) + 1;
  const [first] = added.toSorted(byTime);
  const last = entries.at(-1);
  const isLate = first !== undefined && last !== undefined && first.time < last.time;
  const old = isBeginning && isLate ? [] : entries;
  const sorted = (isBeginning && isLate ? [...entries, ...added] : added).toSorted(byTime);
  return [...old, ...sorted.map((line, index) => ({ ...line, number: next + index }))].slice(-MOST_LINES);
}

function toEntry({ service, time, msg }: LogLineView, services: readonly string[]): LogEntry {
  const text = msg.replaceAll(COLOURS, '');
  return { number: 0, time, source: service, hue: hueOf(service, services), level: 'info', text };
}
