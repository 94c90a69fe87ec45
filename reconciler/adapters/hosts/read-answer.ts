import { ReconcilerError } from '../../base/errors.ts';
import { cutText } from '../../base/shown-text.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber, asString, own } from '../../base/values.ts';

/** Reads what has to be in an answer of a host by its path (`head.sha`). Throws HOST_UNREACHABLE for an answer that lacks it. */
export interface AnswerReader {
  text(path: string): string;
  /** `null` where there is none. */
  optionalText(path: string): string | null;
  number(path: string): number;
  /** Tells whether it is exactly `true`. */
  flag(path: string): boolean;
}

export function readAnswer(data: unknown): AnswerReader {
  const at = (path: string) => memberAt(data, path);
  return {
    text: (path) => asString(at(path)) ?? missing(path),
    optionalText: (path) => asString(at(path)) ?? null,
    number: (path) => asNumber(at(path)) ?? missing(path),
    flag: (path) => at(path) === true,
  };
}

/** Reads a list. Throws HOST_UNREACHABLE for what is none. */
export function readEntries(data: unknown): readonly unknown[] {
  return asList(data) ?? missing('a list');
}

/** Member of a document by its path; `undefined` where a part of it is not there. */
export function memberAt(data: unknown, path: string): unknown {
  let value = data;
  for (const name of path.split('.')) value = own<unknown>(fieldsOf(value), name);
  return value;
}

function fieldsOf(value: unknown): Fields | undefined {
  return asFields(value);
}

function missing(what: string): never {
  throw new ReconcilerError('HOST_UNREACHABLE', `the answer of the host lacks ${what}`, { retryable: true });
}

/** Both times are written at once, and not always in the same moment. */
const SAME_MOMENT_MS = 1_000;

/** Tells whether something was changed after it was made, by members that hold times; what has no such times counts as never changed. */
export function isChanged(data: unknown, createdAt: string, updatedAt: string): boolean {
  const [created, updated] = [createdAt, updatedAt].map((path) =>
    Date.parse(asString(memberAt(data, path)) ?? ''),
  );
  return (updated ?? Number.NaN) - (created ?? Number.NaN) > SAME_MOMENT_MS;
}

const MAX_DESCRIPTION = 140;

/** One line of at most 140 characters, as statuses have them. */
export function shorten(text: string): string {
  return cutText(text.replaceAll(/\s+/g, ' ').trim(), MAX_DESCRIPTION).toWellFormed();
}
