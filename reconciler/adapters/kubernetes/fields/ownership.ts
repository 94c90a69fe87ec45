import type { Json, JsonObject } from '../../../base/json.ts';
import { canonicalJson } from '../../../base/json.ts';
import { asFields, asList, asString, emptyRecord, own } from '../../../base/values.ts';
import type { LiveObject } from '../cache/live-object.ts';
import { MANAGER } from '../cache/live-object.ts';
import type { Hands } from './field-managers.ts';
import { isController } from './field-managers.ts';

/*
 * Fields of our objects that people have set. A server-side apply takes away only what it is the only one to own, so whoever wrote a field by
 * hand, or applied the object before us, keeps it there for good; two owners of one list may even make it invalid for everybody. What hands own
 * is moved to us before we apply: then what is described is what there is.
 */

/** A set of fields as `managedFields` writes it: `f:` a key, `k:` an item by its keys, `v:` an item by its value, `.` the thing itself. */
type Tree = { readonly [key: string]: Tree };

export interface FieldOwner {
  readonly manager: string;
  readonly tree: Tree;
  /** The entry of `managedFields` that says so. */
  readonly entry: JsonObject;
}

/** A field that somebody owns and the description does not have. */
export interface Leftover {
  readonly manager: string;
  /** `.spec.ports[port=90,protocol=TCP]` */
  readonly field: string;
}

/** Fields that belong to whoever set them: how many pods there are nobody may have described, and locks and owners are no settings. */
const ANYBODYS = new Set(['.spec.replicas', '.metadata.finalizers', '.metadata.ownerReferences']);

/**
 * Returns the entries of `managedFields` that are kept in memory: none of ours, and none of what was set over a subresource, which are most of
 * it. `null` when nothing is left.
 */
export function othersEntries({ metadata }: LiveObject): readonly JsonObject[] | null {
  const entries = (asList(metadata['managedFields']) ?? []).filter((item) => {
    const { manager, subresource } = asFields(item) ?? {};
    return subresource === undefined && manager !== MANAGER;
  });
  return entries.length === 0 ? null : (entries as JsonObject[]);
}

/** Owners that people stand behind. */
export function handsOn(live: LiveObject, hands: Hands): readonly FieldOwner[] {
  return entriesOf(live).filter(
    ({ manager, entry }) => manager !== MANAGER && entry['subresource'] === undefined && hands(manager),
  );
}

/** Owners that are not known to be controllers. */
export function othersOn(live: LiveObject): readonly FieldOwner[] {
  return handsOn(live, (manager) => !isController(manager));
}

function entriesOf({ metadata }: LiveObject): readonly FieldOwner[] {
  return (asList(metadata['managedFields']) ?? []).flatMap((item) => {
    const entry = asFields(item) as JsonObject | undefined;
    if (entry === undefined) return [];
    const { fieldsV1 } = entry;
    return [{ manager: asString(entry['manager']) ?? '', tree: isTree(fieldsV1) ? fieldsV1 : {}, entry }];
  });
}

/** Tells whether it is a set of fields: whoever walks it parses its keys. */
function isTree(value: unknown): value is Tree {
  const fields = asFields(value);
  if (fields === undefined) return false;
  return Object.entries(fields).every(([key, inner]) => isElement(key) && isTree(inner));
}

function isElement(key: string): boolean {
  if (key === '.' || /^(f:|i:\d)/.test(key)) return true;
  const value = /^[kv]:/.test(key) ? parsed(key.slice(2)) : undefined;
  return value !== undefined && (key.startsWith('v:') || asFields(value) !== undefined);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Differs whenever other fields are in other hands. */
export function handsBasis(live: LiveObject, hands: Hands): string {
  return canonicalJson(handsOn(live, hands).map(({ manager, tree }) => [manager, tree as JsonObject]));
}

/** Fields of these owners that the description does not have. */
export function leftoversOf(owners: readonly FieldOwner[], wire: JsonObject): readonly Leftover[] {
  return owners.flatMap(({ manager, tree }) =>
    missingIn(tree, wire, '')
      .filter((field) => !ANYBODYS.has(field))
      .map((field) => ({ manager, field })),
  );
}

function missingIn(tree: Tree, wire: Json | undefined, path: string): readonly string[] {
  return Object.entries(tree).flatMap(([key, inner]) => {
    if (key === '.') return [];
    const place = `${path}${placeOf(key)}`;
    const found = memberOf(wire, key);
    if (found === undefined) return [place];
    return isLeaf(inner) ? [] : missingIn(inner, found, place);
  });
}

function placeOf(key: string): string {
  const value = key.slice(2);
  if (key.startsWith('f:')) return `.${value}`;
  if (key.startsWith('v:')) return `[${value}]`;
  const keys = Object.entries(JSON.parse(value) as JsonObject);
  return `[${keys.map(([name, one]) => `${name}=${typeof one === 'string' ? one : JSON.stringify(one)}`).join(',')}]`;
}

function isLeaf(tree: Tree): boolean {
  return Object.keys(tree).every((key) => key === '.');
}

/** The part of a value that an element of a set names. */
function memberOf(value: Json | undefined, key: string): Json | undefined {
  if (key.startsWith('f:')) return isObject(value) ? (own(value, key.slice(2)) ?? undefined) : undefined;
  if (!Array.isArray(value)) return undefined;
  const wanted = JSON.parse(key.slice(2)) as Json;
  if (key.startsWith('v:')) return value.find((item: Json) => canonicalJson(item) === canonicalJson(wanted));
  return value.find((item: Json) => isItem(item, wanted as JsonObject)) as Json | undefined;
}

/** A key that is left out has the default that the server has put into the set. */
function isItem(item: Json, keys: JsonObject): boolean {
  if (!isObject(item)) return false;
  const said = Object.entries(keys).filter(([name]) => own(item, name) !== undefined);
  return said.length > 0 && said.every(([name, value]) => own(item, name) === value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The object as an apply would leave it if what these owners have were ours: what they and we have and the description does not is gone, but for
 * what somebody else has as well.
 */
export function predictObject(live: LiveObject, wire: JsonObject, owners: readonly FieldOwner[]): JsonObject {
  const all = entriesOf(live);
  const moved = new Set(owners.map(({ entry }) => entry));
  const isOurs = ({ manager, entry }: FieldOwner) =>
    manager === MANAGER && entry['operation'] === 'Apply' && entry['subresource'] === undefined;
  const ours = union(all.filter((one) => isOurs(one) || moved.has(one.entry)));
  const kept = union(all.filter((one) => !isOurs(one) && !moved.has(one.entry)));
  const pruned = prune(live, wire, { ours, kept, path: '' });
  return overlay(pruned, wire, union(all)) as JsonObject;
}

function union(owners: readonly FieldOwner[]): Tree {
  return owners.reduce<Tree>((sum, { tree }) => mergeTrees(sum, tree), {});
}

function mergeTrees(left: Tree, right: Tree): Tree {
  const merged = Object.assign(emptyRecord<Tree>(), left);
  for (const [key, inner] of Object.entries(right)) {
    const known = own(merged, key);
    merged[key] = known === undefined ? inner : mergeTrees(known, inner);
  }
  return merged;
}

interface Pruning {
  readonly ours: Tree;
  readonly kept: Tree;
  readonly path: string;
}

function prune(live: Json, wire: Json | undefined, { ours, kept, path }: Pruning): Json {
  let result = live;
  for (const [key, inner] of Object.entries(ours)) {
    const place = `${path}${placeOf(key === '.' ? 'f:' : key)}`;
    const there = key === '.' ? undefined : memberOf(result, key);
    if (there === undefined || ANYBODYS.has(place)) continue;
    const wanted = memberOf(wire, key);
    const others = own(kept, key);
    if (wanted === undefined && others === undefined && (isLeaf(inner) || inner['.'] !== undefined)) {
      result = without(result, key, there);
      continue;
    }
    if (isLeaf(inner)) continue;
    const left = prune(there, wanted, { ours: inner, kept: others ?? {}, path: place });
    result =
      isVoid(left) && wanted === undefined
        ? without(result, key, there)
        : withMember(result, key, there, left);
  }
  return result;
}

function isVoid(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function without(value: Json, key: string, member: Json): Json {
  if (Array.isArray(value)) return value.filter((item: Json) => item !== member);
  const { [key.slice(2)]: _gone, ...rest } = value as JsonObject;
  return rest;
}

function withMember(value: Json, key: string, old: Json, member: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => (item === old ? member : item));
  return { ...(value as JsonObject), [key.slice(2)]: member };
}

/** Lays the description over what is there; lists are merged where the set tells by which keys. */
function overlay(live: Json | undefined, wire: Json, tree: Tree): Json {
  if (isObject(wire)) {
    const there = isObject(live) ? live : {};
    const members = Object.entries(wire).map(([key, value]) => [
      key,
      overlay(own(there, key), value, own(tree, `f:${key}`) ?? {}),
    ]);
    return { ...there, ...(Object.fromEntries(members) as JsonObject) };
  }
  const keyed = Object.keys(tree).filter((key) => key.startsWith('k:'));
  if (!Array.isArray(wire) || !Array.isArray(live) || keyed.length === 0) return wire;
  const result: Json[] = [...live];
  for (const item of wire as readonly Json[]) {
    const key = keyed.find((one) => isItem(item, JSON.parse(one.slice(2)) as JsonObject));
    const old = key === undefined ? undefined : memberOf(result, key);
    if (key === undefined || old === undefined) result.push(item);
    else result[result.indexOf(old)] = overlay(old, item, own(tree, key) ?? {});
  }
  return result;
}

/** `managedFields` in which everything of these owners is ours. Entries of another version of the kind stay: their paths may differ. */
export function withMovedFields(live: LiveObject, owners: readonly FieldOwner[]): readonly JsonObject[] {
  const all = entriesOf(live);
  const moved = owners.filter(({ entry }) => entry['apiVersion'] === live.apiVersion);
  const gone = new Set(moved.map(({ entry }) => entry));
  const own = all.find(
    ({ manager, entry }) =>
      manager === MANAGER && entry['operation'] === 'Apply' && entry['subresource'] === undefined,
  );
  const fieldsV1 = union([...(own === undefined ? [] : [own]), ...moved]) as JsonObject;
  const fresh = { manager: MANAGER, operation: 'Apply', apiVersion: live.apiVersion, fieldsType: 'FieldsV1' };
  const mine: JsonObject = { ...(own?.entry ?? fresh), fieldsV1 };
  const rest = all.filter(({ entry }) => entry !== own?.entry && !gone.has(entry)).map(({ entry }) => entry);
  return [mine, ...rest];
}
