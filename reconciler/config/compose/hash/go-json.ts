import { own } from '../../../base/values.ts';

/*
 * Values as Go's `encoding/json` and `fmt` write them: docker-compose hashes those bytes, so one that differs is another hash.
 */

/** Thrown by writers for something whose value docker-compose alone knows; caught where a whole hash is made. */
export class Unreproducible extends Error {
  readonly key: string;
  readonly reason: string;

  constructor(key: string, reason: string) {
    super(`${key} ${reason}`);
    this.key = key;
    this.reason = reason;
  }
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A text in quotes. Go escapes what HTML gives a meaning, and the two line ends of Unicode. */
export function goString(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is escaped
  const escaped = text.toWellFormed().replace(/[\u0000-\u001f"\\<>&\u2028\u2029]/g, (char) => {
    return own(SHORT, char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

export type Entry = readonly [key: string, json: string];

/** An object with its members in the order given, as Go writes a struct. */
export function goStruct(members: readonly Entry[]): string {
  return `{${members.map(([key, json]) => `${goString(key)}:${json}`).join(',')}}`;
}

/** An object with its members in the order of the bytes of their names, as Go writes a map. */
export function goMap(members: readonly Entry[]): string {
  return goStruct(members.toSorted(([a], [b]) => compareBytes(a, b)));
}

/** Orders texts by their bytes. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function goList(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

/** A number of 32 bits as JSON has it: the shortest text that is read as the same. */
export function goFloat32(value: number): string {
  const single = Math.fround(value);
  const { digits, exponent, sign } = takeApart(single, (text) => Math.fround(Number(text)) === single);
  if (single !== 0 && (Math.abs(single) < 1e-6 || Math.abs(single) >= 1e21)) {
    // JSON writes e-9, not e-09.
    return `${sign}${withPoint(digits)}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }
  return `${sign}${plain(digits, exponent)}`;
}

/** A number as `fmt.Sprint` writes one of 64 bits with a fraction. */
export function goFloat(value: number): string {
  const { digits, exponent, sign } = takeApart(value, (text) => Number(text) === value);
  if (value !== 0 && (exponent < -4 || exponent >= 6)) {
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${withPoint(digits)}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  return `${sign}${plain(digits, exponent)}`;
}

interface Digits {
  readonly digits: string;
  /** Power of ten of the first digit. */
  readonly exponent: number;
  readonly sign: '' | '-';
}

function takeApart(value: number, isSame: (text: string) => boolean): Digits {
  let text = value.toExponential();
  for (let precision = 1; precision <= 17; precision += 1) {
    const candidate = value.toExponential(precision - 1);
    if (!isSame(candidate)) continue;
    text = candidate;
    break;
  }
  const [, sign = '', first = '0', rest = '', power = '0'] = /^(-?)(\d)\.?(\d*)e([-+]\d+)$/.exec(text) ?? [];
  const digits = `${first}${rest}`.replace(/(?<=.)0+$/, '');
  return { digits, exponent: Number(power), sign: sign === '-' ? '-' : '' };
}

function withPoint(digits: string): string {
  return digits.length === 1 ? digits : `${digits.charAt(0)}.${digits.slice(1)}`;
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return rest === '' ? whole : `${whole}.${rest}`;
}
