import type { Secret } from '../../model/secret.ts';
import type { Variables } from './variables.ts';
import { piecesOf, writePieces } from './variables.ts';

/** Compose fills in what follows a dollar sign: a doubled one stands for itself. */
export function escapeCompose(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** All texts of a value, not its keys. */
export function escaped(value: object): object {
  return escapeValue(value) as object;
}

function escapeValue(value: unknown): unknown {
  if (typeof value === 'string') return escapeCompose(value);
  if (Array.isArray(value)) return value.map(escapeValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, escapeValue(member)]));
}

/** A value with `${NAME:?}`, or `${NAME:-default}`, wherever a secret stands. */
export function composeValue(value: string | Secret, variables: Variables): string {
  return writePieces(piecesOf(value, variables), escapeCompose, (name, fallback) =>
    fallback === undefined ? `\${${name}:?}` : `\${${name}:-${escapeCompose(fallback)}}`,
  );
}
