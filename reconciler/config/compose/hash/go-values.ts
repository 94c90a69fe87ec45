import { own } from '../../../base/values.ts';
import type { ComposeNode } from '../node.ts';
import { Unreproducible, goFloat } from './go-json.ts';

/* Values of a Compose file as the types of docker-compose read them: durations, sizes, words of a command, numbers. */

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

/** `1m30s`, `1d`, `0` in nanoseconds; `undefined` for anything else. */
export function goDuration(text: string): bigint | undefined {
  const [, sign, rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+$/.test(rest)) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h|d|w)/g,
  )) {
    const nanoseconds = own(NANOSECONDS, unit) ?? 0n;
    total += BigInt(whole || '0') * nanoseconds;
    if (fraction === '') continue;
    const scale = 10 ** fraction.length;
    total += BigInt(Math.trunc(Number(fraction) * (Number(nanoseconds) / scale)));
  }
  return sign === '-' ? -total : total;
}

/** Nanoseconds as Go prints a duration: `1h0m0s`, `1m30s`, `1.5s`, `500ms`. */
export function formatGoDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const total = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (total < 1_000_000_000n) {
    if (total < 1_000n) return `${sign}${total}ns`;
    return total < 1_000_000n
      ? `${sign}${decimal(total, 1_000n)}µs`
      : `${sign}${decimal(total, 1_000_000n)}ms`;
  }
  const minutes = total / 60_000_000_000n;
  const seconds = decimal(total % 60_000_000_000n, 1_000_000_000n);
  if (minutes === 0n) return `${sign}${seconds}s`;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${hours}h${minutes % 60n}m${seconds}s`;
}

function decimal(amount: bigint, unit: bigint): string {
  const rest = amount % unit;
  if (rest === 0n) return String(amount / unit);
  const fraction = String(rest)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return `${amount / unit}.${fraction}`;
}

const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `64m`, `1.5 GiB`, `4096` in bytes; `undefined` for anything else. */
export function goBytes(text: string): bigint | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])?i?b?)$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return BigInt(Math.trunc(Number(amount) * 1024 ** (own(POWERS, unit.toLowerCase()) ?? 0)));
}

/**
 * A command as docker-compose splits it: quotes and backslashes, which stand for the next character everywhere but in single quotes; an
 * operator of a shell ends it. `undefined` for one that it refuses, or that holds what a shell would run.
 */
export function goWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  let escaped = false;
  for (const char of text) {
    if (escaped) {
      word = `${word ?? ''}${char}`;
      escaped = false;
    } else if (char === '\\' && quote !== "'") {
      escaped = true;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = `${word ?? ''}${char}`;
    } else if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/[`()]/.test(char)) {
      return undefined;
    } else if (/[;&|<>]/.test(char)) {
      // `2>` is all an operator.
      if (char === '>' && word !== undefined && /^\d+$/.test(word)) word = undefined;
      break;
    } else word = `${word ?? ''}${char}`;
  }
  if (quote !== '' || escaped) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** A scalar as `fmt.Sprint` writes it; a null is nothing. */
export function sprint(node: ComposeNode, key: string): string {
  if (node.kind !== 'scalar') throw new Unreproducible(key, 'is no text');
  const { value } = node;
  if (value === null) return '';
  if (typeof value === 'string' && isOddNumber(value) && node.written === value)
    throw new Unreproducible(key, 'is a number that is written in an unusual way: put it in quotes');
  if (typeof value !== 'number') return String(value);
  if (!Number.isInteger(value)) return goFloat(value);
  if (Math.abs(value) < 1e6) return String(value);
  // Written as a fraction, one with an exponent comes out.
  return /[.e]/i.test(node.written ?? '') ? goFloat(value) : String(value);
}

/** Tells texts that are numbers or times for Go's YAML reader only. */
function isOddNumber(text: string): boolean {
  if (/^\d{1,19}$/.test(text)) return false;
  return /^[-+]?(?:0b[01_]+|\.?\d[\d_]*\.?[\d_]*(?:e[-+]?\d+)?|\d{4}-\d\d?-\d\d?.*)$/i.test(text);
}
