import { own } from './values.ts';
import type { Problem } from './problem.ts';

/** No amount takes more characters. */
const MAX_LENGTH = 200;
const DURATION = /^(\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(us|ms|s|m|h)/g;
const MILLISECONDS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** `1m30s` in milliseconds, as Compose reads durations. */
export function parseDuration(text: string): number | Problem {
  if (text.length > MAX_LENGTH || !DURATION.test(text))
    return { problem: `"${text}" is not a duration`, hint: 'such as 500ms, 30s or 1m30s' };
  let total = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    total += Number(amount) * (own(MILLISECONDS, unit ?? '') ?? 0);
  }
  return Math.round(total);
}

/** `4711` milliseconds as `4s711ms`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  const rest = milliseconds % 1_000;
  return `${seconds > 0 || rest === 0 ? `${seconds}s` : ''}${rest > 0 ? `${rest}ms` : ''}`;
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i;
const POWERS: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4 };

/** `512m` in bytes; every unit is a power of 1024, as Compose has it. A number is bytes. */
export function parseBytes(value: string | number): number | Problem {
  const [, amount, unit = ''] = SIZE.exec(String(value).trim()) ?? [];
  const power = own(POWERS, unit.toLowerCase().replace(/^([kmgt])i?b?$/, '$1'));
  if (amount === undefined || power === undefined) {
    return { problem: `"${value}" is not a size`, hint: 'such as 512m or 2g' };
  }
  const bytes = Math.round(Number(amount) * 1024 ** power);
  if (!Number.isSafeInteger(bytes)) return { problem: `"${value}" is too large`, code: 'OUT_OF_RANGE' };
  return bytes;
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `512 B`, `7.5 MiB`, `2 GiB`: at most one digit after the point. */
export function formatBytes(bytes: number): string {
  const size = Math.max(0, bytes);
  let power = size < 1 ? 0 : Math.min(SIZE_UNITS.length - 1, Math.floor(Math.log2(size) / 10));
  // Just below a unit is that unit, once it is rounded.
  if (power < SIZE_UNITS.length - 1 && Math.round((size / 1024 ** power) * 10) >= 10_240) power += 1;
  return `${Math.round((size / 1024 ** power) * 10) / 10} ${SIZE_UNITS[power]}`;
}

/** `0.5` cores in billionths. */
export function parseCores(value: string | number): number | Problem {
  const cores = Number(value);
  if (!Number.isFinite(cores) || cores <= 0 || cores > 10_000) {
    return { problem: `"${value}" is not a number of cores`, hint: 'such as 0.5', code: 'OUT_OF_RANGE' };
  }
  return Math.round(cores * 1e9);
}
