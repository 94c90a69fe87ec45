import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { asFields, asList, asString, compareText, toRecord } from '../../../base/values.ts';

/* Settings that may be written as a map or as a list of `name=value`. */

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly path: DocumentPath;
}

/** The pairs in the order in which they are written. With `emptyAllowed` a name alone has the empty text as its value. */
export function readPairs(
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
  { path, diagnostics }: { readonly path: DocumentPath; readonly diagnostics: DiagnosticCollector },
): Readonly<Record<string, string>> | undefined {
  const pairs = readPairs(value, path, diagnostics, true).map((pair) => [pair.key, pair.value] as const);
  return pairs.length > 0 ? toRecord([...new Map(pairs)].sort(([a], [b]) => compareText(a, b))) : undefined;
}
