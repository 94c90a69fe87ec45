import type { Random } from '../../chaos/random.ts';
import { hostileText } from './hostile.ts';
import { createPatternTexts } from './patterns.ts';
import type { MapPiece, Piece } from './piece.ts';
import { copy, list, map, memberOf, setMember, toPiece, value } from './piece.ts';
import type { Samples } from './samples.ts';
import type { PlacedSchema, Schema, SchemaSet } from './schema.ts';
import { fits, holds, listOf, membersOf, resolve, toSchema, typesOf } from './schema.ts';

export interface GrammarOptions {
  readonly schemas: SchemaSet;
  /** Values that people write, by key. */
  readonly samples: Samples;
  /** Keys for maps that take any, by the key of the map: names of services below `services`. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/** Draws documents that a schema takes, mostly: what holds only for two places together, it does not know. */
export interface Grammar {
  /**
   * @param size number of values, more or less, after which only what is required is drawn
   */
  draw(schema: Schema, random: Random, size: number): Piece;
  /** The same for one property of a schema. */
  drawMember(schema: Schema, key: string, random: Random, size: number): Piece;
}

interface Drawing {
  readonly random: Random;
  left: number;
}

interface Place extends PlacedSchema {
  /** Key that it stands behind, or the one of the list around it. */
  readonly key: string;
  readonly depth: number;
}

const ANY_NAMES: readonly string[] = ['a', 'b', 'app', 'key-1', 'NAME', 'io.example/x'];
const ANY_TEXTS: readonly string[] = [
  'a',
  'web',
  'data',
  'text with blanks',
  '/srv/x',
  './conf',
  '1',
  'nginx:1.29',
];
const MAX_DEPTH = 9;

export function createGrammar({ schemas, samples, names }: GrammarOptions): Grammar {
  const textsOf = createPatternTexts();
  /** Samples by the schema that takes them. */
  const fitting = new WeakMap<object, readonly Piece[]>();
  return {
    draw(schema, random, size) {
      return draw({ schema, home: schema, key: '', depth: 0 }, { random, left: size });
    },
    drawMember(schema, key, random, size) {
      const member = toSchema(membersOf(membersOf(schema)['properties'])[key] ?? true);
      return draw({ schema: member, home: schema, key, depth: 1 }, { random, left: size });
    },
  };

  function draw(place: Place, drawing: Drawing): Piece {
    drawing.left -= 1;
    const { random } = drawing;
    const sample = random.chance(0.6) ? sampleFor(place, random) : undefined;
    if (sample) return sample;
    const { schema, home } = resolve(place, schemas);
    if (typeof schema === 'boolean') return drawAnything(random);
    const inside: Place = { ...place, schema, home };
    if (schema['const'] !== undefined) return toPiece(schema['const']);
    const choices = listOf(schema['enum']);
    if (choices.length > 0) return toPiece(random.pick(choices));
    const examples = listOf(schema['examples']);
    if (examples.length > 0 && random.chance(0.3)) return toPiece(random.pick(examples));
    const branches = [...listOf(schema['oneOf']), ...listOf(schema['anyOf'])];
    if (branches.length > 0 && typesOf(schema).length === 0)
      return draw({ ...inside, schema: toSchema(random.pick(branches)) }, drawing);
    return drawType(inside, schema, drawing);
  }

  function drawType(place: Place, schema: Readonly<Record<string, unknown>>, drawing: Drawing): Piece {
    const { random } = drawing;
    const types = typesOf(schema);
    const small = types.filter((type) => type !== 'object' && type !== 'array');
    const isFull = drawing.left < 0 || place.depth > MAX_DEPTH;
    switch (random.pick(isFull && small.length > 0 ? small : types.length > 0 ? types : ['any'])) {
      case 'object':
        return drawMap(place, schema, drawing);
      case 'array':
        return drawList(place, schema, drawing);
      case 'string':
        return value(drawText(place, schema, random));
      case 'boolean':
        return value(random.chance(0.5));
      case 'null':
        return value(null);
      case 'integer':
        return value(drawNumber(schema, random));
      case 'number':
        return value(random.chance(0.5) ? drawNumber(schema, random) : drawNumber(schema, random) + 0.5);
      default:
        return drawAnything(random);
    }
  }

  function drawMap(place: Place, schema: Readonly<Record<string, unknown>>, drawing: Drawing): MapPiece {
    const { random } = drawing;
    const properties = Object.entries(membersOf(schema['properties']));
    const required = new Set(listOf(schema['required']).map(String));
    const optional = properties.length - required.size;
    const wanted = drawing.left < 0 ? 0 : place.depth < 3 ? 4 : 2;
    const piece = map();
    const add = (key: string, member: unknown): void => {
      setMember(piece, key, draw(below(place, key, toSchema(member)), drawing));
    };
    for (const [key, member] of properties)
      if (required.has(key) || random.chance(Math.min(0.6, wanted / Math.max(1, optional)))) add(key, member);
    const { additionalProperties } = schema;
    if (additionalProperties !== undefined && additionalProperties !== false)
      for (const key of drawKeys(place, schema, drawing)) add(key, additionalProperties);
    for (const condition of [schema, ...listOf(schema['allOf'])]) {
      const asked = askedBy(membersOf(condition), piece);
      for (const [key, member] of Object.entries(membersOf(asked['properties'])))
        if (memberOf(piece, key) !== undefined) add(key, member);
      for (const key of listOf(asked['required']).map(String))
        if (memberOf(piece, key) === undefined)
          add(key, { ...membersOf(schema['properties']), ...membersOf(asked['properties']) }[key] ?? true);
    }
    return piece;
  }

  function drawKeys(
    place: Place,
    schema: Readonly<Record<string, unknown>>,
    { random, left }: Drawing,
  ): string[] {
    const pool = Object.hasOwn(names, place.key) ? names[place.key] : undefined;
    const { propertyNames } = schema;
    const { schema: rule } = resolve({ schema: toSchema(propertyNames ?? true), home: place.home }, schemas);
    const { pattern, enum: choices } = membersOf(rule);
    const keys =
      pool ??
      (choices === undefined
        ? typeof pattern === 'string'
          ? textsOf(pattern)
          : ANY_NAMES
        : listOf(choices).map(String));
    const least = Number(schema['minProperties'] ?? 0);
    const count = Math.max(least, left < 0 ? 0 : 1 + random.integer(3));
    return Array.from({ length: count }, () => random.pick(keys));
  }

  function drawList(place: Place, schema: Readonly<Record<string, unknown>>, drawing: Drawing): Piece {
    const least = Number(schema['minItems'] ?? 0);
    const count = Math.max(least, drawing.left < 0 ? 0 : drawing.random.pick([0, 1, 1, 2, 3]));
    const item = { ...place, schema: toSchema(schema['items'] ?? true), depth: place.depth + 1 };
    return list(Array.from({ length: count }, () => draw(item, drawing)));
  }

  function drawText(
    { key }: Place,
    { pattern, maxLength }: Readonly<Record<string, unknown>>,
    random: Random,
  ): string {
    const longest = typeof maxLength === 'number' ? maxLength : Number.POSITIVE_INFINITY;
    if (typeof pattern === 'string') return random.pick(textsOf(pattern)).slice(0, longest);
    const pool = Object.hasOwn(names, key) ? names[key] : undefined;
    return random.pick(pool ?? ANY_TEXTS).slice(0, longest);
  }

  /** A sample that the schema takes: people write other things behind the same key elsewhere. */
  function sampleFor(place: Place, random: Random): Piece | undefined {
    const { schema, key } = place;
    if (typeof schema === 'boolean' || !samples.has(key)) return undefined;
    const known =
      fitting.get(schema) ?? (samples.get(key) ?? []).filter((sample) => fits(sample, place, schemas));
    fitting.set(schema, known);
    return known.length === 0 ? undefined : copy(random.pick(known));
  }
}

/** The part of a condition that counts for a map; empty for what is no condition. */
function askedBy(
  condition: Readonly<Record<string, unknown>>,
  piece: MapPiece,
): Readonly<Record<string, unknown>> {
  if (condition['if'] === undefined) return {};
  return membersOf(condition[holds(condition['if'], piece) ? 'then' : 'else']);
}

function below(place: Place, key: string, schema: Schema): Place {
  return { schema, home: place.home, key, depth: place.depth + 1 };
}

function drawNumber(schema: Readonly<Record<string, unknown>>, random: Random): number {
  const least = Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? 0);
  const most = Number(schema['maximum'] ?? least + 1_000);
  return random.pick([least, most, least + 1, least + random.integer(Math.min(most - least, 100) + 1)]);
}

function drawAnything(random: Random): Piece {
  return random.chance(0.2) ? value(hostileText(random)) : toPiece(random.pick(ANYTHING));
}

const ANYTHING: readonly unknown[] = ['a', 1, true, null, [], {}, ['a'], { a: 'b' }, 'web', 0.5];
