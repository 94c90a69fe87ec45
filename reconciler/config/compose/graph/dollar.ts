/** A text that was filled in, with its dollar signs as they are meant: until here they are doubled. */
export function undouble(text: string): string {
  return text.replaceAll('$$', '$');
}

/** Tells whether a text asks for a variable whose value is not known, or is a secret. */
export function asksForVariable(text: string): boolean {
  return text.replaceAll('$$', '').includes('${');
}

/** A word of a command as a pod has it: `$(NAME)` would be filled in there, and two dollar signs be one. */
export function toPodWord(text: string): string {
  return undouble(text).replaceAll(/\$(?=[($])/g, '$$$$');
}
