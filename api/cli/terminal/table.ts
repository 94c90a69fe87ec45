export { formatTable } from '../../text/table.ts';

/** The same rows for programs: one line each, cells separated by a tab, no header. */
export function formatPlainRows(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map((cell) => cell.replaceAll(/[\t\n]/g, ' ')).join('\t')).join('\n');
}

/** Cuts to a width with `…`; a width of 0 or less gives nothing. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return '';
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `12 d ago`; both in milliseconds since the epoch. */
export function formatAge(then: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `0.4 s`, `12.0 s`, `3 min 20 s` between two ISO 8601 times; `''` when one is missing. */
export function formatDuration(start: string | null, end: string | null): string {
  if (start === null || end === null) return '';
  const seconds = Math.max(0, (Date.parse(end) - Date.parse(start)) / 1000);
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
