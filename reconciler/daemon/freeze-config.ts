import type { DocumentPath } from '../base/document-path.ts';
import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import { accept } from '../base/document-diagnostic.ts';
import { isProblem } from '../base/problem.ts';
import { isTimeZone, parseSchedule } from '../base/schedule.ts';
import { parseDuration } from '../base/units.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asString } from '../base/values.ts';
import type { FreezeWindow } from './freeze-windows.ts';

const MIN_WINDOW_MS = 60_000;
/** A window that is longer than its schedule's distance never closes. */
const MAX_WINDOW_MS = 366 * 24 * 3_600_000;

/** Reads `freeze` of the operator's configuration; windows with findings are left out. */
export function readFreezeWindows(
  listed: readonly unknown[],
  collector: DiagnosticCollector,
): readonly FreezeWindow[] {
  return readWindows(listed, ['freeze'], collector);
}

/** The same at another place of the configuration. */
export function readWindows(
  listed: readonly unknown[],
  place: DocumentPath,
  collector: DiagnosticCollector,
): readonly FreezeWindow[] {
  return listed.flatMap((item, index) => readWindow(asFields(item) ?? {}, [...place, index], collector));
}

function readWindow(
  fields: Fields,
  place: DocumentPath,
  collector: DiagnosticCollector,
): readonly FreezeWindow[] {
  const path = (key: string) => [...place, key];
  const schedule = asString(fields['schedule']);
  const written = asString(fields['duration']);
  // A missing part has been reported.
  if (schedule === undefined || written === undefined) return [];
  const durationMs = parseDuration(written);
  if (isProblem(durationMs)) return [];
  if (durationMs < MIN_WINDOW_MS || durationMs > MAX_WINDOW_MS)
    collector.error('OUT_OF_RANGE', path('duration'), `${written} is no length for a window`, {
      hint: '1m to 8784h',
    });
  const timezone = asString(fields['timezone']) ?? 'UTC';
  const isZone = isTimeZone(timezone);
  if (!isZone)
    collector.error('INVALID_VALUE', path('timezone'), `there is no time zone ${timezone}`, {
      hint: 'such as Europe/Berlin',
    });
  const parsed = accept(parseSchedule(schedule, isZone ? timezone : 'UTC'), path('schedule'), collector);
  if (parsed === undefined) return [];
  return [
    {
      name: asString(fields['name']) ?? schedule,
      kind: fields['kind'] === 'allow' ? 'allow' : 'deny',
      schedule: parsed,
      durationMs,
      timezone,
      stacks: (asList(fields['stacks']) ?? []).flatMap((glob) => asString(glob) ?? []),
    },
  ];
}
