import { describe, expect, it } from 'vitest';
import { formatPath } from '../../../reconciler/base/document-path.ts';
import { parseYaml } from '../../../reconciler/config/yaml-document.ts';

describe('formatPath', () => {
  it.each([
    { path: [], text: '' },
    { path: ['services', 'web', 'ports', 0], text: 'services.web.ports[0]' },
    { path: ['services', 0, 'name'], text: 'services[0].name' },
    { path: ['labels', 'a.b/c'], text: 'labels["a.b/c"]' },
  ])('writes $text', ({ path, text }) => {
    expect(formatPath(path)).toBe(text);
  });
});

describe('parseYaml', () => {
  it('reads anchors and merge keys', () => {
    const { value, problems } = parseYaml('a: &x { k: 1, l: 2 }\nb: { <<: *x, l: 3 }\n');
    expect(problems).toEqual([]);
    expect(value).toEqual({ a: { k: 1, l: 2 }, b: { k: 1, l: 3 } });
  });

  it('keeps keys as texts', () => {
    expect(parseYaml('1: a\ntrue: b\n').value).toEqual({ 1: 'a', true: 'b' });
  });

  it.each([
    { what: 'a value', path: ['b', 'c'], at: 'value' as const, want: { line: 3, column: 6 } },
    { what: 'a key', path: ['b', 'c'], at: 'key' as const, want: { line: 3, column: 3 } },
    { what: 'an item', path: ['l', 1], at: 'value' as const, want: { line: 4, column: 8 } },
    { what: 'an empty value by its key', path: ['e'], at: 'value' as const, want: { line: 6, column: 1 } },
    {
      what: 'something missing by what should hold it',
      path: ['b', 'x'],
      at: 'value' as const,
      want: { line: 2, column: 1 },
    },
    {
      what: 'a merged key in its source',
      path: ['m', 'c'],
      at: 'value' as const,
      want: { line: 3, column: 6 },
    },
    {
      what: 'an aliased value in its anchor',
      path: ['n', 'c'],
      at: 'value' as const,
      want: { line: 3, column: 6 },
    },
  ])('finds $what', ({ path, at, want }) => {
    const text = 'a: 1\nb: &b\n  c: 2\nl: [0, 1]\nm: { <<: *b }\ne:\nn: *b\n';
    expect(parseYaml(text).position(path, at)).toEqual(want);
  });

  it.each([
    { what: 'a syntax error', text: 'a: [1,\nb: 2\n', code: 'YAML_SYNTAX', line: 2 },
    { what: 'a tab', text: 'a:\n\tb: 1\n', code: 'YAML_SYNTAX', line: 2 },
    { what: 'several documents', text: 'a: 1\n---\nb: 2\n', code: 'YAML_SYNTAX', line: 2 },
    { what: 'YAML 1.1', text: '%YAML 1.1\n---\na: yes\n', code: 'YAML_SYNTAX', line: 1 },
    { what: 'an unknown tag', text: 'a: 1\nb: !secret x\n', code: 'YAML_SYNTAX', line: 2 },
    { what: 'a set', text: 'a: 1\nb: !!set {c}\n', code: 'YAML_SYNTAX', line: 2 },
    { what: 'bytes', text: 'a: 1\nb: !!binary aGk=\n', code: 'YAML_SYNTAX', line: 2 },
    { what: 'a duplicate key', text: 'a: 1\nb: 2\na: 3\n', code: 'DUPLICATE_KEY', line: 3 },
    { what: 'an unknown alias', text: 'a: *nothing\n', code: 'YAML_SYNTAX', line: 1 },
    {
      what: 'too deep nesting',
      text: `a: ${'['.repeat(200)}${']'.repeat(200)}`,
      code: 'YAML_SYNTAX',
      line: 1,
    },
    { what: 'hopelessly deep lists', text: '['.repeat(200_000), code: 'YAML_SYNTAX', line: 1 },
    { what: 'hopelessly deep blocks', text: '- '.repeat(200_000), code: 'YAML_SYNTAX', line: 1 },
  ])('reports $what', ({ text, code, line }) => {
    expect(parseYaml(text).problems[0]).toMatchObject({ code, line });
  });

  it.each([
    { what: 'by its plain values', text: 'a: 1\nb: &x { c: { d: *x } }\n' },
    // The second `b` hides the circle from the plain values, not from whoever walks the nodes.
    { what: 'where a key is written twice', text: 'a: 1\nb: &x { c: { d: *x } }\nb: 1\n' },
    { what: 'in a merge', text: 'a: 1\nb: &x { <<: [*x] }\n' },
  ])('refuses an alias inside of its own anchor, $what', ({ text }) => {
    const { value, problems } = parseYaml(text);
    expect(value).toBeUndefined();
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: 'YAML_SYNTAX',
        line: 2,
        message: expect.stringContaining('own anchor'),
      }),
    );
  });

  it('stops an alias bomb', () => {
    const levels = Array.from({ length: 9 }, (_, level) =>
      level === 0 ? 'l0: &l0 [x,x,x,x,x,x,x,x,x]' : `l${level}: &l${level} [${`*l${level - 1},`.repeat(9)}]`,
    );
    const { value, problems } = parseYaml(levels.join('\n'));
    expect(value).toBeUndefined();
    expect(problems[0]?.message).toMatch(/alias/i);
  });

  it('lets one anchor be used by many services', () => {
    const uses = Array.from({ length: 500 }, (_, index) => `s${index}: { <<: *x }`);
    expect(parseYaml(['x: &x { image: a }', ...uses].join('\n')).problems).toEqual([]);
  });
});
