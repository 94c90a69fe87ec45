import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGoYaml } from '../../../reconciler/pods/go-yaml.ts';
import { parsePodYaml } from '../../../reconciler/pods/parse-pod-yaml.ts';

const LONG = 'echo one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen';

describe('YAML as Kubernetes writes it', () => {
  it.each([
    { text: 'nginx:stable', yaml: 'nginx:stable' },
    { text: '', yaml: '""' },
    { text: 'yes', yaml: '"yes"' },
    { text: 'y', yaml: '"y"' },
    { text: 'null', yaml: '"null"' },
    { text: '8080', yaml: '"8080"' },
    { text: '0x1F', yaml: '"0x1F"' },
    { text: '1e3', yaml: '"1e3"' },
    { text: '1_000', yaml: '"1_000"' },
    { text: '12:30:45', yaml: '"12:30:45"' },
    { text: '2026-02-10', yaml: '"2026-02-10"' },
    { text: '100m', yaml: '100m' },
    { text: '- dash', yaml: "'- dash'" },
    { text: '-flag', yaml: '-flag' },
    { text: 'key: value', yaml: "'key: value'" },
    { text: "it's: so", yaml: "'it''s: so'" },
    { text: 'a #comment', yaml: "'a #comment'" },
    { text: '*alias', yaml: "'*alias'" },
    { text: ' leading', yaml: "' leading'" },
    { text: 'tab\there', yaml: '"tab\\there"' },
    { text: 'bell\u0007', yaml: '"bell\\a"' },
    { text: 'größe', yaml: 'größe' },
    { text: '😀', yaml: '"\\U0001F600"' },
    { text: 'one\ntwo', yaml: '|-\n  one\n  two' },
    { text: 'one\ntwo\n', yaml: '|\n  one\n  two' },
    { text: 'one\n\n', yaml: '|+\n  one\n' },
    { text: '  one\ntwo', yaml: '|2-\n    one\n  two' },
    { text: 'one \ntwo', yaml: '"one \\ntwo"' },
    {
      text: LONG,
      yaml: 'echo one two three four five six seven eight nine ten eleven twelve thirteen fourteen\n  fifteen',
    },
  ])('writes $text', ({ text, yaml }) => {
    expect(formatGoYaml({ k: text })).toBe(`k: ${yaml}\n`);
  });

  it('writes lists at the indent of their key, and what is empty on one line', () => {
    const value = { b: [{ x: 1, a: ['p', ['q']] }, [], {}], a: {}, c: [] };
    expect(formatGoYaml(value)).toBe('a: {}\nb:\n- a:\n  - p\n  - - q\n  x: 1\n- []\n- {}\nc: []\n');
  });

  it('sorts keys with numbers by their value, and letters after everything else', () => {
    const keys = ['a10', 'a2', 'app.kubernetes.io/name', 'app', 'a-b', 'ab', 'B', '_x'];
    const order = formatGoYaml(Object.fromEntries(keys.map((key) => [key, true])))
      .split('\n')
      .map((line) => line.replace(': true', ''));
    expect(order).toEqual(['_x', 'B', 'a-b', 'a2', 'a10', 'ab', 'app', 'app.kubernetes.io/name', '']);
  });

  it('is read as what was written, whatever the texts are', () => {
    // All but halves of surrogate pairs. As a unit of `fc.string` they would be put into a map first, which takes seconds.
    const codePoint = fc.oneof(
      { weight: 0xd800, arbitrary: fc.integer({ min: 0, max: 0xd7ff }) },
      { weight: 0x110000 - 0xe000, arbitrary: fc.integer({ min: 0xe000, max: 0x10ffff }) },
    );
    const text = fc.oneof(
      fc.string({ maxLength: 120 }),
      fc.array(codePoint, { maxLength: 40 }).map((points) => String.fromCodePoint(...points)),
      fc
        .array(fc.constantFrom('a', ' ', '\n', ':', '#', '-', "'", '"', '\t', '0', 'é', '…', '  '), {
          maxLength: 30,
        })
        .map((parts) => parts.join('')),
      fc
        .array(fc.constantFrom('word', 'longer-word', "it's", '#x', 'k:'), { maxLength: 40 })
        .map((words) => words.join(' ')),
    );
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(text, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(text, value, { maxKeys: 4 }), (given) => {
        const clean = JSON.parse(JSON.stringify(given)) as Record<string, never>;
        expect(parsePodYaml(formatGoYaml(clean))).toEqual(clean);
      }),
      { numRuns: 400 },
    );
  }, 30_000);
});
