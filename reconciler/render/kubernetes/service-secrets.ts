import { sha256 } from '../../base/json.ts';
import { Secret } from '../../model/secret.ts';
import { compareText, toRecord } from '../../base/values.ts';
import type { Piece, Variables } from '../generate/variables.ts';
import { piecesOf } from '../generate/variables.ts';

/** The Secret of a stack: what is in it, and under which keys. */
export interface SecretBook {
  /** Name of the object. */
  readonly name: string;
  /** The value taken apart at its marks. */
  pieces(value: string | Secret): readonly Piece[];
  /** The key of what a reference leads to. */
  keyOf(variable: string): string;
  /**
   * The key of a text that is secret as a whole. `undefined` where nobody has the values: the text has to be written with references
   * to its parts.
   *
   * @param name what it is for: `web.DATABASE_URL`
   */
  textKey(name: string, value: string | Secret): string | undefined;
}

/** A book whose values somebody else fills in. */
export function createBlankBook(name: string, variables: Variables): SecretBook {
  return {
    name,
    pieces: (value) => piecesOf(value, variables),
    keyOf: (variable) => variable,
    textKey: () => undefined,
  };
}

export interface FilledBook extends SecretBook {
  /** Values by key, sorted. */
  readonly values: () => Readonly<Record<string, Secret>>;
  /** Changes with the values under these keys. */
  digest(keys: Iterable<string>): string;
}

/** @param reveal what a reference leads to; `undefined` leaves it empty, which has been reported */
export function createFilledBook(
  name: string,
  variables: Variables,
  reveal: (reference: string) => Secret | undefined,
): FilledBook {
  const values = new Map<string, Secret>();
  const referenceOf = (variable: string): string =>
    variables.list().find((one) => one.name === variable)?.reference ?? '';
  const secretOf = (variable: string): Secret => {
    const reference = referenceOf(variable);
    return reveal(reference) ?? new Secret('', reference);
  };
  const wholeOf = (value: string | Secret): Secret => {
    const pieces = piecesOf(value, variables);
    const [only] = pieces;
    if (pieces.length === 1 && only && 'variable' in only) return secretOf(only.variable);
    const text = pieces.map((piece) => ('text' in piece ? piece.text : secretOf(piece.variable).reveal()));
    return new Secret(text.join(''), typeof value === 'string' ? 'the description' : value.reference);
  };
  function put(wanted: string, value: Secret): string {
    const base = wanted.replace(/[^-._a-zA-Z0-9]/g, '_').slice(0, 200);
    for (let number = 1; ; number += 1) {
      const key = number === 1 ? base : `${base}_${number}`;
      const known = values.get(key);
      if (known !== undefined && known.digest() !== value.digest()) continue;
      values.set(key, value);
      return key;
    }
  }
  return {
    name,
    pieces: (value) => piecesOf(value, variables),
    keyOf: (variable) => put(variable, secretOf(variable)),
    textKey: (wanted, value) => put(wanted, wholeOf(value)),
    values: () => toRecord([...values].sort(([a], [b]) => compareText(a, b))),
    digest: (keys) =>
      sha256(
        [...new Set(keys)]
          .sort()
          .map((key) => `${key}=${values.get(key)?.digest() ?? ''}`)
          .join('\n'),
      ).slice(0, 32),
  };
}
