import type { Json } from '../../../base/json.ts';
import { canonicalJson, sha256 } from '../../../base/json.ts';
import { asFields, asList, asString, own } from '../../../base/values.ts';
import type { Spec, SpecValue } from '../../../model/secret.ts';
import { ContentDigest, Secret } from '../../../model/secret.ts';
import { toSpecValue } from '../fields.ts';
import type { WrittenObject } from './read-objects.ts';

/*
 * Finds what of an object has come from secrets: it is rendered once more with other values in their place, and what differs then has come from them,
 * however a template has turned them about. It may stand in the data of a Secret, which is masked as a whole, and in annotations, where charts put
 * digests of Secrets so that pods start anew; these leave the process sealed. Anywhere else everybody could read it.
 */

export interface HiddenObject {
  /** The object without status, values of Secrets hidden. */
  readonly spec: Spec;
  /** Paths of what came from secrets and would be read by everybody. */
  readonly exposed: readonly string[];
  /** Paths of values of a Secret that are no texts, or references that nobody looks up. */
  readonly wrong: readonly string[];
}

interface Walk {
  readonly exposed: string[];
  readonly wrong: string[];
  /** Source of the object: `the chart grafana`. */
  readonly origin: string;
}

/** @param other the same object rendered with other values in place of secrets; `null`: there are none */
export function hideSecrets(
  object: WrittenObject,
  other: WrittenObject | null,
  origin: string,
): HiddenObject {
  const walk: Walk = { exposed: [], wrong: [], origin };
  const { status: _status, ...fields } = object.fields;
  const twin = other === null ? fields : other.fields;
  const isSecret = object.kind === 'Secret' && object.apiVersion === 'v1';
  const spec = Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]): [string, SpecValue][] => {
      if (isSecret && (key === 'data' || key === 'stringData')) return [];
      return [[key, compare(value, own(twin, key), [key], walk)]];
    }),
  );
  const data = isSecret ? secretData(object, walk) : {};
  return {
    spec: isSecret && Object.keys(data).length > 0 ? { ...spec, data } : spec,
    exposed: walk.exposed,
    wrong: walk.wrong,
  };
}

/** Values of a Secret, all of them hidden: what stands in them in clear may be a secret as well. */
function secretData({ fields }: WrittenObject, walk: Walk): Readonly<Record<string, Secret>> {
  const found: [string, Secret][] = [];
  for (const part of ['data', 'stringData'] as const) {
    for (const [key, value] of Object.entries(asFields(own(fields, part)) ?? {})) {
      const text = value === null ? '' : asString(value);
      const bytes = Buffer.from(text ?? '', part === 'data' ? 'base64' : 'utf8');
      // It would be deployed as the text that it is.
      if (text === undefined || bytes.toString().startsWith('secret://')) walk.wrong.push(`${part}.${key}`);
      else found.push([key, new Secret(bytes, walk.origin)]);
    }
  }
  return Object.fromEntries(found);
}

type Path = readonly string[];

function compare(value: unknown, twin: unknown, path: Path, walk: Walk): SpecValue {
  const [list, others] = [asList(value), asList(twin)];
  if (list && others && list.length === others.length)
    return list.map((item, index) => compare(item, others[index], [...path, String(index)], walk));
  const [fields, members] = [asFields(value), asFields(twin)];
  if (fields && members && sameKeys(fields, members)) {
    return Object.fromEntries(
      Object.entries(fields).map(([key, item]) => [
        key,
        compare(item, own(members, key), [...path, key], walk),
      ]),
    );
  }
  const plain = toSpecValue(value);
  if (canonicalJson(plain as Json) === canonicalJson(toSpecValue(twin) as Json)) return plain;
  if (typeof plain === 'string' && path.at(-2) === 'annotations') {
    const digest = sha256(plain).slice(0, 16);
    return new ContentDigest(digest, sha256(path.join('\0')).slice(0, 32));
  }
  walk.exposed.push(path.join('.'));
  return null;
}

function sameKeys(a: object, b: object): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key));
}
