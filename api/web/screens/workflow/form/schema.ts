import type { Diagnostic } from '../../../client/api-types.ts';
import type { Fill, JsonSchema } from '../../../client/workflow-types.ts';
import { createContext } from 'preact';
import { showValue } from '../../../parts/value.tsx';

/**
 * - `hidden` has one value, which is no question
 * - `mixed` a text, a number or a boolean
 * - `free` anything, asked for as YAML
 */
export type FieldKind =
  | 'hidden'
  | 'choice'
  | 'switch'
  | 'number'
  | 'text'
  | 'area'
  | 'mixed'
  | 'list'
  | 'map'
  | 'group'
  | 'free';

export type Path = readonly (string | number)[];

/** Knowledge that every field of a form shares. */
export interface FormContext {
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  readonly isReadOnly: boolean;
  /** Prefix of ids of fields, so that two forms can be on one page. */
  readonly id: string;
  readonly findingsAt: (path: Path) => readonly Diagnostic[];
  /** Value that a connection gives to a field that is left blank, and the node that it comes from. */
  readonly fillAt: (path: Path) => { readonly fill: Fill; readonly from: string } | undefined;
}

export const FormWords = createContext<FormContext>({
  definitions: {},
  isReadOnly: true,
  id: 'form',
  findingsAt: () => [],
  fillAt: () => undefined,
});

/** A schema with what it refers to; its own words count more. */
export function resolveSchema(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const { $ref: reference, ...own } = schema;
  const [name = '', ...rest] = reference.replace('#/$defs/', '').split('/');
  const found = rest.reduce<unknown>(
    (part, key) => (part as Record<string, unknown> | undefined)?.[key],
    definitions[name],
  );
  return { ...resolveSchema((found as JsonSchema | undefined) ?? {}, definitions), ...own };
}

export function kindOf(schema: JsonSchema): FieldKind {
  if ('const' in schema) return 'hidden';
  if (schema.enum !== undefined) return 'choice';
  const { type } = schema;
  if (typeof type === 'object') return type.includes('object') ? 'free' : 'mixed';
  switch (type) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return schema.format === 'textarea' ? 'area' : 'text';
    case 'array':
      return 'list';
    case 'object':
      if (schema.properties !== undefined) return 'group';
      return typeof schema.additionalProperties === 'object' ? 'map' : 'free';
    default:
      return 'free';
  }
}

const WORDS: Readonly<Record<string, string>> = {
  env: 'Environment',
  envKeys: 'Variables from connections',
  args: 'Arguments',
  host: 'Host name',
  storage: 'Size',
  keys: 'Keys of the secret',
  data: 'Contents',
};

/** `imagePullPolicy` as people write it: `Image pull policy`. */
export function labelOf(key: string, { title }: JsonSchema): string {
  const known = title ?? (Object.hasOwn(WORDS, key) ? WORDS[key] : undefined);
  if (known !== undefined) return known;
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(' ')
    .map((word) => (/^[A-Z]{2,}/.test(word) ? word : word.toLowerCase()))
    .join(' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The value that counts where none is given, as the description says: `Default 8080.` */
export function defaultOf({ description = '', examples }: JsonSchema): string {
  const told = /Default:? ([^.;]+(?:\.\d+)?)/.exec(description)?.[1] ?? '';
  if (told !== '') return told.replaceAll('"', '');
  return examples?.[0] === undefined ? '' : `e.g. ${showValue(examples[0])}`;
}

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/;

/** `data.ports[0].port`, as findings write it. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (PLAIN_KEY.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** A value that says nothing is taken out of the file. */
export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Returns the map with another value for a key, in its old place; blank values go. */
export function setKey(
  map: Readonly<Record<string, unknown>>,
  key: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  if (value === undefined) {
    const { [key]: _gone, ...rest } = map;
    return rest;
  }
  return { ...map, [key]: value };
}
