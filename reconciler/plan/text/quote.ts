import { cutText, showText } from '../../base/shown-text.ts';

/** Longest text of others that is quoted, in characters. */
const MAX_QUOTED = 500;

/**
 * A text of others in Markdown, as code. Escapes would keep mark-up from taking effect, but hosts look for names (`@ada`), issues (`#7`, `!7`, `GH-7`) and addresses in what
 * was made out of the Markdown, where escapes are gone; in code they look for nothing.
 *
 * @returns one line; within tables, `|` does no harm either. Blank where there is no text
 */
export function quoteCode(text: string, maxLength = MAX_QUOTED): string {
  // Writing out would be work for nothing where it is cut off.
  const line = showText(cutText(text, 2 * maxLength))
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('\t', ' ')
    .trim();
  if (line === '') return '';
  return `\`${cutText(line, maxLength).replaceAll('`', "'").replaceAll('|', '¦')}\``;
}
