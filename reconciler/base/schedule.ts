import type { Problem } from './issue.ts';

/** Whether a schedule says this minute, by the clock and calendar of this machine. */
export type Schedule = (time: Date) => boolean;

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly words?: readonly string[];
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const DAYS = 'sun mon tue wed thu fri sat'.split(' ');
const FIELDS: readonly Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, words: MONTHS },
  { name: 'day of the week', from: 0, to: 7, words: DAYS },
];
const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const HINT = 'minute, hour, day of the month, month, day of the week, such as "0 */6 * * *"';

/** Reads a cron expression of five fields, or `@daily` and its like. */
export function parseSchedule(text: string): Schedule | Problem {
  const parts = (NAMED[text.trim()] ?? text).trim().split(/\s+/);
  if (parts.length !== FIELDS.length)
    return { problem: `"${text}" is not a schedule`, hint: HINT, code: 'INVALID_FORMAT' };
  const sets: ReadonlySet<number>[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const set = parseField(parts[index] ?? '', field);
    if (set === undefined) {
      const problem = `"${parts[index]}" is not a ${field.name} (${field.from} to ${field.to})`;
      return { problem, hint: HINT, code: 'INVALID_FORMAT' };
    }
    sets.push(set);
  }
  const anyDay = parts[2]?.startsWith('*') === true || parts[4]?.startsWith('*') === true;
  return (time) => matches(sets, time, anyDay);
}

/** As cron has it: with both days given, one of them is enough. */
function matches(sets: readonly ReadonlySet<number>[], time: Date, anyDay: boolean): boolean {
  const [minutes, hours, days, months, weekdays] = sets;
  const isDay = days?.has(time.getDate()) === true;
  const isWeekday = weekdays?.has(time.getDay()) === true;
  return (
    minutes?.has(time.getMinutes()) === true &&
    hours?.has(time.getHours()) === true &&
    months?.has(time.getMonth() + 1) === true &&
    (anyDay ? isDay && isWeekday : isDay || isWeekday)
  );
}

function parseField(text: string, field: Field): ReadonlySet<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, range = '', every = '1'] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const bounds = parseRange(range, field, part.includes('/'));
    const step = Number(every);
    if (bounds === undefined || step < 1) return undefined;
    for (let value = bounds[0]; value <= bounds[1]; value += step)
      values.add(field.to === 7 && value === 7 ? 0 : value);
  }
  return values;
}

function parseRange(text: string, field: Field, stepped: boolean): readonly [number, number] | undefined {
  if (text === '*') return [field.from, field.to];
  const [first = '', last, ...more] = text.split('-');
  const from = parseNumber(first, field);
  const to = last === undefined ? (stepped ? field.to : from) : parseNumber(last, field);
  if (from === undefined || to === undefined || more.length > 0 || from > to) return undefined;
  return [from, to];
}

function parseNumber(text: string, { from, to, words = [] }: Field): number | undefined {
  const word = words.indexOf(text.toLowerCase());
  const value = word >= 0 ? word + (from === 1 ? 1 : 0) : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= from && value <= to ? value : undefined;
}
