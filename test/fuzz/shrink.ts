import type { FuzzInput, Part } from './input.ts';

/** Tells whether an input still breaks the same rule at the same place. */
export type StillFails = (input: FuzzInput) => Promise<boolean>;

interface Shrinking {
  readonly stillFails: StillFails;
  /** Moment by `performance.now()`. */
  readonly until: number;
}

/**
 * Makes an input smaller as long as it still fails: without parts, without lines, without pieces of lines.
 *
 * @param milliseconds what is small by then is the answer
 */
export async function shrink(
  input: FuzzInput,
  stillFails: StillFails,
  milliseconds: number,
): Promise<FuzzInput> {
  const shrinking = { stillFails, until: performance.now() + milliseconds };
  const withParts = (parts: readonly Part[]): FuzzInput => ({ ...input, parts });
  let parts = await fewer(input.parts, (kept) => withParts(kept), shrinking);
  for (const [index, part] of parts.entries()) {
    if (part.type !== undefined && part.type !== 'file') continue;
    const put = (text: string) => withParts(parts.with(index, { ...part, text }));
    let text = await shorter(part.text, '\n', put, shrinking);
    text = await shorter(text, /(?<=[,{}[\]: ])|(?=[,{}[\]: ])/, put, shrinking);
    text = await shorter(text, '', put, shrinking);
    parts = parts.with(index, { ...part, text });
  }
  return withParts(parts);
}

async function shorter(
  text: string,
  separator: string | RegExp,
  put: (text: string) => FuzzInput,
  shrinking: Shrinking,
): Promise<string> {
  const glue = separator === '\n' ? '\n' : '';
  const pieces = text.split(separator);
  return (await fewer(pieces, (kept) => put(kept.join(glue)), shrinking)).join(glue);
}

/** Leaves out halves, quarters and so on down to single pieces, again and again until none can be left out. */
async function fewer<T>(
  pieces: readonly T[],
  put: (pieces: readonly T[]) => FuzzInput,
  { stillFails, until }: Shrinking,
): Promise<readonly T[]> {
  let kept = pieces;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length && kept.length > 1;) {
      if (performance.now() > until) return kept;
      const rest = kept.toSpliced(at, size);
      if (rest.length > 0 && (await stillFails(put(rest)))) kept = rest;
      else at += size;
    }
  }
  return kept;
}
