import { breakCell } from '../../text/table.ts';
import { widthOf } from '../../text/paint.ts';
import { formatAge, formatPlainRows, formatTable } from './table.ts';
import type { Style, Terminal } from './terminal.ts';

/** The part of an invocation that decides how things are shown. */
export interface View {
  readonly terminal: Pick<Terminal, 'isTerminal' | 'columns'>;
  readonly style: Style;
  readonly now: () => number;
}

/** A table as wide as the terminal; for pipes and files the rows alone, with tabs. */
export function showRows(
  { terminal, style }: View,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (!terminal.isTerminal) return formatPlainRows(rows);
  return formatTable(
    header.map((name) => (name === '' ? '' : style.dim(name))),
    rows,
    terminal.columns(),
  );
}

/** A time for people as how long it is ago; for pipes and files as it is, ISO 8601. `-` when there is none. */
export function showTime({ terminal, now }: View, time: string | null): string {
  if (time === null || time === '') return '-';
  const at = Date.parse(time);
  return terminal.isTerminal && !Number.isNaN(at) ? formatAge(at, now()) : time;
}

/** A line for people as lines that fit the terminal, broken between words only; what goes on stands under the beginning of the text. */
export function foldLine(line: string, columns: number): readonly string[] {
  if (widthOf(line) <= columns) return [line];
  const indent = /^\s*(?:[✓✗■→!-]\s)?/.exec(line)?.[0].length ?? 0;
  const hang = Math.min(indent, Math.floor(columns / 2));
  const [first = '', ...rest] = breakCell(line, columns - hang);
  return [first, ...rest.map((text) => ' '.repeat(hang) + text)];
}

/** Texts for people on a terminal; elsewhere lines are as long as they are. */
export function foldText({ terminal }: Pick<View, 'terminal'>, text: string): string {
  if (!terminal.isTerminal) return text;
  const columns = terminal.columns();
  return text
    .split('\n')
    .flatMap((line) => foldLine(line, columns))
    .join('\n');
}

/** The first line of a message, for a cell. */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
