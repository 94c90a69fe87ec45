import { showLine } from '../../base/shown-text.ts';
import { formatBytes } from '../../base/units.ts';

const MAX_VALUE_LENGTH = 100;
const MAX_HASH_SHOWN = 10;
const MINUTE_MS = 60_000;

/** A value of a spec for people, by the last key of its path: sizes, times and permissions in the units that people use. */
export function formatValue(value: unknown, path: string): string {
  if (value === null || value === undefined) return '(not set)';
  if (typeof value === 'number') return formatNumber(value, path);
  const text = shortenHashes(JSON.stringify(value) ?? '');
  return showLine(text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text);
}

function formatNumber(value: number, path: string): string {
  const key = /[^.[\]]*$/.exec(path)?.[0] ?? path;
  if (value === -1) return 'unlimited';
  if (key.endsWith('Bytes') || key === 'shmSize') return formatBytes(value);
  if (key.endsWith('Ms')) return formatTime(value);
  if (key === 'nanoCpus') return formatCores(value);
  if (key === 'mode') return `0${value.toString(8)}`;
  return String(value);
}

/** `0.5 CPUs` of billionths of a core. */
export function formatCores(nanoCpus: number): string {
  const cores = nanoCpus / 1e9;
  return `${cores} ${cores === 1 ? 'CPU' : 'CPUs'}`;
}

/** `1 min 30 s` */
function formatTime(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / MINUTE_MS);
  const seconds = (milliseconds % MINUTE_MS) / 1_000;
  const parts = [...(minutes > 0 ? [`${minutes} min`] : []), ...(seconds > 0 ? [`${seconds} s`] : [])];
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** Cuts what no person reads: digests keep their beginning. */
export function shortenHashes(text: string): string {
  return text.replaceAll(/(?<![0-9a-z])[0-9a-f]{32,}(?![0-9a-z])/gi, (hash) =>
    /[a-f]/i.test(hash) || hash.length >= 40 ? `${hash.slice(0, MAX_HASH_SHOWN)}…` : hash,
  );
}
