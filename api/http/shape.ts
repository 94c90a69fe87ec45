import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { ProblemDetail } from './problem.ts';
import { HttpProblem } from './problem.ts';
import { asText } from '../../reconciler/index.ts';

/** JSON Schema, draft 2020-12: the one of OpenAPI 3.1. */
export interface JsonSchema {
  /** No keyword: an object with this member holds a schema, and is none. */
  readonly schema?: never;
  readonly [keyword: string]: unknown;
}

/** A schema and the type of what passes it. The type is a promise of whoever writes the schema beside it. */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** Never there; carries the type. */
  readonly passes?: T;
}

export function shape<T>(schema: JsonSchema): Shape<T> {
  return { schema };
}

export interface ParseOptions {
  /** Name of the value, for the message: `query`, `body`. */
  readonly what: string;
  /** Text to numbers and booleans, as a query needs it. Default false. */
  readonly coerce?: boolean;
}

export type Parse = <T>(shape: Shape<T>, value: unknown, options: ParseOptions) => T;

const WAYS = { allErrors: true, strict: true, allowUnionTypes: true, verbose: true } as const;
const strict = addFormats.default(new Ajv2020(WAYS));
const coercing = addFormats.default(new Ajv2020({ ...WAYS, coerceTypes: true }));

/** Checks values against shapes; throws VALIDATION_ERROR with every problem there is. A schema is compiled once. */
export const parse: Parse = <T>(
  { schema }: Shape<T>,
  value: unknown,
  { what, coerce = false }: ParseOptions,
): T => {
  const validate = (coerce ? coercing : strict).compile(schema);
  if (validate(value)) return value as T;
  const details = (validate.errors ?? []).map(toDetail);
  // They hold on to the value.
  validate.errors = null;
  const message =
    details.length === 1 ? `${details[0]?.field}: ${details[0]?.message}` : `${details.length} problems`;
  throw new HttpProblem('VALIDATION_ERROR', `the ${what} is not valid: ${message}`, { details });
};

function toDetail(error: ErrorObject): ProblemDetail {
  const params: Readonly<Record<string, unknown>> = error.params;
  const path = toPath(error.instancePath);
  const join = (name: unknown) => (path === '' ? asText(name) : `${path}.${asText(name)}`);
  switch (error.keyword) {
    case 'required':
      return { field: join(params['missingProperty']), message: 'is required' };
    case 'additionalProperties':
      return {
        field: join(params['additionalProperty']),
        message: 'is not known',
        hint: `known: ${Object.keys(error.parentSchema?.['properties'] ?? {}).join(', ')}`,
      };
    case 'enum':
      return {
        field: path,
        message: `must be one of ${[params['allowedValues']].flat().map(asText).join(', ')}`,
      };
    default:
      return { field: path === '' ? 'body' : path, message: error.message ?? error.keyword };
  }
}

/** `/config/services/0` → `config.services[0]` */
function toPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}
