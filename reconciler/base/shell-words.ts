import type { Problem } from './problem.ts';

/** Splits a text into words as a POSIX shell does (quotes and backslashes; no expansion), the way Compose reads `command`. */
export function splitWords(text: string): readonly string[] | Problem {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (char === '\\' && quote !== "'") {
      const next = text.charAt(index + 1);
      if (next === '') return { problem: 'ends with a lone backslash' };
      const literal = quote === '"' && !'"\\$`'.includes(next);
      word = (word ?? '') + (literal ? char + next : next);
      index += 1;
    } else if (quote) {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote) return { problem: `has a ${quote} that is not closed`, hint: 'write it as a list of words' };
  if (word !== undefined) words.push(word);
  return words;
}
