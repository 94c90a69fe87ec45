import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DependencyEntry, EnvEntry } from '../kombination.ts';
import type { ServiceCondition } from '../../../model/resource.ts';
import type { Fields } from '../../../base/values.ts';
import { readPairs } from '../../../model/docker/options/pairs.ts';
import { asFields, asList, own, toRecord } from '../../../base/values.ts';

/* The parts of a service that may be written as a list or as a map. */

/** Variables by name. */
export function readEnv(
  service: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly EnvEntry[] {
  if (service['env'] !== undefined && service['environment'] !== undefined) {
    diagnostics.error(
      'INVALID_VALUE',
      [...path, 'environment'],
      'env and environment are the same; use one of them',
      {
        at: 'key',
      },
    );
  }
  const key = service['env'] === undefined ? 'environment' : 'env';
  const entries = new Map<string, EnvEntry>();
  for (const pair of readPairs(service[key], [...path, key], diagnostics)) {
    if (/[=\0]/.test(pair.key) || pair.key === '__proto__' || pair.key === '') {
      diagnostics.error('INVALID_FORMAT', pair.path, `"${pair.key}" is not a name of a variable`, {
        at: 'key',
      });
      continue;
    }
    entries.set(pair.key, { name: pair.key, value: pair.value, path: pair.path });
  }
  return [...entries.values()];
}

const RESERVED_LABELS = /^(com\.docker\.compose\.|io\.kombinator\.)/;

export function readLabels(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Readonly<Record<string, string>> {
  const labels = new Map<string, string>();
  for (const pair of readPairs(value, path, diagnostics, true)) {
    if (RESERVED_LABELS.test(pair.key) || pair.key === '__proto__' || pair.key === '') {
      diagnostics.error('INVALID_VALUE', pair.path, `the label "${pair.key}" is reserved`, {
        hint: 'com.docker.compose. and io.kombinator. mark what Kombinator owns',
        at: 'key',
      });
      continue;
    }
    labels.set(pair.key, pair.value);
  }
  return toRecord([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const CONDITIONS = new Map<unknown, ServiceCondition>([
  [undefined, 'applied'],
  ['service_started', 'applied'],
  ['service_healthy', 'healthy'],
  ['service_completed_successfully', 'completed'],
]);

/** `depends_on` and `needs` together. */
export function readDependencies(service: Fields, path: DocumentPath): readonly DependencyEntry[] {
  return ['depends_on', 'needs'].flatMap((key): DependencyEntry[] => {
    const value = own(service, key);
    const list = (asList(value) ?? []).flatMap((item, index): DependencyEntry[] =>
      typeof item === 'string'
        ? [{ service: item, until: 'applied', required: true, path: [...path, key, index] }]
        : [],
    );
    const map = Object.entries(asFields(value) ?? {}).map(([name, settings]): DependencyEntry => {
      const fields = asFields(settings);
      const until = CONDITIONS.get(fields?.['condition']) ?? 'applied';
      const restart = fields?.['restart'] === true ? { restart: true } : {};
      const required = fields?.['required'] !== false;
      return { service: name, until, required, ...restart, path: [...path, key, name] };
    });
    return [...list, ...map];
  });
}
