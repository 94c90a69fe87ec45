import { isSensitiveName } from '../../../model/secret.ts';
import type { Filler } from '../interpolate.ts';
import type { Origin } from '../node.ts';
import type { Environment, Mode, VariablePolicy } from '../project.ts';

/** Outcome of one variable. */
export type VariableUse = 'filled' | 'default' | 'secret' | 'empty';

/** Outcomes of the variables of each value, by name. */
export type VariableUses = Map<Origin, Map<string, VariableUse>>;

export interface ImportedVariables extends VariablePolicy {
  readonly uses: VariableUses;
  /** Variables whose values hold a secret, whatever they are called. */
  readonly tainted: Set<string>;
}

/**
 * Variables are filled in once and for all: the `.env` of the project does not come along. Where a kombination can hold a
 * reference (in an environment, in the content of a file), what is not known or is a secret becomes one.
 */
export function createImportedVariables(): ImportedVariables {
  const uses: VariableUses = new Map();
  const tainted = new Set<string>();
  const isSecret = (name: string): boolean => isSensitiveName(name) || tainted.has(name);
  return {
    uses,
    tainted,
    isSecret,
    fillerAt(_project, { origin, environment, mode }) {
      const kinds = uses.get(origin) ?? new Map<string, VariableUse>();
      uses.set(origin, kinds);
      // Fragments that are shared through anchors are most often environments.
      const isShared = String(origin.path[0]).startsWith('x-');
      return createFiller({ kinds, mode: isShared ? 'env' : mode, environment, isSecret });
    },
  };
}

interface FillerOptions {
  readonly kinds: Map<string, VariableUse>;
  readonly mode: Mode;
  readonly environment: Environment;
  readonly isSecret: (name: string) => boolean;
}

function createFiller({ kinds, mode, environment, isSecret }: FillerOptions): Filler {
  const use = (name: string, kind: VariableUse, value: string): string => {
    kinds.set(name, kind);
    return value;
  };
  // A dollar sign stays doubled, but for the content of a file.
  const literal = (value: string): string => (mode === 'content' ? value : value.replaceAll('$', '$$$$'));
  const refer = (name: string): string => {
    if (mode === 'content') return use(name, 'secret', `\${secret:env/${name}}`);
    return mode === 'env' ? use(name, 'secret', `\${${name}}`) : use(name, 'empty', '');
  };
  return {
    lookup(name) {
      if (!kinds.has(name)) kinds.set(name, 'filled');
      return environment.get(name);
    },
    plain: literal,
    value: (name, value) => (isSecret(name) ? refer(name) : literal(value)),
    unset: refer,
    required: refer,
    otherwise: (name, fallback) => (isSecret(name) ? refer(name) : use(name, 'default', fallback)),
  };
}

/** Names of variables whose values hold a password: `URL=postgres://u:${DB_PASSWORD}@db`. */
export function findTainted(environment: Environment): readonly string[] {
  const secrets = [...environment].flatMap(([name, value]) =>
    isSensitiveName(name) && value !== '' ? [`:${value}@`] : [],
  );
  return [...environment].flatMap(([name, value]) =>
    !isSensitiveName(name) && secrets.some((secret) => value.includes(secret)) ? [name] : [],
  );
}

const WORDS: Readonly<Record<VariableUse, string>> = {
  filled: 'is filled in as .env has it',
  default: 'is filled in with its default',
  secret: 'stays a secret',
  empty: 'is not known, or is a secret that cannot stand here: nothing is put in its place',
};

export function describeUse(name: string, use: VariableUse): string {
  const more = use === 'secret' ? `; give the daemon KOMBINATOR_SECRET_${name}` : '';
  return `\${${name}} ${WORDS[use]}${more}`;
}
