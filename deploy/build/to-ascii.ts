/**
 * Writes code with ASCII alone, other characters as escapes: V8 keeps a text in half the memory, and Node reads it faster. For texts, templates and
 * expressions, not for comments or names.
 */
export function toAscii(code: string): string {
  // One that a backslash stands before is itself: the backslash goes.
  return code.replaceAll(/(\\*)([\u0080-\uffff])/g, (_, slashes: string, character: string) => {
    const kept = slashes.length % 2 === 1 ? slashes.slice(1) : slashes;
    return `${kept}\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
