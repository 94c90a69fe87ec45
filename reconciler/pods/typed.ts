import { own } from '../base/values.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { formatQuantity, parseQuantity } from './quantity.ts';
import { isProblem } from '../base/problem.ts';
import { invalidPodSpec } from './refusals.ts';

/**
 * The type of a member, as Kubernetes' own types have it. A `?` keeps an empty value, as a pointer does; a `!` writes the member always;
 * without either, what is empty is left out.
 */
export type FieldType = ScalarType | ListType | MapType | ObjectType | 'any';
type Scalar = 'text' | 'whole' | 'flag' | 'quantity' | 'port';
type ScalarType = Scalar | `${Scalar}?` | `${Scalar}!`;
interface ListType {
  readonly list: FieldType;
}
interface MapType {
  readonly map: 'text' | 'quantity';
}
export interface ObjectType {
  readonly members: Readonly<Record<string, FieldType>>;
  /** It is there even when nobody wrote it. */
  readonly always?: boolean;
}

export const list = (type: FieldType): ListType => ({ list: type });
export const map = (type: 'text' | 'quantity'): MapType => ({ map: type });
export const object = (members: ObjectType['members'], always = false): ObjectType => ({ members, always });

const MAX_NESTING_DEPTH = 40;

/** The value as its type has it: members that no type knows are gone. Throws INVALID_POD_SPEC. */
export function readTyped(type: ObjectType, value: unknown, path: string): JsonObject {
  if (!isRecord(value)) throw wrong(path, 'an object', value);
  return readObject(type, value, path);
}

function readMember(type: FieldType, value: unknown, path: string): Json | undefined {
  if (type === 'any') return value === null || value === undefined ? undefined : toJson(value, path, 0);
  if (typeof type === 'string') return readScalar(type, value, path);
  if ('members' in type) {
    if (value === null || value === undefined)
      return type.always === true ? readObject(type, {}, path) : undefined;
    if (!isRecord(value)) throw wrong(path, 'an object', value);
    return readObject(type, value, path);
  }
  if (value === null || value === undefined) return undefined;
  if ('map' in type) return readMap(type, value, path);
  if (!Array.isArray(value)) throw wrong(path, 'a list', value);
  const items = value.map((item, index) =>
    readMember(type.list, item ?? emptyOf(type.list), `${path}[${index}]`),
  );
  return items.length === 0 ? undefined : items.map((item) => item ?? '');
}

function emptyOf(type: FieldType): unknown {
  return typeof type === 'object' && 'members' in type ? {} : '';
}

function readObject(
  { members }: ObjectType,
  value: Readonly<Record<string, unknown>>,
  path: string,
): JsonObject {
  const read: Record<string, Json> = {};
  for (const [key, type] of Object.entries(members)) {
    const given = own(value, key);
    const member = readMember(type, given, path === '' ? key : `${path}.${key}`);
    if (member !== undefined) read[key] = member;
  }
  return read;
}

function readMap({ map }: MapType, value: unknown, path: string): Json | undefined {
  if (!isRecord(value)) throw wrong(path, 'an object', value);
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    scalarOf(map, item ?? '', `${path}.${key}`),
  ]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function readScalar(type: ScalarType, value: unknown, path: string): Json | undefined {
  const kind = type.replace(/[?!]$/, '') as Scalar;
  if (value === null || value === undefined) return type.endsWith('!') ? EMPTY[kind] : undefined;
  const read = scalarOf(kind, value, path);
  return type === kind && read === EMPTY[kind] ? undefined : read;
}

const EMPTY: Readonly<Record<Scalar, Json>> = { text: '', whole: 0, flag: false, quantity: '0', port: 0 };

function scalarOf(kind: Scalar, value: unknown, path: string): Json {
  switch (kind) {
    case 'text':
      if (typeof value === 'string') return value;
      // `PORT: 8080` in a place for texts is meant as one.
      if (typeof value === 'number' || typeof value === 'boolean') return String(value);
      throw wrong(path, 'a text', value);
    case 'whole':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      throw wrong(path, 'a whole number', value);
    case 'flag':
      if (typeof value === 'boolean') return value;
      throw wrong(path, 'true or false', value);
    case 'port':
      if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value)))
        return value;
      throw wrong(path, 'a number or a name', value);
    case 'quantity':
      return quantityOf(value, path);
  }
}

function quantityOf(value: unknown, path: string): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw wrong(path, 'a quantity', value);
  const quantity = parseQuantity(String(value));
  if (isProblem(quantity)) throw invalidPodSpec(`${path}: ${quantity.problem}`);
  return formatQuantity(quantity);
}

/** Converts to what JSON can say; a date or the like cannot come out of it. */
function toJson(value: unknown, path: string, depth: number): Json {
  if (depth > MAX_NESTING_DEPTH) throw invalidPodSpec(`${path}: nested too deeply`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => toJson(item, path, depth + 1));
  if (!isRecord(value)) throw wrong(path, 'something else', value);
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    toJson(item, `${path}.${key}`, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function wrong(path: string, wanted: string, value: unknown): Error {
  const given = Array.isArray(value) ? 'a list' : value instanceof Date ? 'a date' : typeof value;
  return invalidPodSpec(
    `${path || 'the document'}: must be ${wanted}, not ${given === 'object' ? 'an object' : given}`,
  );
}
