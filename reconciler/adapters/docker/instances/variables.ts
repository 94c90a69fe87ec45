/** The longest text that comes out of it: variables that name each other could grow without end. */
const MAX_EXPANDED_LENGTH = 1_048_576;

/** `$(NAME)` by its value where there is one, as Kubernetes does; `$$(NAME)` stands for itself. */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  let [result, rest] = ['', text];
  for (let at = rest.indexOf('$'); at >= 0; at = rest.indexOf('$')) {
    result += rest.slice(0, at);
    const { written, length } = readReference(rest.slice(at), variables);
    result += written;
    rest = rest.slice(at + length);
    if (result.length > MAX_EXPANDED_LENGTH) return result.slice(0, MAX_EXPANDED_LENGTH);
  }
  return result + rest;
}

function readReference(
  text: string,
  variables: ReadonlyMap<string, string>,
): { readonly written: string; readonly length: number } {
  if (text[1] === '$') return { written: '$', length: 2 };
  const end = text[1] === '(' ? text.indexOf(')') : -1;
  if (end < 0) return { written: '$', length: 1 };
  const reference = text.slice(0, end + 1);
  return { written: variables.get(text.slice(2, end)) ?? reference, length: reference.length };
}
