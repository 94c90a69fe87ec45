import { inspect } from 'node:util';
import { withOwnMemory } from '../base/bytes.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { sha256 } from '../base/json.ts';

/**
 * Text that stands in plans, logs, tags, labels and answers where a secret value would be. Specs are masked here (`maskSpec`, `createMask`);
 * texts that a container wrote, by what it was given: `adapters/docker/secrets/secret-texts.ts`,
 * `adapters/kubernetes/workloads/read-health.ts`; objects of a cluster: `adapters/kubernetes/compare.ts`.
 */
export const MASK = '***';

/** Shorter values would mask what is no secret. */
const MIN_MASKED_LENGTH = 4;

/** A value that must never be printed: every way to turn it into text gives `***`. Only adapters call `reveal`. */
export class Secret {
  readonly #value: string | Uint8Array;
  readonly #parts: readonly Secret[];
  /** Reference that the value came from (`secret://file/db-password`); safe to print. */
  readonly reference: string;

  /** @param parts secrets that the value was put together from */
  constructor(value: string | Uint8Array, reference: string, parts: readonly Secret[] = []) {
    this.#value = typeof value === 'string' ? value : withOwnMemory(value);
    this.#parts = parts;
    this.reference = reference;
  }

  /** Returns the value as text; what is not UTF-8 is garbled, see `isText`. */
  reveal(): string {
    return typeof this.#value === 'string' ? this.#value : Buffer.from(this.#value).toString('utf8');
  }

  revealBytes(): Uint8Array {
    return typeof this.#value === 'string' ? Buffer.from(this.#value) : this.#value;
  }

  /** Tells whether it can be the value of a variable: UTF-8 without a NUL. */
  isText(): boolean {
    const bytes = this.revealBytes();
    return !bytes.includes(0) && Buffer.from(this.reveal()).equals(bytes);
  }

  /** Returns what must not be read in a text: the value, and its lines or what it was put together from. */
  texts(): readonly string[] {
    if (!this.isText()) return [];
    const whole = this.reveal();
    const inside =
      this.#parts.length > 0 ? this.#parts.flatMap((part) => part.texts()) : whole.split(/\r?\n/);
    return [whole, ...inside].map((text) => text.trim()).filter((text) => text.length >= MIN_MASKED_LENGTH);
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

/**
 * A digest of secrets as a part of a spec: what pods read when they start. It is written where others can read it, so it is sealed on its way out
 * (model/seal.ts), and masked like what it was made from.
 */
export class ContentDigest extends Secret {
  /** Digest of what everybody may know of the content. */
  readonly visible: string;

  constructor(digest: string, visible: string) {
    super(digest, 'the content that it is of');
    this.visible = visible;
  }

  override texts(): readonly string[] {
    return [];
  }
}

/** A spec before it is shown or stored: JSON that may hold secrets. Keys that are not set are left out, never `null`. */
export type SpecValue = null | boolean | number | string | Secret | readonly SpecValue[] | Spec;
export type Spec = { readonly [key: string]: SpecValue };

const SENSITIVE_NAME =
  /pass(word|wd|phrase)?|secret|token|api_?key|private_?key|credential|(^|_)(pwd|auth)($|_)/i;

/** Tells whether a variable of this name (`DB_PASSWORD`, `apiKey`) is masked although its value is written in clear. */
export function isSensitiveName(name: string): boolean {
  return SENSITIVE_NAME.test(name) && !/_FILE$/i.test(name);
}

/** The spec as it may be shown, stored and put in labels: secrets and sensitively named strings read `***`. */
export function maskSpec(spec: Spec): JsonObject {
  return mapSpec(spec, '', maskLeaf) as JsonObject;
}

/** The spec as it is hashed: secrets are replaced by their digest. What is made of it leaves the process sealed only. */
export function digestSpec(spec: Spec): JsonObject {
  return mapSpec(spec, '', (value) => {
    if (value instanceof ContentDigest) return value.reveal();
    return value instanceof Secret ? `secret:${value.digest()}` : value;
  }) as JsonObject;
}

/** The spec as everybody may know it: `maskSpec`, with what is visible of the contents that it has digests of. */
export function visibleSpec(spec: Spec): JsonObject {
  return mapSpec(spec, '', (value, name) => {
    if (value instanceof ContentDigest) return value.visible;
    return maskLeaf(value, name);
  }) as JsonObject;
}

/** Tells whether anything of a spec is masked. */
export function hidesAnything(spec: Spec): boolean {
  let hides = false;
  mapSpec(spec, '', (value, name) => {
    hides ||= maskLeaf(value, name) !== value;
    return null;
  });
  return hides;
}

function maskLeaf(value: Leaf, name: string): Exclude<Leaf, Secret> {
  if (value instanceof Secret) return MASK;
  return typeof value === 'string' && isSensitiveName(name) ? MASK : value;
}

type Leaf = null | boolean | number | string | Secret;

function mapSpec(value: SpecValue, name: string, leaf: (value: Leaf, name: string) => Json): Json {
  if (value === null || typeof value !== 'object' || value instanceof Secret) return leaf(value, name);
  if (Array.isArray(value)) return value.map((item: SpecValue) => mapSpec(item, name, leaf));
  const members = Object.entries(value as Spec).flatMap(([key, member]): [string, Json][] =>
    member === undefined ? [] : [[key, mapSpec(member, key, leaf)]],
  );
  return Object.fromEntries(members);
}

/** Takes what the secrets in these specs say out of texts that others have written. */
export function createMask(specs: readonly Spec[]): (text: string) => string {
  return createTextMask(hiddenTexts(specs).secret);
}

/** Returns what must not be read in a text: what the secrets in these specs say, and strings in clear under the names of such. */
export function hiddenTexts(specs: readonly Spec[]): {
  readonly secret: readonly string[];
  readonly clear: readonly string[];
} {
  const secret: string[] = [];
  const clear: string[] = [];
  const collect = (value: Leaf, name: string): null => {
    if (value instanceof Secret) secret.push(...value.texts());
    else if (typeof value === 'string' && isSensitiveName(name)) clear.push(value);
    return null;
  };
  for (const spec of specs) mapSpec(spec, '', collect);
  return { secret, clear };
}

/** Takes values out of texts, as they are and as programs write them: in base64, in a URL, in JSON. Values of less than four characters stay. */
export function createTextMask(values: readonly string[]): (text: string) => string {
  const long = values.filter((value) => value.length >= MIN_MASKED_LENGTH);
  // The longer of two goes first where one holds the other.
  const forms = [...new Set(long.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((masked, form) => masked.replaceAll(form, MASK), text);
}

function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value.toWellFormed());
  return [
    value,
    url,
    url.replaceAll('%20', '+'),
    json,
    // Go writes JSON so that it may stand in HTML.
    json.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
    ...base64Of(value),
    // `echo value | base64`
    ...base64Of(`${value}\n`),
  ];
}

/** Both alphabets, with padding and without. */
function base64Of(value: string): readonly string[] {
  const padded = Buffer.from(value).toString('base64');
  const forUrls = padded.replaceAll('+', '-').replaceAll('/', '_');
  return [padded, forUrls].flatMap((form) => [form, form.replace(/=+$/, '')]);
}
