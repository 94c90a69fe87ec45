import { parseDotenv } from '../dotenv.ts';
import { fillTemplate } from '../interpolate.ts';
import { isSensitiveName } from '../../../model/secret.ts';
import { toRecord } from '../../../base/values.ts';

/** Outcome of one variable. */
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

/**
 * Fills in Compose's variables once and for all. Where a kombination can hold a reference (in an environment, in the
 * content of a file), what is not known or is called like a secret becomes one. A text that cannot be read stays as it is,
 * for the check of the kombination to report.
 */
export function interpolate(
  text: string,
  values: Readonly<Record<string, string>>,
  place: Place,
): Interpolated {
  const kinds = new Map<string, VariableUse['kind']>();
  const literal = (value: string) => (place === 'content' ? value : value.replaceAll('$', '$$$$'));
  const use = (name: string, kind: VariableUse['kind'], value: string): string => {
    kinds.set(name, kind);
    return value;
  };
  const refer = (name: string): string =>
    place === 'elsewhere' ? use(name, 'empty', '') : use(name, 'secret', referTo(name, place));
  const filled = fillTemplate(text, {
    lookup(name) {
      if (!kinds.has(name)) kinds.set(name, 'filled');
      return Object.hasOwn(values, name) ? values[name] : undefined;
    },
    plain: literal,
    value: (name, value) => (isSensitiveName(name) ? refer(name) : literal(value)),
    unset: refer,
    required: refer,
    otherwise: (name, fallback) => (isSensitiveName(name) ? refer(name) : use(name, 'default', fallback)),
  });
  if (typeof filled !== 'string') return { text, uses: [] };
  return { text: filled, uses: [...kinds].map(([name, kind]) => ({ name, kind })) };
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
