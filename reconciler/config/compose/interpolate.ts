/*
 * Variables in a text, as Compose fills them in: $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message},
 * ${NAME?message}, ${NAME:+other}, ${NAME+other}, $$; defaults may hold variables themselves. ${secret:…} is left alone.
 */

/** A text taken apart. */
export type TemplatePart =
  | { readonly text: string }
  | { readonly secret: string }
  | {
      readonly name: string;
      /** Operator; with the colon, a variable that is empty counts as one that is not set. */
      readonly operator: '' | '-' | ':-' | '?' | ':?' | '+' | ':+';
      readonly word: string;
      /** `$NAME`, without braces. */
      readonly isBare?: boolean;
    };

export interface TemplateProblem {
  readonly problem: string;
}

const NAME = /^[_A-Za-z][_A-Za-z0-9]*/;

/** Takes a text apart, or says what is wrong with it. */
export function parseTemplate(text: string): readonly TemplatePart[] | TemplateProblem {
  const parts: TemplatePart[] = [];
  let plain = '';
  const add = (part: TemplatePart): void => {
    if (plain) parts.push({ text: plain });
    plain = '';
    parts.push(part);
  };
  let index = 0;
  while (index < text.length) {
    const dollar = text.indexOf('$', index);
    if (dollar === -1) break;
    plain += text.slice(index, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      plain += '$';
      index = dollar + 2;
    } else if (next === '{') {
      const end = closingBrace(text, dollar + 2);
      const inside = text.slice(dollar + 2, end);
      const part = end === -1 ? undefined : parseInside(inside);
      if (!part)
        return { problem: `"${text.slice(dollar, end === -1 ? undefined : end + 1)}" is not a variable` };
      add(part);
      index = end + 1;
    } else {
      const name = NAME.exec(text.slice(dollar + 1))?.[0];
      // One that begins no variable stands for itself.
      if (name === undefined) plain += '$';
      else add({ name, operator: '', word: '', isBare: true });
      index = dollar + 1 + (name?.length ?? 0);
    }
  }
  plain += text.slice(index);
  if (plain || parts.length === 0) parts.push({ text: plain });
  return parts;
}

/** Braces inside of defaults belong to the variables in them. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    if (text[index] === '$' && text[index + 1] === '{') depth += 1;
    else if (text[index] === '}') {
      if (depth === 0) return index;
      depth -= 1;
    }
  }
  return -1;
}

function parseInside(inside: string): TemplatePart | undefined {
  if (inside.startsWith('secret:')) return { secret: `\${${inside}}` };
  const name = NAME.exec(inside)?.[0];
  if (name === undefined) return undefined;
  const rest = inside.slice(name.length);
  if (rest === '') return { name, operator: '', word: '' };
  const [, operator, word = ''] = /^(:?[-?+])(.*)$/s.exec(rest) ?? [];
  switch (operator) {
    case '-':
    case ':-':
    case '?':
    case ':?':
    case '+':
    case ':+':
      return { name, operator, word };
    default:
      return undefined;
  }
}

/** The sources and substitutes that filling in uses. */
export interface Filler {
  readonly lookup: (name: string) => string | undefined;
  /** Value of a variable that is not set and has no default; `written`: as it stands in the text. */
  readonly unset: (name: string, written: string) => string;
  /** Value of a variable that is not set and must be. */
  readonly required: (name: string, message: string) => string;
  /** Value of a variable whose default is taken; `isSet`: it is set, and empty. Default: the default. */
  readonly otherwise?: (name: string, fallback: string, isSet: boolean) => string;
  /** Returns what stands for the value of a variable. Default: the value, as a text of the template. */
  readonly value?: (name: string, value: string) => string;
  /** Returns what stands for a reference to a secret. Default: the reference. */
  readonly secret?: (reference: string) => string;
  /** Returns what stands for a text of the template. Default: the text. */
  readonly plain?: (text: string) => string;
}

/** The text with its variables filled in; a template that cannot be read is returned as a problem. */
export function fillTemplate(text: string, filler: Filler): string | TemplateProblem {
  const { plain = (part: string) => part, secret = (part: string) => part } = filler;
  if (!text.includes('$')) return plain(text);
  const parts = parseTemplate(text);
  if ('problem' in parts) return parts;
  let result = '';
  for (const part of parts) {
    const value =
      'text' in part ? plain(part.text) : 'secret' in part ? secret(part.secret) : fillVariable(part, filler);
    if (typeof value !== 'string') return value;
    result += value;
  }
  return result;
}

type Variable = Extract<TemplatePart, { readonly operator: string }>;

function fillVariable({ name, operator, word, isBare }: Variable, filler: Filler): string | TemplateProblem {
  const { lookup, unset, required, plain = (text: string) => text } = filler;
  const { value: given = (_name: string, text: string) => plain(text) } = filler;
  const value = lookup(name);
  const there = value !== undefined && (value !== '' || !operator.startsWith(':'));
  switch (operator) {
    case '+':
    case ':+':
      return there ? fillTemplate(word, filler) : '';
    case '?':
    case ':?':
      return there ? given(name, value) : required(name, word);
    case '-':
    case ':-': {
      if (there) return given(name, value);
      const fallback = fillTemplate(word, filler);
      if (typeof fallback !== 'string') return fallback;
      return filler.otherwise?.(name, fallback, value !== undefined) ?? fallback;
    }
    case '':
      return value === undefined ? unset(name, isBare ? `$${name}` : `\${${name}}`) : given(name, value);
    default:
      return operator satisfies never;
  }
}
