import type { HealthcheckSpec } from './docker-spec.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { readDuration } from './options/option-values.ts';
import type { Fields } from '../../base/values.ts';
import { asList, asNumber, defined } from '../../base/values.ts';

/** Compose's healthcheck in the engine's form. */
export function readHealthcheck(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): HealthcheckSpec | undefined {
  const test = readTest(fields['test']);
  if (fields['disable'] === true || test?.[0] === 'NONE') return { disabled: true };
  if (test && ((test[0] !== 'CMD' && test[0] !== 'CMD-SHELL') || test.length < 2)) {
    diagnostics.error('INVALID_FORMAT', [...path, 'test'], 'a list must begin with CMD, CMD-SHELL or NONE', {
      hint: `["CMD", ${test
        .slice(0, 2)
        .map((word) => JSON.stringify(word))
        .join(', ')}, …]`,
    });
    return undefined;
  }
  const check = defined({
    test,
    intervalMs: readDuration(fields['interval']),
    timeoutMs: readDuration(fields['timeout']),
    startPeriodMs: readDuration(fields['start_period']),
    startIntervalMs: readDuration(fields['start_interval']),
    retries: asNumber(fields['retries']),
  });
  return Object.keys(check).length > 0 ? check : undefined;
}

function readTest(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return ['CMD-SHELL', value];
  const list = asList(value);
  return list?.every((word) => typeof word === 'string') && list.length > 0 ? list.map(String) : undefined;
}
