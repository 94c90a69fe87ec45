import { asFields, asList, asText, own } from '../../base/values.ts';
import type { Problem } from '../../base/problem.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import { parseEnvValue } from '../../config/kombination/service/env-value.ts';
import { isProblem } from '../../base/problem.ts';
import type { SplicePath } from './yaml-splice.ts';
import { spliceYaml } from './yaml-splice.ts';

/** A variable with a value in clear, in a description or a Compose file. */
interface PlainVariable {
  readonly service: string;
  readonly value: string;
  /** Path of the text that holds the value, and what precedes the value in it: `NAME=` in a list. */
  readonly path: SplicePath;
  readonly prefix: string;
}

export interface MovableSecret {
  /** Value as the service gets it now. */
  readonly value: string;
  /** Names of the services that get it. */
  readonly services: readonly string[];
  /** The text with a reference in the place of each of them; all else stays as it is. */
  replace(reference: string): string | Problem;
}

/**
 * Finds a variable that a description, or a Compose file, gives to services in clear.
 *
 * @param service the only one that it is looked for in; left out: all, which must agree on the value
 */
export function findMovableSecret(text: string, name: string, service?: string): MovableSecret | Problem {
  const found = listVariables(parseYaml(text).value, name).filter(
    (one) => service === undefined || one.service === service,
  );
  const [first] = found;
  const services = found.map((one) => one.service);
  if (first === undefined) {
    const where = service === undefined ? 'no service' : `no service ${service}`;
    return {
      problem: `${where} has a value of ${name} in clear under env: or environment:`,
      hint: 'a value that comes from elsewhere (variables:, an env file, a kit) is given on the input, without --from',
    };
  }
  if (found.some(({ value }) => value !== first.value))
    return {
      problem: `${services.join(' and ')} have different values of ${name}`,
      hint: `move them one by one, under names of their own: --service ${first.service} --as ${name}_${first.service}`,
    };
  return {
    value: first.value,
    services,
    replace: (reference) => replaceAll(text, found, reference),
  };
}

function replaceAll(text: string, found: readonly PlainVariable[], reference: string): string | Problem {
  let result = text;
  for (const { path, prefix } of found) {
    const next = spliceYaml(result, path, `${prefix}${reference}`);
    if (next === null)
      return {
        problem: `${path.join('.')} cannot be changed in place: anchors or aliases are involved`,
        hint: `write ${reference} there by hand`,
      };
    result = next;
  }
  return result;
}

function listVariables(document: unknown, name: string): readonly PlainVariable[] {
  return Object.entries(asFields(own(asFields(document), 'services')) ?? {}).flatMap(([service, body]) =>
    ['env', 'environment'].flatMap((key) => {
      const values = own(asFields(body), key);
      const at = ['services', service, key];
      const listed = (asList(values) ?? []).flatMap((item, index) => {
        const line = asText(item);
        return line.startsWith(`${name}=`)
          ? toPlain({ service, value: line.slice(name.length + 1), path: [...at, index], prefix: `${name}=` })
          : [];
      });
      const given = own(asFields(values), name);
      const mapped =
        given === undefined || given === null || typeof given === 'object'
          ? []
          : toPlain({ service, value: asText(given), path: [...at, name], prefix: '' });
      return [...listed, ...mapped];
    }),
  );
}

/** The variable with what its value stands for (`$$` is one dollar sign); none where something is filled in. */
function toPlain(variable: PlainVariable): readonly PlainVariable[] {
  const parts = parseEnvValue(variable.value);
  if (isProblem(parts) || parts.some((part) => 'reference' in part)) return [];
  const value = parts.map((part) => ('text' in part ? part.text : '')).join('');
  return value === '' ? [] : [{ ...variable, value }];
}
