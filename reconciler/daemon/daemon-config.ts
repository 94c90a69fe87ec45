import { readFileSync } from 'node:fs';
import { toDiagnostics } from '../config/kombination/analyze.ts';
import { formatDiagnostic } from '../base/diagnostic.ts';
import { ReconcilerError } from '../base/errors.ts';
import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import { accept, createDiagnosticCollector } from '../base/document-diagnostic.ts';
import { isProblem } from '../base/problem.ts';
import type { SchemaCheck } from '../config/schema-check.ts';
import { isTimeZone, parseSchedule } from '../base/schedule.ts';
import { parseDuration } from '../base/units.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asString } from '../base/values.ts';
import { parseYaml } from '../config/yaml-document.ts';
import type { FreezeWindow } from './freeze-windows.ts';
import type { InstancesConfig } from './instances-config.ts';
import { readInstancesConfig } from './instances-config.ts';

/** The decisions of the operator, which no commit can change. */
export interface DaemonConfig {
  readonly freeze: readonly FreezeWindow[];
  readonly backups: {
    /** Absolute path. Default: `backups` in the state directory. */
    readonly directory?: string;
  };
  readonly instances: InstancesConfig;
}

const MIN_WINDOW_MS = 60_000;
/** A window that is longer than its schedule's distance never closes. */
const MAX_WINDOW_MS = 366 * 24 * 3_600_000;

/** Reads the file of `--config`. Throws BAD_OPTIONS with every finding, file and line. */
export function readDaemonConfig(path: string, checkSchema: SchemaCheck): DaemonConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ReconcilerError('BAD_OPTIONS', `the configuration ${path} cannot be read`, { cause: error });
  }
  const collector = createDiagnosticCollector();
  const document = parseYaml(text);
  if (document.problems.length === 0) checkSchema('daemon', document.value ?? {}, collector);
  const listed = asList(asFields(document.value)?.['freeze']) ?? [];
  const freeze = listed.flatMap((item, index) => readWindow(asFields(item) ?? {}, index, collector));
  const instances = readInstancesConfig(asFields(asFields(document.value)?.['instances']) ?? {}, collector);
  const diagnostics = toDiagnostics(path, document, collector.list);
  const directory = asString(asFields(asFields(document.value)?.['backups'])?.['directory']);
  const backups = directory === undefined ? {} : { directory };
  if (diagnostics.length === 0) return { freeze, backups, instances };
  throw new ReconcilerError('BAD_OPTIONS', diagnostics.map(formatDiagnostic).join('\n'), { diagnostics });
}

function readWindow(fields: Fields, index: number, collector: DiagnosticCollector): readonly FreezeWindow[] {
  const path = (key: string) => ['freeze', index, key];
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
