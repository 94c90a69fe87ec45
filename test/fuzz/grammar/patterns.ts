import * as fc from 'fast-check';

/** Fixed, so that the same seed of a run picks the same texts whatever was drawn before. */
const SEED = 1;
const TEXTS_PER_PATTERN = 60;
/** Errors of the library for what it does not know of a pattern, and for what is longer than is asked for. */
const BEYOND_LIBRARY = /not implemented yet|fc\.integer maximum value/;

/** Makes texts that match the patterns of schemas, a few dozen for each, made when it is first asked for. */
export function createPatternTexts(): (pattern: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (pattern) => {
    const texts = known.get(pattern) ?? sample(pattern);
    known.set(pattern, texts);
    return texts;
  };
}

function sample(pattern: string): readonly string[] {
  const options = { seed: SEED, numRuns: TEXTS_PER_PATTERN };
  const compiled = new RegExp(pattern, 'u');
  try {
    return [...new Set(fc.sample(fc.stringMatching(compiled, { maxLength: 24 }), options))];
  } catch (error) {
    if (!BEYOND_LIBRARY.test(String(error))) throw error;
    // Patterns that look ahead, or are longer than that, are beyond the library: texts that mostly do not match are worth trying as well.
    return [...new Set(fc.sample(fc.string({ maxLength: 24 }), options))];
  }
}
