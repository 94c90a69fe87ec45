import type { JobStep, StepStatus } from '../../../reconciler/index.ts';
import { shortenHashes, showLine } from '../../../reconciler/index.ts';
import { markCodes } from '../../text/paint.ts';
import { foldLine } from './rows.ts';
import { formatDuration, truncate } from './table.ts';
import type { Style, Terminal } from './terminal.ts';

/** Shows the steps of running jobs; `close` leaves the terminal on a fresh line. */
export interface Progress extends Disposable {
  step(stack: string, step: JobStep): void;
}

const MARKS: Readonly<Record<StepStatus, string>> = {
  pending: '·',
  running: '…',
  completed: '✓',
  failed: '✗',
  skipped: '-',
  cancelled: '■',
  reverted: '↶',
};

/** A step in one line: mark, resource, action, how long, and what is being done or went wrong. */
export function formatStep(stack: string, step: JobStep, style: Style): string {
  const action = step.action === null || step.action === 'no-op' ? '' : ` ${step.action}`;
  const time = formatDuration(step.startedAt, step.endedAt);
  const paint = paintOf(step.status, style);
  const parts = [
    `${paint(MARKS[step.status])} ${style.bold(showLine(stack))} ${showLine(shortenHashes(step.name))}${action} ${paint(step.status)}`,
    ...(time === '' ? [] : [style.dim(`(${time})`)]),
    ...(step.message === null || step.message === '' ? [] : [`${style.dim('–')} ${showLine(step.message)}`]),
  ];
  return parts.join(' ');
}

/** One line for each change of status; for pipes, files and CI. */
export function createLineProgress(write: (line: string) => void, style: Style): Progress {
  const seen = new Map<string, StepStatus>();
  return {
    step(stack, step) {
      const key = `${stack}\0${step.index}`;
      if (step.status === 'pending' || seen.get(key) === step.status) return;
      seen.set(key, step.status);
      write(formatStep(stack, step, style));
    },
    [Symbol.dispose]() {},
  };
}

/**
 * Creates a progress in which what is over scrolls by, and what runs stays in place below it, with a clock, and is redrawn.
 *
 * @param now milliseconds since the epoch
 */
export function createLiveProgress(terminal: Terminal, style: Style, now: () => number): Progress {
  const running = new Map<string, { readonly stack: string; readonly step: JobStep }>();
  const known = new Set<string>();
  const begun = now();
  const over = new Set<string>();
  let drawn = 0;

  function redraw(finished: string | undefined): void {
    // Up to the first line of the live part, then clear from there to the end of the screen.
    const erase = drawn > 0 ? markCodes(`\u001B[${drawn}A\u001B[0J`) : '';
    const live = [...running.values()].map(({ stack, step }) => formatRunning(stack, step, now()));
    // A line that wraps would make the count of lines wrong, so live lines carry no colour and are cut.
    if (live.length > 0) live.push(`${formatClock(now() - begun)}  ${over.size} of ${known.size} steps`);
    drawn = live.length;
    const above = finished === undefined ? [] : foldLine(finished, terminal.columns());
    const below = live.map((line) => truncate(line, terminal.columns() - 1));
    terminal.write(erase + [...above, ...below].map((line) => `${line}\n`).join(''));
  }

  const timer = setInterval(() => {
    if (drawn > 0) redraw(undefined);
  }, CLOCK_MS);
  timer.unref();
  return {
    step(stack, step) {
      const key = `${stack}\0${step.index}`;
      known.add(key);
      if (step.status === 'pending') return;
      if (step.status === 'running') {
        running.set(key, { stack, step });
        redraw(undefined);
      } else {
        running.delete(key);
        over.add(key);
        redraw(formatStep(stack, step, style));
      }
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      running.clear();
      if (drawn > 0) redraw(undefined);
    },
  };
}

const CLOCK_MS = 1_000;

function formatRunning(stack: string, step: JobStep, now: number): string {
  const seconds = step.startedAt === null ? 0 : Math.floor((now - Date.parse(step.startedAt)) / 1_000);
  return `${formatStep(stack, step, plainStyle)}${seconds >= 1 ? ` (${seconds} s)` : ''}`;
}

/** `1:05` */
function formatClock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

const same = (text: string) => text;
const plainStyle: Style = {
  color: false,
  bold: same,
  dim: same,
  good: same,
  bad: same,
  warn: same,
  accent: same,
};

function paintOf(status: StepStatus, style: Style): (text: string) => string {
  switch (status) {
    case 'completed':
      return style.good;
    case 'failed':
      return style.bad;
    case 'cancelled':
    case 'reverted':
      return style.warn;
    case 'pending':
    case 'running':
    case 'skipped':
      return style.dim;
    default:
      return status satisfies never;
  }
}
