import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import { Secret } from '../../../model/secret.ts';
import { parseSecretReference } from '../../../model/secret-reference.ts';

/** A value of a variable, taken apart. */
export type EnvPart =
  | { readonly text: string }
  | {
      readonly reference: string;
      /** Name as written: `DB_PASSWORD` or `secret://file/db`. */
      readonly name: string;
      /** Used when there is no such secret. */
      readonly fallback?: string;
    };

const VARIABLE = /\$\$|\$\{([^}]*)\}?/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::?-(.*))?$/s;
const EMBEDDED = /^secret:(?:\/\/)?(.*?)(?::-(.*))?$/s;
const IN_CONTENT = /\$\$\{secret:|\$\{(secret:[^}]*)\}?/g;

/** Takes apart `secret://…` (a whole value), `${secret:…}`, `${NAME}`, `${NAME:-default}` and `$$`. */
export function parseEnvValue(value: string): readonly EnvPart[] | Problem {
  if (value.startsWith('secret://')) return parseWhole(value);
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
    const part = whole.endsWith('}') ? parseInside(inside) : undefined;
    if (part === undefined) {
      return {
        problem: `"${whole}" is not a variable that can be filled in`,
        hint: '${NAME}, ${NAME:-default} or ${secret:…}; $$ stands for a dollar sign',
      };
    }
    if (isProblem(part)) return part;
    if (text) parts.push({ text });
    text = '';
    parts.push(part);
  }
  text += value.slice(end);
  if (text || parts.length === 0) parts.push({ text });
  return parts;
}

/**
 * Takes apart the content of a file. Only `${secret:…}` and a content that is nothing but one `secret://…` stand for
 * secrets: other dollar signs belong to the file. `$${secret:` stands for the text `${secret:`.
 */
export function parseContent(content: string): readonly EnvPart[] | Problem {
  if (/^secret:\/\/\S+\s*$/.test(content)) return parseWhole(content.trim());
  const parts: EnvPart[] = [];
  let end = 0;
  let text = '';
  for (const match of content.matchAll(IN_CONTENT)) {
    const [whole, inside] = match;
    text += content.slice(end, match.index);
    end = match.index + whole.length;
    if (inside === undefined) {
      text += '${secret:';
      continue;
    }
    const part = whole.endsWith('}') ? parseInside(inside) : undefined;
    if (part === undefined) return { problem: 'a ${secret: in the content has no }' };
    if (isProblem(part)) return part;
    if (text) parts.push({ text });
    text = '';
    parts.push(part);
  }
  text += content.slice(end);
  if (text || parts.length === 0) parts.push({ text });
  return parts;
}

function parseWhole(value: string): readonly EnvPart[] | Problem {
  const parsed = parseSecretReference(value);
  return isProblem(parsed) ? parsed : [{ reference: value, name: value }];
}

/** Parses what stands between `${` and `}`. */
function parseInside(inside: string): EnvPart | Problem | undefined {
  const [, variable, otherwise] = INSIDE.exec(inside) ?? [];
  if (variable !== undefined) return toPart(`secret://env/${variable}`, variable, otherwise);
  const [, place, fallback] = EMBEDDED.exec(inside) ?? [];
  if (place === undefined) return undefined;
  const reference = `secret://${place}`;
  const parsed = parseSecretReference(reference);
  return isProblem(parsed) ? parsed : toPart(reference, reference, fallback);
}

function toPart(reference: string, name: string, fallback: string | undefined): EnvPart {
  return fallback === undefined ? { reference, name } : { reference, name, fallback };
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
 * Returns what a reference leads to; `undefined` when it leads nowhere.
 * @param fallback what is used then, where the value says so
 */
export type Lookup = (reference: string, fallback?: string) => Secret | undefined;

/**
 * The value with its references looked up. Whatever holds a secret is a secret as a whole.
 *
 * @returns `undefined` when a needed secret is not there
 */
export function resolveEnvValue(parts: readonly EnvPart[], lookup: Lookup): string | Secret | undefined {
  const secrets: Secret[] = [];
  const references: string[] = [];
  let text = '';
  for (const part of parts) {
    if ('text' in part) {
      text += part.text;
      continue;
    }
    const secret = lookup(part.reference, part.fallback);
    if (!secret && part.fallback === undefined) return undefined;
    text += secret?.reveal() ?? part.fallback ?? '';
    if (!secret) continue;
    if (parts.length === 1) return secret;
    secrets.push(secret);
    references.push(part.reference);
  }
  return secrets.length > 0 ? new Secret(text, references.join(' + '), secrets) : text;
}
