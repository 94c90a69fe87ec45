import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { ReconcilerError } from '../../base/errors.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, own } from '../../base/values.ts';
import type { Secret } from '../../model/secret.ts';
import type { HookDelivery, HookNews } from '../../ports/hosts/git-host.ts';
import { memberAt } from './read-answer.ts';

/** Window of signed times, in milliseconds, in both directions. */
export const REPLAY_WINDOW_MS = 5 * 60_000;
const MAX_DELIVERY = 200;
const COMMIT = /^[0-9a-f]{40}$/;
const NO_COMMIT = /^0{40}$/;

/** Returns why a hook is not taken; the message never quotes it. */
export function refused(reason: string): ReconcilerError {
  return new ReconcilerError('HOOK_REFUSED', reason);
}

export function headerOf({ headers }: HookDelivery, name: string): string | undefined {
  return own(headers, name);
}

/** Id that the host gives a delivery; `''` where it gives none. Throws HOOK_REFUSED for one that is too long to be one. */
export function deliveryOf(delivery: HookDelivery, names: readonly string[]): string {
  const id = names.map((name) => headerOf(delivery, name)).find((value) => value !== undefined) ?? '';
  if (id.length > MAX_DELIVERY) throw refused('the id of the delivery is too long');
  return id;
}

/** Throws HOOK_REFUSED for an empty secret: anybody can sign with it. */
export function keyOf(secret: Secret): string {
  const key = secret.reveal().trim();
  if (key === '') throw refused('the secret of the hook is empty here');
  return key;
}

/** Compares texts in a time that tells nothing of where they differ. */
export function isSame(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}

/** HMAC-SHA256 of the body in hex (RFC 2104). Throws HOOK_REFUSED where there is none or another. */
export function checkHmac({ body }: HookDelivery, secret: Secret, signature: string | undefined): void {
  const key = keyOf(secret);
  if (signature === undefined || signature === '')
    throw refused('it is not signed: set the secret of the hook at the host');
  const right = createHmac('sha256', key).update(body).digest('hex');
  if (!isSame(signature.toLowerCase(), right)) throw refused('it is signed with another secret');
}

/** Returns a body as text. Throws HOOK_REFUSED for one that is no UTF-8, since signatures of libraries are over texts. */
export function decodeBody({ body }: HookDelivery): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw refused('its body is no UTF-8 text');
  }
}

/** Reads a body that has been found right. Throws HOOK_REFUSED. */
export function parseHook(text: string): Fields {
  const fields = asFields(parse(text));
  if (fields === undefined)
    throw refused('its body is no object of JSON: choose application/json at the host');
  return fields;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Parsers repeat a piece of their text.
    return undefined;
  }
}

/** Reads members of a hook. Throws HOOK_REFUSED for what no host sends. */
export const hookFields = {
  text(fields: unknown, path: string): string {
    const text = asString(memberAt(fields, path));
    if (text === undefined) throw refused('it lacks what such a hook tells');
    return text;
  },
  /** Number of a pull request. */
  number(fields: unknown, path: string): number {
    const number = memberAt(fields, path);
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1)
      throw refused('it names no pull request');
    return number;
  },
  /** Id of a comment, a number with hosts, as text. */
  id(fields: unknown, path: string): string {
    const id = memberAt(fields, path);
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 1) throw refused('it names no comment');
    return `${id}`;
  },
  /** Commit that a ref is on; `null`: it was deleted. */
  commit(fields: unknown, path: string): string | null {
    const commit = asString(memberAt(fields, path)) ?? '';
    if (NO_COMMIT.test(commit)) return null;
    if (!COMMIT.test(commit)) throw refused('it names no commit');
    return commit;
  },
};

/** News of one ref. */
export function pushOf(delivery: string, ref: string, after: string | null): HookNews {
  if (!ref.startsWith('refs/')) throw refused('it names no ref');
  return { type: 'push', delivery, ref, after };
}
