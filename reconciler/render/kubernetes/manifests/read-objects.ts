import { Composer, Parser } from 'yaml';
import { errorMessage } from '../../../base/errors.ts';
import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asString } from '../../../base/values.ts';
import { qualifiedKind } from '../../../model/kubernetes/kubernetes-object.ts';
import { GO_YAML } from '../../../pods/go-yaml-options.ts';

/** An object as a program has written it. */
export interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Left out: it says none. */
  readonly namespace?: string;
  /** Hooks of Helm that it is for; empty for an object of the release. */
  readonly hooks: readonly string[];
  readonly fields: Fields;
}

/** Objects that are more than this are several stacks. */
const MAX_OBJECTS = 2_000;
const MAX_ALIAS_EXPANSIONS = 1_000;
const HOOK = 'helm.sh/hook';

/** Reads the objects of a text that a program has written, with those that a List holds in its place. */
export function readObjects(text: string): readonly WrittenObject[] | Problem {
  const documents = parse(text);
  if (isProblem(documents)) return documents;
  const values = documents.flatMap((value, index) => itemsOf(value, `document ${index + 1}`));
  if (values.length > MAX_OBJECTS)
    return { problem: `it makes ${values.length} objects, and at most ${MAX_OBJECTS} are taken` };
  const objects: WrittenObject[] = [];
  for (const { value, place } of values) {
    const object = toWritten(value, place);
    if (isProblem(object)) return object;
    objects.push(object);
  }
  return objects;
}

function parse(text: string): readonly unknown[] | Problem {
  try {
    const values: unknown[] = [];
    // One after the other: reading megabytes of small ones, to take none of them, would hold up everything else.
    for (const document of new Composer(GO_YAML).compose(new Parser().parse(text))) {
      const [fault] = document.errors;
      if (fault !== undefined) throw fault;
      if (document.contents !== null)
        values.push(document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS }) as unknown);
      if (values.length > MAX_OBJECTS)
        return { problem: `it makes more than ${MAX_OBJECTS} objects, and so many are taken at most` };
    }
    return values;
  } catch (error) {
    // Messages of the parser quote the text below their first line; nesting that is too deep is a RangeError.
    const [line = ''] = errorMessage(error).split('\n', 1);
    return { problem: `what it prints is no YAML: ${line.replace(/:$/, '').slice(0, 200)}` };
  }
}

interface PlacedValue {
  readonly value: unknown;
  readonly place: string;
}

function itemsOf(value: unknown, place: string): readonly PlacedValue[] {
  const fields = asFields(value);
  const items = fields?.['kind'] === 'List' ? asList(fields['items']) : undefined;
  if (items === undefined) return value === null ? [] : [{ value, place }];
  return items.flatMap((item, index) => itemsOf(item, `${place}, item ${index + 1}`));
}

function toWritten(value: unknown, place: string): WrittenObject | Problem {
  const fields = asFields(value);
  const apiVersion = asString(fields?.['apiVersion']) ?? '';
  const kind = asString(fields?.['kind']) ?? '';
  const metadata = asFields(fields?.['metadata']) ?? {};
  const name = asString(metadata['name']) ?? '';
  if (fields === undefined || apiVersion === '' || kind === '')
    return { problem: `what it prints is no Kubernetes object: ${place} has no apiVersion and kind` };
  const title = `${qualifiedKind({ apiVersion, kind })} of ${place}`;
  if (name === '') {
    const hint = 'an object that gets another name with each try can be no part of a stack';
    return { problem: `${title} has no name`, hint };
  }
  const namespace = asString(metadata['namespace']);
  const hook = asString(asFields(metadata['annotations'])?.[HOOK]);
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    hooks: hook === undefined ? [] : hook.split(',').map((one) => one.trim()),
    fields,
  };
}
