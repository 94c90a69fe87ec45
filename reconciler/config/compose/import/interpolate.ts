import { parseDotenv } from '../dotenv.ts';
import { isSensitiveName } from '../../../model/secret.ts';
import { toRecord } from '../../../base/values.ts';

/** What became of one variable. */
export interface VariableUse {
  readonly name: string;
  readonly kind: 'filled' | 'default' | 'secret' | 'empty';
}

/** A dollar sign stays doubled, but for the content of a file. */
export type Place = 'environment' | 'content' | 'elsewhere';

export interface Interpolated {
  readonly text: string;
  readonly uses: readonly VariableUse[];
}

const VARIABLE = /\$(?:(\$)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\}|([A-Za-z_]\w*))/g;

/**
 * Fills in Compose's variables once and for all. Where a kombination can hold a reference (in an environment, in the
 * content of a file), what is not known or is called like a secret becomes one.
 */
export function interpolate(
  text: string,
  values: Readonly<Record<string, string>>,
  place: Place,
): Interpolated {
  const uses: VariableUse[] = [];
  const literal = (value: string) => (place === 'content' ? value : value.replaceAll('$', '$$$$'));
  const result = text.replace(VARIABLE, (...groups: readonly (string | undefined)[]) => {
    const [, dollar, braced, operator = '', rest = '', bare] = groups;
    if (dollar !== undefined) return place === 'content' ? '$' : '$$';
    const name = braced ?? bare ?? '';
    const use = (kind: VariableUse['kind'], value: string) => {
      uses.push({ name, kind });
      return value;
    };
    const value = values[name];
    const given = value !== undefined && (value !== '' || !operator.startsWith(':'));
    if (operator.endsWith('+')) return use('filled', given ? literal(rest) : '');
    if (isSensitiveName(name) || (!given && !operator.endsWith('-')))
      return place === 'elsewhere' ? use('empty', '') : use('secret', referTo(name, place));
    if (given) return use('filled', literal(value));
    const inner = interpolate(rest, values, place);
    uses.push(...inner.uses);
    return use('default', inner.text);
  });
  return { text: result, uses };
}

function referTo(name: string, place: Place): string {
  return place === 'content' ? `\${secret:env/${name}}` : `\${${name}}`;
}

/** The variables of a `.env` file. */
export function parseDotEnv(text: string): Readonly<Record<string, string>> {
  const { entries } = parseDotenv(text, { lookup: () => undefined });
  return toRecord(
    entries.flatMap(({ name, value, plain }) => (value === null ? [] : [[name, plain] as const])),
  );
}
