/** Longest text that a pattern is tried on; nothing that has a form takes more. */
const MAX_FORMED_LENGTH = 4_096;

interface FormTest {
  test(text: string): boolean;
  toString(): string;
}

/** Expressions of schemas: some take time by the square of a text's length, which somebody hostile chooses. */
export function formTest(pattern: string, flags: string): FormTest {
  const expression = new RegExp(pattern, flags);
  return {
    test: (text) => text.length <= MAX_FORMED_LENGTH && expression.test(text),
    // It is known by this.
    toString: () => String(expression),
  };
}
/** Name of this function in validators that are compiled ahead of time. */
formTest.code = 'formTest';
