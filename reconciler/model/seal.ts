import { inspect } from 'node:util';
import { hmacSha256 } from '../base/json.ts';

/** Outcome of comparing two digests: one that another key has sealed may be of the same, as far as can be seen. */
export type Likeness = 'same' | 'other' | 'unknown';

const SEALED = /^(?<visible>[0-9a-f]{32})\.(?<key>[0-9a-f]{8})\.(?<code>[0-9a-f]{32})$/;

interface Sealed {
  readonly visible: string;
  readonly key: string;
  readonly code: string;
}

/**
 * The key that digests of what is masked are made with, so that a guess of a value cannot be tried on a label, a tag or a plan. It is never
 * printed: every way to turn it into text gives `***`. See decision 036.
 */
export class Seal {
  readonly #key: () => Uint8Array;
  #id: string | undefined;

  /** @param key called at each use, and made at the first */
  constructor(key: () => Uint8Array) {
    this.#key = key;
  }

  /**
   * Seals a digest: `<visible>.<key>.<code>`. The key says which one it was, the code is the digest under it.
   *
   * @param visible digest of what may be known to everybody, 32 hex digits
   */
  of(digest: string, visible: string): string {
    return `${visible}.${this.#name()}.${this.#code(digest)}`;
  }

  /**
   * Compares a digest that was sealed here with one of any origin: sealed here, sealed by another key, or written before there were seals.
   *
   * @param own as `of` gave it
   */
  compare(own: string, other: string): Likeness {
    if (own === other) return 'same';
    const [mine, theirs] = [parse(own), parse(other)];
    if (mine === null) return 'other';
    if (theirs === null) return this.#code(other) === mine.code ? 'same' : 'other';
    return compareSealed(mine, theirs);
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return 'Seal(***)';
  }

  #name(): string {
    return (this.#id ??= this.#code('which key').slice(0, 8));
  }

  #code(digest: string): string {
    return hmacSha256(this.#key(), digest).slice(0, 32);
  }
}

/** Compares two digests as far as that is possible without a key: those of one key, and what is visible of others. */
export function compareDigests(one: string, other: string): Likeness {
  if (one === other) return 'same';
  const [left, right] = [parse(one), parse(other)];
  return left === null || right === null ? 'other' : compareSealed(left, right);
}

function compareSealed(one: Sealed, other: Sealed): Likeness {
  if (one.key === other.key) return one.code === other.code ? 'same' : 'other';
  return one.visible === other.visible ? 'unknown' : 'other';
}

function parse(digest: string): Sealed | null {
  return (SEALED.exec(digest)?.groups as Sealed | undefined) ?? null;
}
