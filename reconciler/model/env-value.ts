import type { Problem } from './issue.ts';
import { isProblem } from './issue.ts';
import { Secret } from './secret.ts';

/** A value of a variable, taken apart. */
export type EnvPart =
  | { readonly text: string }
  | {
      readonly reference: string;
      /** As written: `DB_PASSWORD` or `secret://file/db`. */
      readonly name: string;
      /** Used when there is no such secret. */
      readonly fallback?: string;
    };

const REFERENCE = /^secret:\/\/(env|file)\/[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const VARIABLE = /\$\$|\$\{([^}]*)\}?/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::?-(.*))?$/s;

/** Takes apart `secret://…` (a whole value), `${NAME}`, `${NAME:-default}` and `$$`. */
export function parseEnvValue(value: string): readonly EnvPart[] | Problem {
  if (value.startsWith('secret://')) {
    if (REFERENCE.test(value)) return [{ reference: value, name: value }];
    return {
      problem: `"${value}" is not a secret reference`,
      hint: 'secret://env/NAME or secret://file/NAME',
    };
  }
  const parts: EnvPart[] = [];
  let end = 0;
  let text = '';
  for (const match of value.matchAll(VARIABLE)) {
    const [whole, inside] = match;
    text += value.slice(end, match.index);
    end = match.index + whole.length;
    if (inside === undefined) {
      text += '$';
      continue;
    }
    const [, name, fallback] = (whole.endsWith('}') ? INSIDE.exec(inside) : null) ?? [];
    if (name === undefined) {
      return {
        problem: `"${whole}" is not a variable that can be filled in`,
        hint: '${NAME} or ${NAME:-default}; $$ stands for a dollar sign',
      };
    }
    if (text) parts.push({ text });
    text = '';
    const reference = `secret://env/${name}`;
    parts.push(fallback === undefined ? { reference, name } : { reference, name, fallback });
  }
  text += value.slice(end);
  if (text || parts.length === 0) parts.push({ text });
  return parts;
}

export interface EnvReference {
  readonly reference: string;
  readonly name: string;
  /** It has no default: without the secret the value is not complete. */
  readonly needed: boolean;
}

export function referencesOf(parts: readonly EnvPart[] | Problem): readonly EnvReference[] {
  if (isProblem(parts)) return [];
  return parts.flatMap((part) =>
    'reference' in part
      ? [{ reference: part.reference, name: part.name, needed: part.fallback === undefined }]
      : [],
  );
}

/**
 * The value with its references looked up. Whatever holds a secret is a secret as a whole.
 *
 * @param lookup `undefined` for references that lead nowhere
 * @returns `undefined` when a needed secret is not there
 */
export function resolveEnvValue(
  parts: readonly EnvPart[],
  lookup: (reference: string) => Secret | undefined,
): string | Secret | undefined {
  const references: string[] = [];
  let text = '';
  for (const part of parts) {
    if ('text' in part) {
      text += part.text;
      continue;
    }
    const secret = lookup(part.reference);
    if (!secret && part.fallback === undefined) return undefined;
    text += secret?.reveal() ?? part.fallback ?? '';
    if (!secret) continue;
    if (parts.length === 1) return secret;
    references.push(part.reference);
  }
  return references.length > 0 ? new Secret(text, references.join(' + ')) : text;
}
