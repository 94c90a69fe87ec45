import { closest, distance } from 'fastest-levenshtein';

/** The candidate that was probably meant, or `undefined` when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || word.length > 100) return undefined;
  const lower = word.toLowerCase();
  const best = closest(lower, [...candidates]);
  return distance(lower, best.toLowerCase()) <= Math.max(word.length > 3 ? 2 : 1, Math.floor(word.length / 3))
    ? best
    : undefined;
}

/** `did you mean x?`, or the whole list when it is short and nothing is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean ${near}?`;
  if (candidates.length === 0 || candidates.length > 8) return undefined;
  return `known: ${candidates.join(', ')}`;
}
