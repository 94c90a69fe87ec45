import type { Variable } from '../../model/generated.ts';
import type { Secret } from '../../model/secret.ts';

/** The variables of one generated output, named when they are first met. */
export interface Variables {
  nameOf(reference: string): string;
  /** By name. */
  list(): readonly Variable[];
}

/** A piece of a value: as it is, or the name of a variable. */
export type Piece = { readonly text: string } | { readonly variable: string };

const OPEN = '\u0001';
const CLOSE = '\u0002';

/** What stands for a secret's value until a generator writes it in its own words. */
export function markReference(reference: string): string {
  return `${OPEN}${reference}${CLOSE}`;
}

export function createVariables(): Variables {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  return {
    nameOf(reference) {
      const known = names.get(reference);
      if (known !== undefined) return known;
      const base = variableName(reference);
      let name = base;
      for (let number = 2; taken.has(name); number += 1) name = `${base}_${number}`;
      names.set(reference, name);
      taken.add(name);
      return name;
    },
    list: () =>
      [...names].map(([reference, name]) => ({ name, reference })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** `secret://sops/conf/db.sops.yaml#password` → `DB_PASSWORD`, `secret://env/NAME` → `NAME`. */
function variableName(reference: string): string {
  const [, kind = '', place = ''] = /^secret:\/\/([^/]*)\/(.*)$/s.exec(reference) ?? [];
  const [path = '', key = ''] = place.split('#');
  const file = (path.split('/').at(-1) ?? '').replace(/(\.sops)?(\.(ya?ml|json|env|age|txt|sops))*$/i, '');
  const words = [kind === 'command' ? path : file, key].join('_');
  const name = words
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return /^[A-Z]/.test(name) ? name : `SECRET_${name}`.replace(/_$/, '');
}

/** A value in pieces. Only what was a secret holds marks. */
export function piecesOf(value: string | Secret, variables: Variables): readonly Piece[] {
  if (typeof value === 'string') return value === '' ? [] : [{ text: value }];
  return value
    .reveal()
    .split(OPEN)
    .flatMap((part, index): readonly Piece[] => {
      if (index === 0) return part === '' ? [] : [{ text: part }];
      const [reference = '', text = ''] = part.split(CLOSE);
      return [{ variable: variables.nameOf(reference) }, ...(text === '' ? [] : [{ text }])];
    });
}

/** The value with each piece written by one of the two functions. */
export function writePieces(
  pieces: readonly Piece[],
  text: (piece: string) => string,
  variable: (name: string) => string,
): string {
  return pieces.map((piece) => ('text' in piece ? text(piece.text) : variable(piece.variable))).join('');
}
