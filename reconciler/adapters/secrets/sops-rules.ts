import type { SopsMap } from './sops-format.ts';
import { undecryptable } from './age.ts';

/** Tells whether the value at a path is encrypted; `null` when only a look at the value can tell. */
export type EncryptionRule = (path: readonly string[]) => boolean | null;

const RULES = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const;

/** The rule of a file's metadata; at most one may be given. Throws SECRET_NOT_DECRYPTED. */
export function readRule(metadata: SopsMap, file: string): EncryptionRule {
  const given = RULES.flatMap((name) => {
    const value = metadata.get(name);
    return typeof value === 'string' && value !== '' ? [{ name, value }] : [];
  });
  if (given.length > 1)
    throw undecryptable(file, `its metadata holds both ${given[0]?.name} and ${given[1]?.name}`);
  const { name, value } = given[0] ?? { name: 'unencrypted_suffix', value: '_unencrypted' };
  switch (name) {
    case 'unencrypted_suffix':
      return (path) => !path.some((key) => key.endsWith(value));
    case 'encrypted_suffix':
      return (path) => path.some((key) => key.endsWith(value));
    case 'unencrypted_regex':
    case 'encrypted_regex': {
      const matches = compile(value);
      if (!matches) return () => null;
      return (path) => {
        const found = path.map(matches);
        return found.includes(true) || !found.includes(null)
          ? found.includes(true) === (name === 'encrypted_regex')
          : null;
      };
    }
    case 'unencrypted_comment_regex':
    case 'encrypted_comment_regex':
      return () => null;
    default:
      return name satisfies never;
  }
}

const MAX_PATTERN_LENGTH = 1_000;
const MAX_KEY_LENGTH = 200;
/** A repeated group with a repetition or a choice inside can take for ever here, though not in Go. */
const SLOW = /\((?:[^()\\]|\\.)*(?:[+*}]|\|)(?:[^()\\]|\\.)*\)[+*{]|\\[1-9]|\(\((?:.*)\)[+*{]/;
/** Steps of the comparisons of one file at most: some hundred milliseconds. */
const MAX_STEPS = 100_000_000;

/** SOPS speaks Go's regular expressions. What cannot be said safely, or in time, here is left to a look at the values. */
function compile(pattern: string): ((key: string) => boolean | null) | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH || SLOW.test(pattern)) return undefined;
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  const repetitions = pattern.match(/[*+?{]/g)?.length ?? 0;
  const ways = 2 ** (pattern.match(/\|/g)?.length ?? 0);
  let left = MAX_STEPS;
  try {
    const expression = new RegExp(rest, `u${flags}`);
    return (key) => {
      // The worst case: each way to spread the key over the repetitions, from each of its characters, for each choice.
      left -= ways * (key.length + 1) ** (repetitions + 1);
      return key.length <= MAX_KEY_LENGTH && left > 0 ? expression.test(key) : null;
    };
  } catch {
    // Go knows forms that are errors here.
    return undefined;
  }
}
