import { inspect } from 'node:util';
import type { Json, JsonObject } from './json.ts';
import { sha256 } from './json.ts';

/** What stands in plans, logs, tags, labels and answers where a secret value would be. */
export const MASK = '***';

/** A value that must never be printed: every way to turn it into text gives `***`. Only adapters call `reveal`. */
export class Secret {
  readonly #value: string | Uint8Array;
  /** Where the value came from (`secret://file/db-password`); safe to print. */
  readonly reference: string;

  constructor(value: string | Uint8Array, reference: string) {
    this.#value = value;
    this.reference = reference;
  }

  /** As text; what is not UTF-8 is garbled, see `isText`. */
  reveal(): string {
    return typeof this.#value === 'string' ? this.#value : Buffer.from(this.#value).toString('utf8');
  }

  revealBytes(): Uint8Array {
    return typeof this.#value === 'string' ? Buffer.from(this.#value) : this.#value;
  }

  /** Whether it can be the value of a variable: UTF-8 without a NUL. */
  isText(): boolean {
    const bytes = this.revealBytes();
    return !bytes.includes(0) && Buffer.from(this.reveal()).equals(bytes);
  }

  /** Changes when the value changes; enters spec hashes, never a document. The same for a text and its bytes. */
  digest(): string {
    return sha256(Buffer.concat([Buffer.from('kombinator-secret\0'), this.revealBytes()]));
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return `Secret(${this.reference})`;
  }
}

/** A spec before it is shown or stored: JSON that may hold secrets. Keys that are not set are left out, never `null`. */
export type SpecValue = null | boolean | number | string | Secret | readonly SpecValue[] | Spec;
export type Spec = { readonly [key: string]: SpecValue };

const SENSITIVE_NAME =
  /pass(word|wd|phrase)?|secret|token|api_?key|private_?key|credential|(^|_)(pwd|auth)($|_)/i;

/** Whether a variable of this name (`DB_PASSWORD`, `apiKey`) is masked although its value is written in clear. */
export function isSensitiveName(name: string): boolean {
  return SENSITIVE_NAME.test(name) && !/_FILE$/i.test(name);
}

/** The spec as it may be shown, stored and put in labels: secrets and sensitively named strings read `***`. */
export function maskSpec(spec: Spec): JsonObject {
  return mapSpec(spec, '', (value, name) =>
    value instanceof Secret ? MASK : typeof value === 'string' && isSensitiveName(name) ? MASK : value,
  ) as JsonObject;
}

/** The spec as it is hashed: secrets are replaced by their digest. */
export function digestSpec(spec: Spec): JsonObject {
  return mapSpec(spec, '', (value) =>
    value instanceof Secret ? `secret:${value.digest()}` : value,
  ) as JsonObject;
}

type Leaf = null | boolean | number | string | Secret;

function mapSpec(value: SpecValue, name: string, leaf: (value: Leaf, name: string) => Json): Json {
  if (value === null || typeof value !== 'object' || value instanceof Secret) return leaf(value, name);
  if (Array.isArray(value)) return value.map((item: SpecValue) => mapSpec(item, name, leaf));
  const object = value as Spec;
  const result: Record<string, Json> = {};
  for (const key of Object.keys(object)) {
    const member = object[key];
    if (member !== undefined) result[key] = mapSpec(member, key, leaf);
  }
  return result;
}
