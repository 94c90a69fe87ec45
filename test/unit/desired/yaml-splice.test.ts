import { describe, expect, it } from 'vitest';
import type { Json } from '../../../reconciler/base/json.ts';
import type { SplicePath } from '../../../reconciler/run/write/yaml-splice.ts';
import { spliceYaml } from '../../../reconciler/run/write/yaml-splice.ts';

const TEXT = `# The shop.
services:
  web:   # answers
    image: "nginx:1.28"   # pinned

    env:
      A: 1
      # about B
      B: two
    # about ports
    ports:
      - "80:80"   # http
      - "443:443"

  db: { image: postgres, env: [X=1, Y=2] }
  cache:
  list:
    - &a one
    - *a
volumes: {}
`;

interface Case {
  readonly when: string;
  readonly path: SplicePath;
  readonly value?: Json;
  /** Line by line: those that go, with -, and those that come, with +. */
  readonly want: readonly string[] | null;
}

const CASES: readonly Case[] = [
  {
    when: 'a scalar is replaced',
    path: ['services', 'web', 'image'],
    value: 'nginx:1.29',
    want: ['-    image: "nginx:1.28"   # pinned', '+    image: nginx:1.29   # pinned'],
  },
  {
    when: 'a key is added to a block',
    path: ['services', 'web', 'restart'],
    value: 'always',
    want: ['+    restart: always'],
  },
  {
    when: 'a key is added to an inner block',
    path: ['services', 'web', 'env', 'C'],
    value: 'x, y',
    want: ['+      C: "x, y"'],
  },
  { when: 'a key is taken out of a block', path: ['services', 'web', 'env', 'A'], want: ['-      A: 1'] },
  {
    when: 'a block list is replaced',
    path: ['services', 'web', 'ports'],
    value: ['81:80'],
    want: ['-    ports:', '-      - "80:80"   # http', '-      - "443:443"', '+    ports: [ "81:80" ]'],
  },
  {
    when: 'an item of a list is replaced',
    path: ['services', 'web', 'ports', 1],
    value: '444:443',
    want: ['-      - "443:443"', '+      - "444:443"'],
  },
  {
    when: 'a key is added to a flow map',
    path: ['services', 'db', 'restart'],
    value: 'no',
    want: [
      '-  db: { image: postgres, env: [X=1, Y=2] }',
      '+  db: { image: postgres, env: [X=1, Y=2], restart: no }',
    ],
  },
  {
    when: 'maps are made on the way',
    path: ['services', 'db', 'deploy', 'resources', 'limits'],
    value: { memory: '64m' },
    want: [
      '-  db: { image: postgres, env: [X=1, Y=2] }',
      '+  db: { image: postgres, env: [X=1, Y=2], deploy: { resources: { limits: { memory: 64m } } } }',
    ],
  },
  {
    when: 'something empty gets a value',
    path: ['services', 'cache', 'enabled'],
    value: false,
    want: ['-  cache:', '+  cache: { enabled: false }'],
  },
  {
    when: 'an empty flow map gets a key',
    path: ['volumes', 'v'],
    value: {},
    want: ['-volumes: {}', '+volumes: { v: {} }'],
  },
  {
    when: 'a top-level key is added',
    path: ['x-note'],
    value: 'it\'s: "odd"',
    want: ['+x-note: "it\'s: \\"odd\\""'],
  },
  { when: 'what is taken out is not there', path: ['services', 'web', 'nothing'], want: [] },
  { when: 'an anchor is in the way', path: ['services', 'list', 0], value: 'b', want: null },
  { when: 'an alias is in the way', path: ['services', 'list', 1], value: 'b', want: null },
  { when: 'a scalar is on the way', path: ['services', 'web', 'image', 'tag'], value: 'b', want: null },
];

describe('splicing', () => {
  it.each(CASES)('$when', ({ path, value, want }) => {
    const result = spliceYaml(TEXT, path, value);
    expect(result === null ? null : difference(TEXT, result)).toEqual(want);
  });

  it('refuses what has errors, and what would change more than was asked for', () => {
    const merged = 'x: &x { a: 1, b: { c: 1, d: 1 } }\ny: { <<: *x }\n';
    expect(spliceYaml('a: [', ['a'], 1)).toBeNull();
    expect(spliceYaml(merged, ['y', 'a'], 2)).toBe(merged.replace('*x }', '*x, a: 2 }'));
    expect(spliceYaml(merged, ['y', 'b', 'c'], 2)).toBeNull();
    expect(spliceYaml(merged, ['y', 'a'], undefined)).toBeNull();
    expect(spliceYaml(merged, ['x', 'a'], 2)).toBeNull();
  });

  it('takes a text without a newline at its end', () => {
    expect(spliceYaml('a:\n  b: 1', ['a', 'c'], 2)).toBe('a:\n  b: 1\n  c: 2');
  });

  it('prints nothing of a text to the terminal, whatever the parser thinks of it', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => void warnings.push(warning);
    process.on('warning', listen);
    expect(spliceYaml('a: 1\nb: !!binary [x]\n', ['a'], 2)).toBeNull();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  it('compares no key with all others, and leaves a text alone that has one twice', () => {
    const timeOf = (count: number) => {
      const text = Array.from({ length: count }, (_, index) => `k${index}: 1\n`).join('');
      const start = performance.now();
      expect(spliceYaml(text, ['k1'], 2)).toContain('k1: 2\n');
      return performance.now() - start;
    };
    timeOf(400);
    const few = timeOf(400);
    // Twenty times as many.
    expect(timeOf(8_000) / few).toBeLessThan(150);
    expect(spliceYaml('a: 1\nb: 1\nb: 2\n', ['a'], 2)).toBeNull();
  });

  it('leaves a text alone in which an alias stands inside of its own anchor', () => {
    expect(spliceYaml('a: 1\nb: &x { c: *x }\n', ['a'], 2)).toBeNull();
  });
});

function difference(before: string, after: string): string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !fresh.includes(line)).map((line) => `-${line}`),
    ...fresh.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}
