import { HttpProblem } from '../../../http/problem.ts';

/**
 * Reads words with commas between. Throws VALIDATION_ERROR that names each one that is not known.
 *
 * @param field name of the parameter
 */
export function readWords<T extends string>(field: string, text: string, known: readonly T[]): readonly T[] {
  const words = text.split(',').map((word) => word.trim());
  const isKnown = (word: string): word is T => known.some((one) => one === word);
  const details = words
    .filter((word) => !isKnown(word))
    .map((word) => ({
      field,
      message: `${word === '' ? 'an empty word' : word} is none of ${known.join(', ')}`,
    }));
  if (details.length === 0) return words.filter(isKnown);
  const message = details.length === 1 ? `${field}: ${details[0]?.message}` : `${details.length} problems`;
  throw new HttpProblem('VALIDATION_ERROR', `the query is not valid: ${message}`, { details });
}
