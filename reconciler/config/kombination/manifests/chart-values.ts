import type { DocumentPath } from '../../../base/document-path.ts';
import { isProblem } from '../../../base/problem.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList } from '../../../base/values.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { Secret } from '../../../model/secret.ts';
import type { EnvPart } from '../service/env-value.ts';
import { parseContent, referencesOf } from '../service/env-value.ts';

/** A text of values with references to secrets in it. */
export interface ValueText {
  readonly parts: readonly EnvPart[];
  readonly path: DocumentPath;
}

/** Texts of values that refer to secrets. Other dollar signs than those of `${secret:…}` are the chart's. */
export function findValueTexts(
  values: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): readonly ValueText[] {
  const found: ValueText[] = [];
  const visit = (value: unknown, place: DocumentPath): void => {
    if (typeof value === 'string') {
      if (!mayRefer(value)) return;
      const parts = parseContent(value);
      if (isProblem(parts)) diagnostics.error('INVALID_FORMAT', place, parts.problem, { hint: parts.hint });
      else if (referencesOf(parts).length > 0) found.push({ parts, path: place });
      return;
    }
    const list = asList(value);
    if (list) for (const [index, item] of list.entries()) visit(item, [...place, index]);
    else for (const [key, item] of Object.entries(asFields(value) ?? {})) visit(item, [...place, key]);
  };
  visit(values, path);
  return found;
}

function mayRefer(text: string): boolean {
  return text.startsWith('secret://') || text.includes('${secret:');
}

export interface FilledValues {
  readonly values: Fields;
  /** Secrets that went in. */
  readonly secrets: readonly Secret[];
}

/** Values with `reveal` of each secret in place of the reference; `null` when one of them is not there. */
export function fillValues(
  values: Fields,
  lookup: (reference: string) => Secret | undefined,
  reveal: (secret: Secret) => string,
): FilledValues | null {
  const secrets: Secret[] = [];
  let isWhole = true;
  const textOf = (part: EnvPart): string => {
    if ('text' in part) return part.text;
    const secret = lookup(part.reference);
    if (secret instanceof Secret) {
      secrets.push(secret);
      return reveal(secret);
    }
    if (part.fallback === undefined) isWhole = false;
    return part.fallback ?? '';
  };
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const parts = mayRefer(value) ? parseContent(value) : [{ text: value }];
      return isProblem(parts) ? value : parts.map(textOf).join('');
    }
    const list = asList(value);
    if (list) return list.map(fill);
    const fields = asFields(value);
    return fields === undefined
      ? value
      : Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, fill(item)]));
  };
  const filled = fill(values) as Fields;
  return isWhole ? { values: filled, secrets } : null;
}
