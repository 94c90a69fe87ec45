import type { ComposeNode } from '../node.ts';
import { entriesOf, isEmpty } from '../node.ts';
import { toPairs, toSequence } from '../merge.ts';
import type { Entry } from './go-json.ts';
import { Unreproducible, goFloat32, goList, goMap, goString, goStruct } from './go-json.ts';
import { formatGoDuration, goBytes, goDuration, goWords, sprint } from './go-values.ts';

/*
 * Writers of single values, put together to tables that follow the structs of compose-go 2.9: names and order of members, and which of
 * them are left out when they are empty. A member that is left out is `undefined`.
 */

/** Surroundings of a value. */
export interface Scope {
  /** Place of the value, for people: `services.web.ports`. */
  readonly key: string;
  /** A path of a Compose file as one of the host. */
  readonly absolute: (node: ComposeNode) => string;
}

export type Writer = (node: ComposeNode | undefined, scope: Scope) => string | undefined;

export function inside(scope: Scope, key: string): Scope {
  return { ...scope, key: `${scope.key}.${key}` };
}

/** NUL stands in a text for what nobody but the host knows. */
export const HOST_ONLY = '\0';

export function quote(text: string, { key }: Scope): string {
  if (text.includes(HOST_ONLY)) throw new Unreproducible(key, 'has a value that only its host knows');
  return goString(text);
}

/** A text that is left out when it is empty. */
export const text: Writer = (node, scope) => {
  if (isEmpty(node) || node === undefined) return undefined;
  const value = sprint(node, scope.key);
  return value === '' ? undefined : quote(value, scope);
};

/** A path of the host. */
export const path: Writer = (node, scope) =>
  isEmpty(node) || node === undefined ? undefined : quote(scope.absolute(node), scope);

const TRUE = new Set(['true', 'y', 'yes', 'on']);
const FALSE = new Set(['false', 'n', 'no', 'off']);

function readFlag(node: ComposeNode, { key }: Scope): boolean {
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (typeof value === 'boolean') return value;
  const word = String(value).toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new Unreproducible(key, 'is neither true nor false');
}

/** True, or left out. */
export const flag: Writer = (node, scope) =>
  !isEmpty(node) && node && readFlag(node, scope) ? 'true' : undefined;

/** True or false where it is said. */
export const optionalFlag: Writer = (node, scope) =>
  isEmpty(node) || !node ? undefined : String(readFlag(node, scope));

export function readInteger(node: ComposeNode, { key }: Scope): bigint {
  const value = node.kind === 'scalar' ? String(node.value) : '';
  if (/^[-+]?\d+$/.test(value)) return BigInt(value.replace(/^\+/, ''));
  throw new Unreproducible(key, 'is no whole number');
}

/** A whole number that is left out when it is zero. */
export const integer: Writer = (node, scope) => {
  const value = isEmpty(node) || !node ? 0n : readInteger(node, scope);
  return value === 0n ? undefined : String(value);
};

export const optionalInteger: Writer = (node, scope) =>
  isEmpty(node) || !node ? undefined : String(readInteger(node, scope));

export const float: Writer = (node, scope) => {
  if (isEmpty(node) || !node) return undefined;
  const value = node.kind === 'scalar' ? Number(node.value) : Number.NaN;
  if (!Number.isFinite(value)) throw new Unreproducible(scope.key, 'is no number');
  return Math.fround(value) === 0 ? undefined : goFloat32(value);
};

/** Bytes are written as a text. */
export function writeBytes(node: ComposeNode, scope: Scope): string {
  const value = node.kind === 'scalar' ? node.value : null;
  const bytes = typeof value === 'number' ? BigInt(Math.trunc(value)) : goBytes(String(value));
  if (bytes === undefined) throw new Unreproducible(scope.key, 'is no size');
  return `"${bytes}"`;
}

export const bytes: Writer = (node, scope) => {
  const written = isEmpty(node) || !node ? '"0"' : writeBytes(node, scope);
  return written === '"0"' ? undefined : written;
};

export const duration: Writer = (node, scope) => {
  if (isEmpty(node) || !node) return undefined;
  const nanoseconds = goDuration(sprint(node, scope.key));
  if (nanoseconds === undefined) throw new Unreproducible(scope.key, 'is no duration');
  return `"${formatGoDuration(nanoseconds)}"`;
};

/** A duration that is left out when it is zero. */
export const plainDuration: Writer = (node, scope) => {
  const written = duration(node, scope);
  return written === '"0s"' ? undefined : written;
};

/** `null` where nothing is said, for commands. */
export const words: Writer = (node, scope) => {
  if (isEmpty(node) || !node) return 'null';
  if (node.kind === 'list') return goList(node.items.map((item) => quote(sprint(item, scope.key), scope)));
  const split = goWords(sprint(node, scope.key));
  if (!split) throw new Unreproducible(scope.key, 'is split into words in a way of its own');
  return goList(split.map((word) => quote(word, scope)));
};

/** A test that is one text is for a shell. */
export const healthTest: Writer = (node, scope) => {
  if (isEmpty(node) || !node) return undefined;
  if (node.kind !== 'list') return goList(['"CMD-SHELL"', quote(sprint(node, scope.key), scope)]);
  return list(asText)(node, scope);
};

/** A text that is written even when it is empty: an entry of a list. */
export const asText: Writer = (node, scope) => quote(node ? sprint(node, scope.key) : '', scope);

/** Entries one after the other; one text stands for a list of it. Left out when there are none. */
export function list(item: Writer): Writer {
  return (node, scope) => {
    const items = node ? toSequence(node).items : [];
    if (items.length === 0) return undefined;
    return goList(items.map((entry, index) => item(entry, inside(scope, String(index))) ?? 'null'));
  };
}

export const texts = list(asText);

/** Texts of which those with one key (what is before `=`) are the same; the last one counts, in the place of the first. */
export const uniqueTexts: Writer = (node, scope) => {
  const items = node ? toSequence(node).items : [];
  const byKey = new Map<string, ComposeNode>();
  for (const item of items) byKey.set(sprint(item, scope.key).split('=')[0] ?? '', item);
  const kept = [...byKey.values()];
  return kept.length === 0 ? undefined : goList(kept.map((item) => quote(sprint(item, scope.key), scope)));
};

/** Like `uniqueTexts`, without those that are empty. */
export const filledTexts: Writer = (node, scope) => {
  const items = node ? toSequence(node).items.filter((item) => sprint(item, scope.key) !== '') : [];
  return node && uniqueTexts({ kind: 'list', items, origin: node.origin }, scope);
};

/** A map with the values that a writer makes; a list of `key=value` is one. Left out when it is empty. */
export function mapOf(value: Writer): Writer {
  return (node, scope) => {
    const entries = entriesOf(node && toPairs(node)).map(([key, item]): Entry => [
      key,
      value(item, inside(scope, key)) ?? 'null',
    ]);
    return entries.length === 0 ? undefined : goMap(entries);
  };
}

/** A map of texts: a null is an empty one. */
export const textMap = mapOf(asText);

/** A map of texts in which a null stays one: variables. */
export const variables = mapOf((node, scope) =>
  isEmpty(node) ? 'null' : quote(node ? sprint(node, scope.key) : '', scope),
);

export type Fields = readonly (readonly [key: string, writer: Writer])[];

/** A struct behind a pointer: left out when nothing is said. */
export function struct(fields: Fields): Writer {
  return (node, scope) => (isEmpty(node) || !node ? undefined : writeStruct(fields, node, scope));
}

/** A struct that is written even when nothing is said. */
export function always(fields: Fields): Writer {
  return (node, scope) => writeStruct(fields, node, scope);
}

function writeStruct(fields: Fields, node: ComposeNode | undefined, scope: Scope): string {
  const entries = new Map(entriesOf(node));
  return goStruct(
    fields.flatMap(([key, writer]): Entry[] => {
      const written = writer(entries.get(key), inside(scope, key));
      return written === undefined ? [] : [[key, written]];
    }),
  );
}
