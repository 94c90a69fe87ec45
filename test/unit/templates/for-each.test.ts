import { describe, expect, it } from 'vitest';
import { formatPath } from '../../../reconciler/base/document-path.ts';
import { fillElement } from '../../../reconciler/config/templates/fill-element.ts';
import type { DocumentDiagnostic } from '../../../reconciler/base/document-diagnostic.ts';
import type { ElementList, TemplateElement } from '../../../reconciler/config/templates/read-elements.ts';
import { readTemplate } from '../../../reconciler/config/templates/read-elements.ts';
import { parseYaml } from '../../../reconciler/config/yaml-document.ts';

const read = (text: string, nodes: readonly string[] = []) => readTemplate(parseYaml(text), { nodes });
function fill(text: string, values: Readonly<Record<string, unknown>> = {}) {
  const element: TemplateElement = {
    name: 'alice',
    values: { name: 'alice', ...values },
    document: parseYaml(text),
  };
  const { document, diagnostics } = fillElement(element, text);
  return {
    value: document.value,
    document,
    found: diagnostics.map(({ code, path }) => `${code} ${formatPath(path)}`),
  };
}

describe('the elements of a template', () => {
  it('are none of a text without forEach', () => expect(read('services: { web: {} }')).toBeNull());

  it('are nodes by name, or all that there are', () => {
    const nas = { name: 'nas', values: { name: 'nas', node: 'nas' } };
    const attic = { name: 'attic', values: { name: 'attic', node: 'attic' } };
    expect(read('forEach: { nodes: [nas, attic] }')).toMatchObject({
      elements: [nas, attic],
      diagnostics: [],
      isOfAllNodes: false,
    });
    expect(read('forEach: { nodes: "*" }', ['nas', 'attic'])).toMatchObject({
      elements: [attic, nas],
      isOfAllNodes: true,
    });
  });

  it('are values, or names alone', () => {
    const text = 'forEach: { values: [bob, { name: alice, port: 8081, more: { list: [1, true] } }] }';
    expect(read(text)?.elements).toMatchObject([
      { name: 'bob', values: { name: 'bob' } },
      { name: 'alice', values: { name: 'alice', port: 8081, more: { list: [1, true] } } },
    ]);
  });

  it.each([
    ['forEach: [a]', 'INVALID_TYPE forEach'],
    ['forEach: {}', 'REQUIRED forEach'],
    ['forEach: { nodes: [a], values: [b] }', 'REQUIRED forEach'],
    ['forEach: { valeus: [a] }', 'UNKNOWN_KEY forEach.valeus'],
    ['forEach: { values: a }', 'INVALID_TYPE forEach.values'],
    ['forEach: { values: [] }', 'REQUIRED forEach.values'],
    ['forEach: { nodes: "*" }', 'REQUIRED forEach.nodes'],
    ['forEach: { values: [{ port: 1 }] }', 'REQUIRED forEach.values[0].name'],
    ['forEach: { values: [a/b] }', 'INVALID_FORMAT forEach.values[0]'],
    ['forEach: { values: [7] }', 'REQUIRED forEach.values[0]'],
    ['forEach: { values: [a, b, a] }', 'DUPLICATE_NAME forEach.values[2]'],
    ['forEach: { values: [{ name: a, x: "${HOME}" }] }', 'INVALID_VALUE forEach.values[0].x'],
    ['forEach: { values: [{ name: a, "b c": 1 }] }', 'INVALID_FORMAT forEach.values[0]["b c"]'],
    [
      `forEach: { values: [{ name: a, x: ${'['.repeat(9)}${']'.repeat(9)} }] }`,
      `INVALID_VALUE forEach.values[0].x${'[0]'.repeat(7)}`,
    ],
    [`forEach: { values: [{ name: a, x: ${'y'.repeat(17_000)} }] }`, 'INVALID_VALUE forEach.values[0]'],
    [
      `forEach: { values: [${Array.from({ length: 1_001 }, (_, index) => `n${index}`).join()}] }`,
      'INVALID_VALUE forEach.values',
    ],
  ])('of %j are refused', (text, finding) => {
    const template = read(text);
    const found = template?.diagnostics.map(({ code, path }) => `${code} ${formatPath(path)}`) ?? [];
    expect(found).toContain(finding);
  });

  it('are there beside those that are refused, for their own findings', () => {
    expect(read('forEach: { values: [a, b, a, c/d] }')?.elements.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('are refused where they make more of a long template than can be read', () => {
    const long = `x-long: ${'y'.repeat(100_000)}\n`;
    const of = (count: number) =>
      `forEach: { values: [${Array.from({ length: count }, (_, at) => `n${at}`).join()}] }\n${long}`;
    expect(read(of(300))?.diagnostics).toEqual([]);
    expect(read(of(400))?.diagnostics).toMatchObject([
      {
        code: 'INVALID_VALUE',
        path: ['forEach'],
        message: expect.stringMatching(/^400 stacks of 1000\d\d characters each are too much/),
      },
    ]);
  });

  it('are refused for all that is wrong, not only the first', () => {
    expect(read('forEach: { values: [a/b, 7, { x: 1 }] }')?.diagnostics).toHaveLength(3);
  });
});

describe('elements in a file of their own', () => {
  const listed = (text: string, list: ElementList = { file: 'users.yaml', document: parseYaml(text) }) => {
    const template = readTemplate(parseYaml('forEach: { in: users.yaml }'), { nodes: [], list });
    const shown = (found: readonly DocumentDiagnostic[] = []) =>
      found.map(({ code, path }) => `${code} ${formatPath(path)}`);
    return {
      names: template?.elements.map(({ name }) => name),
      found: [...shown(template?.diagnostics), ...shown(template?.listDiagnostics)],
    };
  };

  it('are what values would be', () => {
    expect(listed('- alice\n- { name: bob, port: 8081 }\n')).toEqual({ names: ['alice', 'bob'], found: [] });
    expect(listed('["alice", {"name": "bob"}]').names).toEqual(['alice', 'bob']);
  });

  it.each([
    ['alice: {}', 'INVALID_TYPE '],
    ['', 'INVALID_TYPE '],
    ['[]', 'REQUIRED '],
    ['[alice, alice]', 'DUPLICATE_NAME [1]'],
    ['[{ name: alice, x: [1, $HOME] }]', 'INVALID_VALUE [0].x[1]'],
  ])('of %j are refused where they stand', (text, finding) => expect(listed(text).found).toEqual([finding]));

  it('have to be there', () => {
    const missing = { code: 'FILE_NOT_FOUND', problem: 'there is no users.yaml' };
    expect(listed('', missing)).toEqual({ names: [], found: ['FILE_NOT_FOUND forEach.in'] });
    const nobody = readTemplate(parseYaml('forEach: { in: users.yaml }'), { nodes: [] });
    expect(nobody?.diagnostics).toMatchObject([{ code: 'FILE_NOT_FOUND', path: ['forEach', 'in'] }]);
  });

  it.each(['forEach: { in: 7 }', 'forEach: { in: "" }', 'forEach: { in: [a] }'])('%s names none', (text) =>
    expect(read(text)?.diagnostics).toMatchObject([{ code: 'INVALID_TYPE', path: ['forEach', 'in'] }]),
  );
});

describe('filling in an element', () => {
  it.each<readonly [string, unknown]>([
    ['a: "${each.name}"', { a: 'alice' }],
    ['a: "80:${each.port}"', { a: '80:8081' }],
    ['a: ${each.port}', { a: 8081 }],
    ['a: ["${each.on}", "${each.none}"]', { a: [true, null] }],
    ['a: "${each.list}"', { a: ['x', 'y'] }],
    ['a: "${each.more}"', { a: { deep: 'z' } }],
    ['a: "${each.more.deep}!"', { a: 'z!' }],
    ['a: "$${each.name} $NAME ${NAME:-x}"', { a: '$${each.name} $NAME ${NAME:-x}' }],
    ['a: "$$${each.name}"', { a: '$$alice' }],
    ['x-a: &a "${each.name}"\nb: *a', { 'x-a': 'alice', b: 'alice' }],
    [
      'x-a: &a { n: "${each.name}" }\nb: { <<: *a, c: 1 }',
      { 'x-a': { n: 'alice' }, b: { n: 'alice', c: 1 } },
    ],
  ])('%s', (text, value) => {
    const values = { port: 8081, on: true, none: null, list: ['x', 'y'], more: { deep: 'z' } };
    expect(fill(text, values)).toMatchObject({ value, found: [] });
  });

  it.each([
    ['image: "${each.evil}"'],
    ['image: ${each.evil}'],
    ['image: "x${each.evil}"'],
    ['image: |\n  ${each.evil}'],
    ['services: [{ image: "${each.evil}" }]'],
  ])('a value does not break out of %s', (text) => {
    const evil = 'nginx\nprivileged: true\n"}]: *a # & !!js/function';
    const { value } = fill(text, { evil });
    const images = JSON.stringify(value);
    expect(images).toContain(JSON.stringify(evil).slice(1, -1));
    expect(Object.keys(value as object)).toHaveLength(1);
  });

  it('keeps a text a text, whatever it looks like', () => {
    expect(fill('a: ${each.port}\nb: ${each.yes}', { port: '8081', yes: 'true' }).value).toEqual({
      a: '8081',
      b: 'true',
    });
  });

  it.each([
    ['a: "${each.colour}"', 'UNRESOLVED_VARIABLE a'],
    ['a: [1, { b: "x${each.name.first}" }]', 'UNRESOLVED_VARIABLE a[1].b'],
    ['a: "${each.toString}"', 'UNRESOLVED_VARIABLE a'],
    ['a: "${each.__proto__}"', 'UNRESOLVED_VARIABLE a'],
    ['a: "${each.name:-x}"', 'INVALID_FORMAT a'],
    ['a: "x${each.list}"', 'INVALID_TYPE a'],
    ['"${each.name}": 1', 'INVALID_FORMAT ["${each.name}"]'],
  ])('%s is an error where it stands', (text, finding) => {
    expect(fill(text, { list: [1] }).found).toEqual([finding]);
  });

  it('has a bound for what it makes', () => {
    const big = 'y'.repeat(16_000);
    const lines = Array.from({ length: 200 }, (_, index) => `k${index}: "\${each.big}"`);
    const { found } = fill(lines.join('\n'), { big });
    expect(found).toEqual(['INVALID_VALUE k65']);
  });

  it('leaves the template as it is for the others, without their list', () => {
    const text =
      'forEach: { values: [{ name: a, l: [1] }, { name: b, l: [2] }] }\nn: "${each.name}"\nl: ${each.l}\n';
    const filled = read(text)?.elements.map((element) => fillElement(element, text).document.value);
    expect(filled).toEqual([
      { n: 'a', l: [1] },
      { n: 'b', l: [2] },
    ]);
  });

  it('keeps the places of the template', () => {
    const { document } = fill('# first\nmeta:\n  name: "a-${each.name}"\nports: ${each.ports}\n', {
      ports: [{ a: 1 }, { b: 2 }],
    });
    expect(document.position(['meta', 'name'], 'value')).toMatchObject({ line: 3, column: 9 });
    expect(document.position(['ports', 1, 'b'], 'value')).toMatchObject({ line: 4, column: 8 });
  });
});
