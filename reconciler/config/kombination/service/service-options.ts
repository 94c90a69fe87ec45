import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, own } from '../../../base/values.ts';

/** The key that is said twice in ways that exclude each other; see the engine's "conflicting options". */
export function checkOptions(fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector): void {
  const cores = asFields(asFields(asFields(fields['deploy'])?.['resources'])?.['limits'])?.['cpus'];
  const resources = asFields(fields['resources']);
  const limited = [fields['cpus'], cores, resources?.['cpus'], resources?.['cpu']].some(
    (value) => value !== undefined,
  );
  for (const key of ['cpu_period', 'cpu_quota']) {
    if (!limited || own(fields, key) === undefined) continue;
    diagnostics.error('INVALID_VALUE', [...path, key], `${key} cannot be used together with cpus`, {
      hint: `take one of them out of ${formatPath(path)}`,
      at: 'key',
    });
  }
}
