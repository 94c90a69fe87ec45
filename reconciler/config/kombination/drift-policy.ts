import { parseSchedule } from '../../base/schedule.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { accept } from '../../base/document-diagnostic.ts';
import type { PolicyModel } from './kombination.ts';
import type { DriftMode } from '../../model/stack.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, defined } from '../../base/values.ts';

/**
 * Reads what a document says about drift: `policy.drift` and `policy.driftSchedule`, or `operations.driftDetection` with `enabled` and
 * `schedule`. Where both speak, `policy` counts.
 */
export function readDriftPolicy(
  document: Fields,
  diagnostics: DiagnosticCollector,
): Pick<PolicyModel, 'drift' | 'driftSchedule'> {
  const policy = asFields(document['policy']) ?? {};
  const operations = asFields(document['operations']) ?? {};
  const detection = asFields(operations['driftDetection']) ?? {};
  const own = readSchedule(policy['driftSchedule'], ['policy', 'driftSchedule'], diagnostics);
  const other = readSchedule(
    detection['schedule'],
    ['operations', 'driftDetection', 'schedule'],
    diagnostics,
  );
  const off = detection['enabled'] === false;
  return defined({
    drift: readMode(policy['drift']) ?? (off ? 'alert' : undefined),
    driftSchedule: own ?? (off ? undefined : other),
  });
}

function readSchedule(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): string | undefined {
  const text = asString(value);
  if (text === undefined) return undefined;
  return accept(parseSchedule(text), path, diagnostics) === undefined ? undefined : text;
}

function readMode(value: unknown): DriftMode | undefined {
  return value === 'fix' || value === 'alert' || value === 'propose' ? value : undefined;
}
