import type { Entry, MapPiece, Piece, ValuePiece } from './piece.ts';
import { memberOf } from './piece.ts';

/** A JSON Schema, or `true` for one that takes anything. */
export type Schema = Readonly<Record<string, unknown>> | boolean;

/** A schema, and the document that its references start from. */
export interface PlacedSchema {
  readonly schema: Schema;
  readonly home: Schema;
}

export type SchemaSet = ReadonlyMap<string, Schema>;

/** Schemas by `$id`. */
export function schemaSet(schemas: readonly object[]): SchemaSet {
  return new Map(schemas.map((schema) => [String(membersOf(schema)['$id']), membersOf(schema)]));
}

/** Follows references until there is none. Throws when one leads nowhere. */
export function resolve({ schema, home }: PlacedSchema, set: SchemaSet): PlacedSchema {
  const reference = typeof schema === 'object' ? schema['$ref'] : undefined;
  if (typeof reference !== 'string') return { schema, home };
  const [id = '', pointer = ''] = reference.split('#');
  const owner = id === '' ? home : set.get(id);
  if (owner === undefined) throw new Error(`internal: no schema ${id}`);
  let part: unknown = owner;
  for (const key of pointer.split('/').slice(1))
    part = membersOf(part)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  if (part === undefined) throw new Error(`internal: no definition ${reference}`);
  return resolve({ schema: toSchema(part), home: owner }, set);
}

export function toSchema(part: unknown): Schema {
  return typeof part === 'boolean' ? part : membersOf(part);
}

export function membersOf(part: unknown): Readonly<Record<string, unknown>> {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
    ? (part as Readonly<Record<string, unknown>>)
    : {};
}

export function listOf(part: unknown): readonly unknown[] {
  return Array.isArray(part) ? part : [];
}

/** Types that a schema takes; those that its keywords imply where it says none. */
export function typesOf(schema: Readonly<Record<string, unknown>>): readonly string[] {
  const types = [schema['type'] ?? []].flat().map(String);
  if (types.length > 0) return types;
  if ('properties' in schema || 'additionalProperties' in schema || 'patternProperties' in schema)
    return ['object'];
  if ('items' in schema) return ['array'];
  return 'pattern' in schema || 'minLength' in schema ? ['string'] : [];
}

/** Tells what the conditions of our schemas ask of a map: which keys it has, and the constants in them. */
export function holds(condition: unknown, piece: MapPiece): boolean {
  const { required, properties, not, anyOf, allOf } = membersOf(condition);
  const has = (key: unknown) => memberOf(piece, String(key)) !== undefined;
  if (!listOf(required).every(has)) return false;
  for (const [key, schema] of Object.entries(membersOf(properties))) {
    const member = memberOf(piece, key);
    const { const: constant, enum: choices } = membersOf(schema);
    const wanted = constant === undefined ? listOf(choices) : [constant];
    if (
      member !== undefined &&
      wanted.length > 0 &&
      !(member.is === 'value' && wanted.includes(member.value))
    )
      return false;
  }
  if (not !== undefined && holds(not, piece)) return false;
  if (anyOf !== undefined && !listOf(anyOf).some((one) => holds(one, piece))) return false;
  return listOf(allOf).every((one) => holds(one, piece));
}

/** Tells whether a piece may stand where a schema is: types, constants, patterns, keys and everything inside, but no conditions. */
export function fits(piece: Piece, place: PlacedSchema, set: SchemaSet): boolean {
  const { schema, home } = resolve(place, set);
  if (typeof schema === 'boolean') return schema;
  const types = typesOf(schema);
  if (types.length > 0 && !types.some((type) => isOfType(piece, type))) return false;
  switch (piece.is) {
    case 'map': {
      const known = membersOf(schema['properties']);
      const other = toSchema(schema['additionalProperties'] ?? true);
      const isComplete = listOf(schema['required']).every(
        (key) => memberOf(piece, String(key)) !== undefined,
      );
      const { pattern } = membersOf(
        resolve({ schema: toSchema(schema['propertyNames'] ?? true), home }, set).schema,
      );
      const isNamed = ({ key }: Entry) => typeof pattern !== 'string' || new RegExp(pattern, 'u').test(key);
      const inside = ({ key, value }: Entry) =>
        fits(value, { home, schema: Object.hasOwn(known, key) ? toSchema(known[key]) : other }, set);
      return isComplete && piece.entries.every((entry) => isNamed(entry) && inside(entry));
    }
    case 'list': {
      const schemaOfItems = toSchema(schema['items'] ?? true);
      return piece.items.every((item) => fits(item, { home, schema: schemaOfItems }, set));
    }
    case 'value':
      return fitsValue(piece.value, schema);
    default:
      return true;
  }
}

function fitsValue(value: ValuePiece['value'], schema: Readonly<Record<string, unknown>>): boolean {
  const { const: constant, enum: choices, pattern, maxLength } = schema;
  if (constant !== undefined && constant !== value) return false;
  if (choices !== undefined && !listOf(choices).includes(value)) return false;
  if (typeof value !== 'string') return true;
  if (typeof maxLength === 'number' && value.length > maxLength) return false;
  return typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value);
}

function isOfType(piece: Piece, type: string): boolean {
  switch (type) {
    case 'object':
      return piece.is === 'map';
    case 'array':
      return piece.is === 'list';
    case 'null':
      return piece.is === 'value' && piece.value === null;
    case 'integer':
      return piece.is === 'value' && Number.isInteger(piece.value);
    default:
      return piece.is === 'value' && typeof piece.value === type;
  }
}
