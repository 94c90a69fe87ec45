import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DependencyEntry, EnvEntry } from '../kombination.ts';
import type { ServiceCondition } from '../../../model/resource.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString, compareText, toRecord } from '../../../base/values.ts';

/* The parts of a service that may be written as a list or as a map. */

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly path: DocumentPath;
}

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

function readPairs(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
  emptyAllowed = false,
): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const [index, item] of (asList(value) ?? []).entries()) {
    const text = asString(item);
    if (text === undefined) continue;
    const split = text.indexOf('=');
    if (split === -1 && !emptyAllowed) {
      diagnostics.error('INVALID_FORMAT', [...path, index], `"${text}" has no value`, {
        hint: `${text}=value; nothing is taken from the daemon's own environment`,
      });
      continue;
    }
    const key = split === -1 ? text : text.slice(0, split);
    pairs.push({ key, value: split === -1 ? '' : text.slice(split + 1), path: [...path, index] });
  }
  for (const [key, item] of Object.entries(asFields(value) ?? {})) {
    const place = [...path, key];
    if (typeof item === 'number' && Number.isInteger(item) && !Number.isSafeInteger(item)) {
      diagnostics.error('INVALID_VALUE', place, 'is a number too large to be kept exactly', {
        hint: 'put it in quotes',
      });
    } else if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') {
      pairs.push({ key, value: String(item), path: place });
    } else if (item === null && emptyAllowed) {
      pairs.push({ key, value: '', path: place });
    } else if (item === null) {
      diagnostics.error('INVALID_TYPE', place, `${key} must be a text, not empty`, {
        hint: `write ${key}: "" for an empty value`,
      });
    }
  }
  return pairs;
}

/** A map or a list of `name=value`, by name; `undefined` when there is nothing in it. */
export function readPlainPairs(
  value: unknown,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): Readonly<Record<string, string>> | undefined {
  const pairs = readPairs(value, path, diagnostics, true).map((pair) => [pair.key, pair.value] as const);
  return pairs.length > 0 ? toRecord([...new Map(pairs)].sort(([a], [b]) => compareText(a, b))) : undefined;
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
    const value = service[key];
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
