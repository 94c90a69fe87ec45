import { availableParallelism, totalmem } from 'node:os';
import process from 'node:process';

/** Bound that a figure must hold to. */
export interface Bound {
  readonly wanted: number;
  readonly unit: '' | 'ms' | 'MiB';
  /** Default `at-most`; `below` leaves the bound itself out. */
  readonly kind?: 'at-most' | 'below';
}

/** Prints what was measured and remembers whether every bound held. */
export interface Report {
  heading(text: string): void;
  /** A figure without a bound, or where a figure comes from. */
  note(text: string): void;
  /** `up: kombinator ÷ docker-compose: ratio 0.83 (wanted ≤ 1.00) ok` */
  check(what: string, value: number, bound: Bound): void;
  /** Shows how far it is, on a terminal only. */
  progress(text: string): void;
  /** Something could not be measured, which is no better than a missed bound. */
  fail(text: string): void;
  readonly missed: readonly string[];
}

export function createReport(write: (line: string) => void): Report {
  const missed: string[] = [];
  return {
    missed,
    heading: (text) => write(`\n${text}`),
    note: (text) => write(`  ${text}`),
    progress(text) {
      if (process.stderr.isTTY || process.env['BENCH_VERBOSE'] === '1')
        process.stderr.write(`    … ${text}\n`);
    },
    fail: (text) => void missed.push(text),
    check(what, value, bound) {
      const holds = bound.kind === 'below' ? value < bound.wanted : value <= bound.wanted;
      const line = formatCheck(what, value, bound, holds);
      if (!holds) missed.push(line);
      write(`  ${line}`);
    },
  };
}

function formatCheck(what: string, value: number, bound: Bound, holds: boolean): string {
  const sign = bound.kind === 'below' ? '<' : '≤';
  const show = (figure: number) =>
    bound.unit === '' ? figure.toFixed(2) : `${figure.toFixed(0)} ${bound.unit}`;
  const name = bound.unit === '' ? 'ratio ' : '';
  return `${what}: ${name}${show(value)} (wanted ${sign} ${show(bound.wanted)}) ${holds ? 'ok' : 'MISSED'}`;
}

/** `median 9.81 s of 9.70, 9.81, 10.10` */
export function formatTimes(milliseconds: readonly number[]): string {
  const isLong = median(milliseconds) >= 1_000;
  const show = (value: number) => (isLong ? (value / 1_000).toFixed(2) : value.toFixed(1));
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const all =
    sorted.length <= 6
      ? sorted.map(show).join(', ')
      : `${sorted.length} from ${show(sorted[0]!)} to ${show(sorted.at(-1)!)}`;
  return `median ${show(median(milliseconds))} ${isLong ? 's' : 'ms'} of ${all}`;
}

/** @throws when there is nothing to take it of */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new Error('internal: median of nothing');
  return sorted.length % 2 === 1 ? upper : (upper + sorted[middle - 1]!) / 2;
}

/** Milliseconds that the work takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Cores, memory and Node in one line. */
export function describeMachine(): string {
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${availableParallelism()} cores, ${memory} GiB of memory, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}
