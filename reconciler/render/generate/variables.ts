import type { Lookup } from '../../config/kombination/service/env-value.ts';
import type { Variable } from '../../model/generated.ts';
import type { Secret } from '../../model/secret.ts';

/** The variables of one generated output, named when they are first met. */
export interface Variables {
  /** @param fallback what stands there when nobody sets it; left out: it has to be set */
  nameOf(reference: string, fallback?: string): string;
  /** Lists variables by name. */
  list(): readonly Variable[];
}

/** A piece of a value: as it is, or the name of a variable. */
export type Piece =
  | { readonly text: string }
  | {
      readonly variable: string;
      /** Text that stands there when nobody sets it. */
      readonly fallback?: string;
    };

const OPEN = '\u0001';
const CLOSE = '\u0002';
const OTHERWISE = '\u0003';

/** Returns what stands for a reference until a generator writes it in its own words; `undefined`: its default does. */
export type Mark = (reference: string, fallback?: string) => string | undefined;

/** Returns what stands for a secret's value until a generator writes it in its own words. */
export function markReference(reference: string, fallback?: string): string {
  return `${OPEN}${reference}${fallback === undefined ? '' : `${OTHERWISE}${fallback}`}${CLOSE}`;
}

/** Marks what leads somewhere; what does not gives way to its default. */
export function markKnown(lookup: Lookup): Mark {
  return (reference) => (lookup(reference) === undefined ? undefined : markReference(reference));
}

export function createVariables(): Variables {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const fallbacks = new Map<string, Set<string | undefined>>();
  return {
    nameOf(reference, fallback) {
      const others = fallbacks.get(reference) ?? new Set();
      fallbacks.set(reference, others.add(fallback));
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
      [...names]
        .map(([reference, name]) => ({ name, reference, ...defaultOf(fallbacks.get(reference)) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** Only where all places agree: one that has none needs a value, and of several none is that of the variable. */
function defaultOf(fallbacks: ReadonlySet<string | undefined> = new Set()): Pick<Variable, 'default'> {
  const [only, ...others] = fallbacks;
  return only === undefined || others.length > 0 ? {} : { default: only };
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
      const [mark = '', text = ''] = part.split(CLOSE);
      const [reference = '', fallback] = mark.split(OTHERWISE);
      const variable = variables.nameOf(reference, fallback);
      const piece = fallback === undefined ? { variable } : { variable, fallback };
      return [piece, ...(text === '' ? [] : [{ text }])];
    });
}

/** The value with each piece written by one of the two functions. */
export function writePieces(
  pieces: readonly Piece[],
  text: (piece: string) => string,
  variable: (name: string, fallback?: string) => string,
): string {
  return pieces
    .map((piece) => ('text' in piece ? text(piece.text) : variable(piece.variable, piece.fallback)))
    .join('');
}
