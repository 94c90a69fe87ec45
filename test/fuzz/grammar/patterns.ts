import * as fc from 'fast-check';

/** Fixed, so that the same seed of a run picks the same texts whatever was drawn before. */
const SEED = 1;
const TEXTS_PER_PATTERN = 60;

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
  try {
    return [...new Set(fc.sample(fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: 24 }), options))];
  } catch {
    // Patterns that look ahead, or are longer than that, are beyond the library: texts that mostly do not match are worth trying as well.
    return [...new Set(fc.sample(fc.string({ maxLength: 24 }), options))];
  }
}
