/** Characters that no terminal and no table gets as they are. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u3164\uFFA0]/gu;
const CONTROLS_IN_TEXT = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115F\u1160\u3164\uFFA0]/gu;

/**
 * A text of others (a repository, a container, an engine, a server) as it may be shown within one line: control characters, and those that are not
 * seen or turn the order around, are written out (`\x1b`, `\u202e`). A terminal would obey them, and show something else than what was said.
 */
export function showLine(text: string): string {
  return text.replace(CONTROLS, writeOut);
}

/** The same for a text of several lines: ends of lines and tabs stay. */
export function showText(text: string): string {
  return text.replace(CONTROLS_IN_TEXT, writeOut);
}

/** A text of at most so many UTF-16 units, with an ellipsis where something was cut off; no character is cut in two. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** Escapes that JSON knows, but for those that its writers never leave in. */
function writeOut(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return `\\x${code.toString(16).padStart(2, '0')}`;
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
