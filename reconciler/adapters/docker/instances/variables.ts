/** The longest text that comes out of it: variables that name each other could grow without end. */
const MAX_EXPANDED_LENGTH = 1_048_576;

/**
 * `$(NAME)` by its value where there is one, as Kubernetes does; `$$(NAME)` stands for itself.
 *
 * @param maxLength the result ends there
 */
export function expandVariables(
  text: string,
  variables: ReadonlyMap<string, string>,
  maxLength = MAX_EXPANDED_LENGTH,
): string {
  let result = '';
  let from = 0;
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', from)) {
    result += text.slice(from, at);
    const second = text[at + 1];
    const end = second === '(' ? text.indexOf(')', at) : -1;
    // Nothing is closed from here on, so there is no other reference: doubled signs stand for one.
    if (second === '(' && end < 0) return (result + text.slice(at).replaceAll('$$', '$')).slice(0, maxLength);
    from = end >= 0 ? end + 1 : at + (second === '$' ? 2 : 1);
    result += end < 0 ? '$' : (variables.get(text.slice(at + 2, end)) ?? text.slice(at, from));
    if (result.length > maxLength) return result.slice(0, maxLength);
  }
  return (result + text.slice(from)).slice(0, maxLength);
}
