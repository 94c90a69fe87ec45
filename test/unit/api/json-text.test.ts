import { assert, json, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../api/http/json-text.ts';

describe('parseJson', () => {
  it.each([
    ['', 'unexpected end at line 1, column 1'],
    ['{', 'unexpected end at line 1, column 2'],
    ['{"a": tru}', 'unexpected "}" at line 1, column 10'],
    ['name: x', 'unexpected "a" at line 1, column 2'],
    ['services:\n  - web', 'unexpected "s" at line 1, column 1'],
    ['{"a": 1,}', 'unexpected "}" at line 1, column 9'],
    ['{"a": 1} x', 'unexpected "x" at line 1, column 10'],
    ["{\n  'a': 1\n}", `unexpected "'" at line 2, column 3`],
    ['{"a":\n\n  01}', 'unexpected "1" at line 3, column 4'],
    ['{"a": "\n"}', 'unexpected "\\n" at line 1, column 8'],
    ['["unfinished', 'unexpected end at line 1, column 13'],
    ['[1, 😀]', 'unexpected "😀" at line 1, column 5'],
    ['['.repeat(65), 'nested deeper than 64 levels at line 1, column 65'],
  ])('says where %j stops being JSON', (text, message) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ details: [{ field: 'body', message }] }));
  });

  it('takes brackets in strings for what they are', () => {
    const text = JSON.stringify({ text: '[{"\\'.repeat(200) });

    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('reads whatever is JSON', () => {
    assert(
      property(json({ maxDepth: 5 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses whatever is not, at a place inside it', () => {
    assert(
      property(json({ maxDepth: 3 }), nat(), (text, seed) => {
        const broken = `${text.slice(0, seed % text.length)}\u0001${text.slice(seed % text.length)}`;
        expect(() => parseJson(broken)).toThrow(/^the body is not JSON: .* at line 1, column \d+$/);
      }),
    );
  });
});
