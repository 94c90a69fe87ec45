import { CronTime } from 'cron';
import type { Problem } from './problem.ts';
import { asText } from './values.ts';

/** The one kind of schedule: a cron expression, in a time zone. */
export interface Schedule {
  /** The first time that is called for after a moment, both in milliseconds since the epoch; `Infinity` when none comes within eight years. */
  next(after: number): number;
}

/** A list of every minute, hour and day is shorter. */
const MAX_LENGTH = 1_000;
const NEVER = Number.POSITIVE_INFINITY;
const HINT = 'minute, hour, day of the month, month, day of the week, such as "0 */6 * * *"';
const ZONE_HINT = 'a name of the time zone database, such as Europe/Berlin';
/** Time zone before a cron expression, as cron tables have it: `CRON_TZ=Europe/Berlin 0 6 * * *`. */
const ZONE_PREFIX = /^(?:CRON_TZ|TZ)=(\S+)\s+/;

/**
 * Reads a cron expression of five fields, or `@daily` and its like.
 *
 * @param text may begin with its time zone: `CRON_TZ=Europe/Berlin 0 6 * * *`
 * @param timeZone where the text names none. Default: the zone of this machine
 */
export function parseSchedule(text: string, timeZone?: string): Schedule | Problem {
  if (text.length > MAX_LENGTH)
    return {
      problem: `a schedule has no more than ${MAX_LENGTH} characters`,
      hint: HINT,
      code: 'INVALID_FORMAT',
    };
  const zone = ZONE_PREFIX.exec(text.trim())?.[1] ?? timeZone;
  const expression = text.trim().replace(ZONE_PREFIX, '');
  if (zone !== undefined && !isTimeZone(zone))
    return { problem: `there is no time zone ${zone}`, hint: ZONE_HINT, code: 'INVALID_VALUE' };
  if (!expression.startsWith('@') && expression.split(/\s+/).length !== 5)
    return { problem: `"${text}" is not a schedule`, hint: HINT, code: 'INVALID_FORMAT' };
  try {
    const schedule = createSchedule(new CronTime(expression, zone ?? null), zone);
    // Only days of the month can be such that no month has them.
    const comes = expression.split(/\s+/)[2] === '*' || schedule.next(0) !== NEVER;
    if (comes) return schedule;
    return { problem: `"${text}" calls for a day that never comes`, hint: HINT, code: 'INVALID_VALUE' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : asText(error);
    return { problem: `"${text}" is not a schedule: ${reason}`, hint: HINT, code: 'INVALID_FORMAT' };
  }
}

function createSchedule(cron: CronTime, zone: string | undefined): Schedule {
  return {
    next(after) {
      try {
        return cron.getNextDateFrom(new Date(after), zone).toMillis();
      } catch {
        // All that it throws for is that it has looked through eight years.
        return NEVER;
      }
    },
  };
}

/** Tells whether something is called for after the first moment and until the second, milliseconds since the epoch. */
export function isCalledFor(schedule: Schedule, after: number, until: number): boolean {
  return schedule.next(after) <= until;
}

/** Tells whether the time zone database has a zone of this name. */
export function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
