import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../../reconciler/plan/text/diff-lines.ts';
import { maskLines } from '../../../reconciler/plan/text/mask-lines.ts';
import { measureProcessor } from '../../support/numbers/processor-time.ts';

describe('diffLines', () => {
  it.each([
    { what: 'nothing', before: 'a\n', after: 'a\n', lines: [] },
    {
      what: 'one line among others',
      before: '1\n2\n3\n4\n5\n',
      after: '1\n2\nx\n4\n5\n',
      lines: ['@@ -1,5 +1,5 @@', ' 1', ' 2', '-3', '+x', ' 4', ' 5'],
    },
    { what: 'a new file', before: '', after: 'a\nb\n', lines: ['@@ -0,0 +1,2 @@', '+a', '+b'] },
    { what: 'a file that goes', before: 'a\n', after: '', lines: ['@@ -1,1 +0,0 @@', '-a'] },
    {
      what: 'the end of the last line alone',
      before: 'a\n',
      after: 'a',
      lines: ['@@ -1,1 +1,2 @@', ' a', '+\\ No newline at end of file'],
    },
  ])('tells $what', ({ before, after, lines }) => {
    expect(diffLines(before, after).lines).toEqual(lines);
  });

  it('shows what lies far apart in parts, and no more lines than asked for', () => {
    const before = Array.from({ length: 30 }, (_, index) => `${index}\n`);
    const after = before.with(2, 'x\n').with(25, 'y\n').join('');
    const { lines } = diffLines(before.join(''), after, { context: 1 });
    expect(lines).toEqual([
      '@@ -2,3 +2,3 @@',
      ' 1',
      '-2',
      '+x',
      ' 3',
      '@@ -25,3 +25,3 @@',
      ' 24',
      '-25',
      '+y',
      ' 26',
    ]);
    expect(diffLines(before.join(''), after, { context: 1, maxLines: 4 })).toEqual({
      lines: lines.slice(0, 4),
      omitted: 6,
    });
  });

  it('holds the whole of both texts when nothing is left out, whatever they are', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
      .map((lines) => lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { lines } = diffLines(before, after, { context: 100, maxLines: 1_000 });
        const side = (sign: string) =>
          lines
            .filter((line) => !line.startsWith('@@') && (line.startsWith(' ') || line.startsWith(sign)))
            .map((line) => `${line.slice(1)}\n`)
            .join('');
        if (before !== after) expect([side('-'), side('+')]).toEqual([before, after]);
        else expect(lines).toEqual([]);
      }),
    );
  });

  it('takes a moment for texts that have nothing in common', () => {
    const timeOf = (length: number): number => {
      const many = (word: string) => Array.from({ length }, (_, index) => `${word}${index}`).join('\n');
      const [before, after] = [many('a'), many('b')];
      return timed(() => {
        const { lines, omitted } = diffLines(before, after, { maxLines: 3 });
        expect([lines.length, omitted]).toEqual([3, 2 * length - 1]);
      });
    };
    expectLinear(timeOf, 5_000);
  });
});

describe('maskLines', () => {
  it.each([
    ['password = hunter2', 'password = ***'],
    ['  "apiKey": "abc",', '  "apiKey": ***'],
    ['export DB_PASSWORD=x', 'export DB_PASSWORD=***'],
    ['requirepass correct-horse', 'requirepass ***'],
    ['proxy_pass http://app:3000;', 'proxy_pass http://app:3000;'],
    ['proxy_pass http://me:pw@app:3000;', 'proxy_pass http://me:***@app:3000;'],
    ['spring.datasource.password: x', 'spring.datasource.password: ***'],
    ['<Password>x</Password> <Port>1</Port>', '<Password>***</Password> <Port>1</Port>'],
    ['Authorization: Bearer abcdefgh12345', 'Authorization: Bearer ***'],
    ['key ghp_0123456789abcdefghij0123', 'key ***'],
    ['password_file = /run/secrets/db', 'password_file = /run/secrets/db'],
    ['a secret is kept here', 'a secret is kept here'],
    ['level = info', 'level = info'],
    ['env: { DB_PASSWORD: "a, b", LEVEL: info }', 'env: { DB_PASSWORD: ***, LEVEL: info }'],
    ['env: { LEVEL: info, DB_PASSWORD: a } ', 'env: { LEVEL: info, DB_PASSWORD: ***} '],
    ['env: [A=b, "DB_PASSWORD=c d", E=f]', 'env: [A=b, "DB_PASSWORD=***", E=f]'],
    ['env: { name: API_KEY, value: x }', 'env: { name: API_KEY, value: ***}'],
    ['run --token abc --level info', 'run --token *** --level info'],
    ['image: host/token-service:1.2', 'image: host/token-service:1.2'],
    ['secrets: { db: { file: ./db.age } }', 'secrets: { db: { file: ./db.age } }'],
    ['url: ${DB_PASSWORD:-x}/y', 'url: ${DB_PASSWORD:***}/y'],
  ])('%s', (line, masked) => expect(maskLines([line])).toEqual([masked]));

  it.each([
    ['a block', 'password: |\n  a\n\n  b\nc: d', 'password: ***\n  ***\n\n  ***\nc: d'],
    ['a value below its name', 'password:\n  a\nc: d', 'password:\n  ***\nc: d'],
    ['items', 'tokens:\n- a\nc: d', 'tokens:\n- ***\nc: d'],
    ['names of secrets', 'secrets:\n  - a\n  - b', 'secrets:\n  - a\n  - b'],
    ['maps', 'credentials:\n  user: a\n  pass: b', 'credentials:\n  user: a\n  pass: ***'],
    [
      'a name and a value',
      '- name: KEY_TOKEN\n  value: a\n- name: b',
      '- name: KEY_TOKEN\n  value: ***\n- name: b',
    ],
    ['quotes', 'A_TOKEN="a\nb"\nC=d', 'A_TOKEN=***\n***\nC=d'],
    ['comments', '  # token: x\n    a: b', '  # token: ***\n    a: b'],
    ['a manifest', 'kind: Secret\ndata:\n  a: b\ntype: c', 'kind: Secret\ndata:\n  a: ***\ntype: c'],
  ])('masks %s', (_what, text, masked) => expect(maskLines(text.split('\n')).join('\n')).toBe(masked));

  it('takes a moment for long lines', () => {
    const timeOf = (many: number): number => {
      const lines = ['<a '.repeat(many), '-password'.repeat(many), `a: { password: ${'},'.repeat(many)}x`];
      const names = Array.from({ length: many }, () => 'password:');
      return timed(() => expect(maskLines([...lines, ...names])).toHaveLength(many + 3));
    };
    expectLinear(timeOf, 12_500);
  });

  it('masks keys line by line', () => {
    const begin = ['-----BEGIN PRIVATE', 'KEY-----'].join(' ');
    const end = ['-----END PRIVATE', 'KEY-----'].join(' ');
    expect(maskLines(['a', begin, 'MIIE', end, 'b'])).toEqual(['a', '***', '***', '***', 'b']);
  });
});

/** Milliseconds of processor time. */
function timed(work: () => void): number {
  const passed = measureProcessor();
  work();
  return passed();
}

/** Comparing everything with everything takes 64 times as long for eight times as much. */
function expectLinear(timeOf: (size: number) => number, size: number): void {
  // The quickest of several: garbage is collected in the others.
  const quickest = (of: number) => Math.min(...Array.from({ length: 5 }, () => timeOf(of)));
  const small = quickest(size);
  expect(quickest(8 * size)).toBeLessThan(30 * Math.max(1, small));
}
