import type { DesiredStack } from '../../model/stack.ts';
import { createTextMask, hiddenTexts, MASK } from '../../model/secret.ts';
import { findClearSecrets, isHarmless } from './clear-secrets.ts';

export interface MaskSources {
  /** The stack as it is described now, was, and would be. */
  readonly descriptions: readonly (DesiredStack | undefined)[];
  /** Texts that are shown, of before and after. */
  readonly texts: readonly string[];
}

/** Shorter values would mask what is no secret. */
const MIN_LENGTH = 4;
/** Values, and letters that they are compared with, that are looked for in other places than where they stand. */
const MIN_VALUES = 100;
const MAX_COMPARED = 100_000_000;
/** A word that people may have taken for a password, and that is a part of many others. */
const WORD = /^(?:[a-z]+|.{4,5})$/i;

/** Takes secrets of a stack out of its texts: those that it refers to, and those that stand there in clear. */
export function createFileMask({ descriptions, texts }: MaskSources): (text: string) => string {
  const specs = descriptions.flatMap((stack) => stack?.resources.map(({ spec }) => spec) ?? []);
  const { secret, clear } = hiddenTexts(specs);
  const whole = texts.join('\n');
  const found = [...clear.filter((value) => !isHarmless(value)), ...findClearSecrets(texts)];
  const values = [...new Set(found)].slice(0, Math.max(MIN_VALUES, MAX_COMPARED / (whole.length + 1)));
  const words = values.filter((value) => value.length >= MIN_LENGTH && WORD.test(value));
  const hidden = words.filter((word) => !isNamed(word, whole)).map(asWord);
  const maskLong = createTextMask([...secret, ...values.filter((value) => !WORD.test(value))]);
  return (text) => hidden.reduce((masked, word) => masked.replaceAll(word, MASK), maskLong(text));
}

/** Tells a word that names something as well, a key or an image: masking it there would say what the password is. */
function isNamed(word: string, text: string): boolean {
  const { source } = asWord(word);
  return new RegExp(`${source}["']?\\s*:|image["']?\\s*:\\s*["']?[^\\s"',]*${source}`, 'm').test(text);
}

function asWord(word: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${word.replaceAll(/[^A-Za-z0-9]/g, '\\$&')}(?![A-Za-z0-9])`, 'g');
}
