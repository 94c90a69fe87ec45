import type { Problem } from '../base/problem.ts';
import { isProblem } from '../base/problem.ts';

type Form = 'binary' | 'decimal' | 'exponent';

/** An amount as Kubernetes writes it: exact, in billionths, with the way it was written. */
export interface Quantity {
  readonly nano: bigint;
  readonly form: Form;
}

const NANO = 1_000_000_000n;
const MILLI = 1_000_000n;
const WRITTEN = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Suffixes by thousands, from billionths. */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const INDEX_OF_ONE = DECIMAL.indexOf('');
/** More digits than any amount that can be meant. */
const MAX_QUANTITY_LENGTH = 40;
const LARGEST = (1n << 63n) * NANO;

/** Reads `100m`, `0.5`, `128Mi`, `1e3`. Amounts below a billionth are rounded up. */
export function parseQuantity(text: string): Quantity | Problem {
  const [, sign = '', whole = '', fraction = '', suffix = ''] = WRITTEN.exec(text) ?? [];
  if (whole + fraction === '' || text.length > MAX_QUANTITY_LENGTH)
    return {
      problem: `"${text.slice(0, MAX_QUANTITY_LENGTH)}" is no quantity`,
      hint: 'such as 100m or 128Mi',
    };
  const scale = scaleOf(suffix);
  if (scale === null) return { problem: `"${text}" is too large`, code: 'OUT_OF_RANGE' };
  const digits = BigInt(whole + fraction) * scale.times;
  const nano = divideUp(digits * NANO, 10n ** BigInt(fraction.length) * scale.per);
  if (nano > LARGEST) return { problem: `"${text}" is too large`, code: 'OUT_OF_RANGE' };
  return { nano: sign === '-' ? -nano : nano, form: scale.form };
}

function scaleOf(suffix: string): { times: bigint; per: bigint; form: Form } | null {
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) return { times: 1024n ** BigInt(binary), per: 1n, form: 'binary' };
  if (/^[eE][+-]?\d/.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    if (Math.abs(exponent) > 30) return null;
    return { ...powerOfTen(exponent), form: 'exponent' };
  }
  return { ...powerOfTen((DECIMAL.indexOf(suffix) - INDEX_OF_ONE) * 3), form: 'decimal' };
}

function powerOfTen(exponent: number): { times: bigint; per: bigint } {
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent >= 0 ? { times: power, per: 1n } : { times: 1n, per: power };
}

/** The one way in which Kubernetes writes this amount: `1000m` is `1`, `0.5Gi` is `512Mi`. */
export function formatQuantity({ nano, form }: Quantity): string {
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  if (form === 'binary' && size >= 1024n * NANO) {
    const [amount, power] = withoutFactors(divideUp(size, NANO), 1024n, BINARY.length - 1);
    return `${sign}${amount}${BINARY[power]}`;
  }
  const [amount, power] = withoutFactors(size, 1000n, DECIMAL.length - 1);
  if (size === 0n) return '0';
  if (form !== 'exponent') return `${sign}${amount}${DECIMAL[power]}`;
  return power === INDEX_OF_ONE ? `${sign}${amount}` : `${sign}${amount}e${(power - INDEX_OF_ONE) * 3}`;
}

function withoutFactors(value: bigint, factor: bigint, most: number): readonly [bigint, number] {
  let [rest, power] = [value, 0];
  while (rest !== 0n && power < most && rest % factor === 0n) [rest, power] = [rest / factor, power + 1];
  return [rest, power];
}

/** The greater of two; of equal ones the first. */
export function maxQuantity(a: Quantity, b: Quantity): Quantity {
  return b.nano > a.nano ? b : a;
}

/** Thousandths, rounded up. */
export function toMilli({ nano }: Quantity): number {
  return Number(divideUp(nano, MILLI));
}

/** An amount that somebody wrote as a number, `500m` as 0.5; 0 for what is none. */
export function amountOf(text: string): number {
  const amount = parseQuantity(text);
  return isProblem(amount) ? 0 : Number(amount.nano) / Number(NANO);
}

/** Whole units, rounded up. */
export function toUnits({ nano }: Quantity): number {
  return Number(divideUp(nano, NANO));
}

export function milliQuantity(milli: number): Quantity {
  return { nano: BigInt(Math.round(milli)) * MILLI, form: 'decimal' };
}

export function byteQuantity(bytes: number): Quantity {
  return { nano: BigInt(Math.round(bytes)) * NANO, form: 'binary' };
}

function divideUp(a: bigint, b: bigint): bigint {
  return a > 0n ? (a + b - 1n) / b : a / b;
}
