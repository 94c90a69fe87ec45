import process from 'node:process';

export interface Violation {
  /** Name of the check, or of what else must not happen. */
  readonly check: string;
  readonly fault: string;
  readonly round: number;
  readonly text: string;
}

/** Collects what a run has found and shows how far it is. */
export interface Report {
  readonly violations: readonly Violation[];
  /** A line that stays. */
  tell(text: string): void;
  /** Writes a line on a terminal that the next one is written over; elsewhere nothing. */
  progress(text: string): void;
  /** The same finding is told once. */
  violate(violation: Violation): void;
  /** One more of something, such as a fault or a push. */
  count(what: string): void;
  /** A round has ended. */
  round(fault: string, quietMilliseconds: number): void;
  /** Rounds, counts and violations, for the end. */
  summary(seed: number): string;
}

export interface ReportOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

export function createReport({ write, isTerminal }: ReportOptions = terminalOptions()): Report {
  const violations: Violation[] = [];
  const counts = new Map<string, number>();
  const rounds = new Map<string, number[]>();
  const clear = () => (isTerminal ? '\r\u001B[K' : '');
  const tell = (text: string) => write(`${clear()}${text}\n`);
  return {
    violations,
    tell,
    progress(text) {
      if (isTerminal) write(`${clear()}${text.slice(0, 110)}`);
    },
    violate(violation) {
      if (violations.some(({ check, text }) => check === violation.check && text === violation.text)) return;
      violations.push(violation);
      tell(`VIOLATION ${violation.check} (${violation.fault}, round ${violation.round}): ${violation.text}`);
    },
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    round: (fault, quiet) => void rounds.set(fault, [...(rounds.get(fault) ?? []), quiet]),
    summary: (seed) => formatSummary({ seed, violations, counts, rounds }),
  };
}

function terminalOptions(): ReportOptions {
  return { write: (text) => void process.stdout.write(text), isTerminal: process.stdout.isTTY };
}

interface Findings {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: ReadonlyMap<string, number>;
  readonly rounds: ReadonlyMap<string, readonly number[]>;
}

/** A line for each fault, then what must not have happened, then the totals. */
export function formatSummary({ seed, violations, counts, rounds }: Findings): string {
  const lines = [...rounds].map(([fault, quiet]) => {
    const found = violations.filter((violation) => violation.fault === fault).length;
    const median = quiet.toSorted((a, b) => a - b)[quiet.length >> 1] ?? 0;
    const times = `quiet after ${seconds(median)} s, at most ${seconds(Math.max(...quiet))} s`;
    return `  ${fault.padEnd(18)} ${String(quiet.length).padStart(3)} rounds, ${found} violations, ${times}`;
  });
  const others = [...counts].map(([what, count]) => `${count} ${what}`).join(', ');
  const found = violations.map(
    ({ check, fault, round, text }) => `  ${check} (${fault}, round ${round}): ${text}`,
  );
  const total = [...rounds.values()].reduce((sum, { length }) => sum + length, 0);
  return [
    ...lines,
    ...(others === '' ? [] : [`  ${others}`]),
    ...(found.length === 0 ? [] : ['violations:', ...found]),
    `chaos: seed ${seed}, ${total} rounds, ${violations.length} violations`,
  ].join('\n');
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(1);
}
