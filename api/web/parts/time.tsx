import { signal } from '@preact/signals';

/** Moment by which relative times are told; moves on each fifteen seconds. */
const now = signal(Date.now());
setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now();
}, 15_000);

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

interface TimeProps {
  readonly at: string | null | undefined;
  /** True for what is still to come: the next look, an end. What is over is never told as if it were to come. */
  readonly isAhead?: boolean;
}

/** `3 min. ago`, with the exact time for whoever points at it. */
export function Time({ at, isAhead = false }: TimeProps) {
  if (at === null || at === undefined) return <span class="muted">never</span>;
  const date = new Date(at);
  // Events that have just come are newer than the last tick.
  const from = Math.max(now.value, Date.now());
  return (
    <time dateTime={at} title={exact.format(date)}>
      {isAhead ? tellAhead(date.getTime(), from) : tellRelative(date.getTime(), from)}
    </time>
  );
}

/** The day and the time to the second, short. */
export function tellExact(at: string): string {
  return short.format(new Date(at));
}

/** Time that is over, seen from another: `3 min. ago`. A server whose clock is ahead is forgiven. */
function tellRelative(time: number, from: number): string {
  const seconds = (time - from) / 1000;
  if (seconds > -60) return seconds < 60 ? 'just now' : exact.format(new Date(time));
  return tellUnits(seconds);
}

/** Time to come, seen from another: `in 3 min.`. */
function tellAhead(time: number, from: number): string {
  const seconds = (time - from) / 1000;
  return Math.abs(seconds) < 60 ? (seconds > 0 ? 'in a moment' : 'now') : tellUnits(seconds);
}

function tellUnits(seconds: number): string {
  for (const [unit, length] of UNITS)
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  return 'just now';
}
