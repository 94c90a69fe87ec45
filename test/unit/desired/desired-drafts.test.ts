import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compareText } from '../../../reconciler/base/values.ts';
import { editText } from '../../../reconciler/desired/text/document-text.ts';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

describe('draftStack', () => {
  it('writes the document in the usual order', () => {
    const { state } = createDesiredFixture();
    const draft = state.draftStack('my-homelab', {
      services: ['traefik'],
      stackkit: 'base-kit',
      meta: { domain: 'a.b' },
      version: '1.0',
    });
    expect(draft).toEqual({
      path: 'kombinations/my-homelab/kombination.yaml',
      text: 'version: "1.0"\nstackkit: base-kit\nmeta:\n  name: my-homelab\n  domain: a.b\nservices:\n  - traefik\n',
      diagnostics: [],
    });
  });

  it('finds what is wrong with it', () => {
    const { state } = createDesiredFixture();
    const { diagnostics } = state.draftStack('s', { version: '1.0', services: { web: { imag: 'x' } } });
    expect(diagnostics.map(({ code, file }) => `${code} ${file}`)).toContain(
      'UNKNOWN_KEY kombinations/s/kombination.yaml',
    );
  });

  it.each(['../x', 'A', '', 'a/b', '-a'])('refuses the name %j', (name) => {
    const { state } = createDesiredFixture();
    expect(
      state.draftStack(name, { version: '1.0', meta: { name: 's' }, services: { a: { image: 'a' } } })
        .diagnostics[0],
    ).toMatchObject({ code: 'INVALID_FORMAT' });
  });

  it('refuses a file that is there', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinations/s/kombination.yaml': kombination('other') });
    const { diagnostics } = state.draftStack('s', { version: '1.0', services: { a: { image: 'a' } } });
    expect(diagnostics.map(({ code }) => code)).toEqual(['DUPLICATE_STACK']);
  });

  it('survives documents that are not what they should be', () => {
    const { state } = createDesiredFixture();
    for (const document of [[], { meta: null }, { services: 1 }, { meta: 'x' }]) {
      expect(state.draftStack('s', document).diagnostics.length).toBeGreaterThan(0);
    }
  });
});

describe('editStack', () => {
  it.each([
    { what: 'is no YAML', rest: 'x-a: [1,\n', line: 5 },
    { what: 'has a circle', rest: 'x-a: &a { b: *a }\n', line: 4 },
    { what: 'holds two documents', rest: '---\na: 1\n', line: 4 },
    { what: 'is nested too deeply', rest: `x-a: ${'['.repeat(5_000)}\n`, line: 1 },
    { what: 'says a key twice', rest: 'x-a: 1\nx-a: 2\n', line: 5 },
  ])('says what is to be mended in a file that $what', async ({ rest, line }) => {
    const { state, push } = createDesiredFixture();
    const head = 'version: "1.0"\nmeta: { name: s }\nservices: { web: { image: a } }\n';
    await push({ 'kombinations/s/kombination.yaml': `${head}${rest}` });
    await expect(state.editStack('s', { services: { web: { image: 'b' } } })).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      diagnostics: [{ file: 'kombinations/s/kombination.yaml', line }],
    });
  });

  const text = [
    '# About this stack',
    'version: "1.0" # always',
    'meta:',
    '  name: s',
    '# The services',
    'services:',
    '  web: # the front',
    '    image: "nginx:1"   # pinned',
    'policy: { drift: fix }',
    '',
  ].join('\n');

  it('replaces keys and keeps comments and order of the rest', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinations/s/kombination.yaml': text });
    const draft = await state.editStack('s', { policy: null, meta: { name: 's', domain: 'a.b' } });
    expect(draft.diagnostics).toEqual([]);
    expect(draft.text).toBe(
      [
        '# About this stack',
        'version: "1.0" # always',
        'meta:',
        '  name: s',
        '  domain: a.b',
        '# The services',
        'services:',
        '  web: # the front',
        '    image: "nginx:1"   # pinned',
        '',
      ].join('\n'),
    );
  });

  it.each([
    { what: 'a new key', text: 'a: 1\n', keys: { b: [1], c: 2 }, want: 'a: 1\nb:\n  - 1\nc: 2\n' },
    { what: 'a text without an end of line', text: 'a: 1', keys: { b: 2 }, want: 'a: 1\nb: 2\n' },
    {
      what: 'a key between comments',
      text: '# x\na:\n  b: 1\n  # in\n\n# y\nc: 2\n',
      keys: { a: 3 },
      want: '# x\na: 3\n\n# y\nc: 2\n',
    },
    {
      what: 'several keys',
      text: 'a: 1\nb: 2\nc: 3\n',
      keys: { c: 30, a: null, b: 20 },
      want: 'b: 20\nc: 30\n',
    },
    { what: 'flow style', text: '{ a: 1, b: 2 }\n', keys: { b: 3 }, want: '{ a: 1, b: 3 }\n' },
    {
      what: 'an anchor that is used elsewhere',
      text: 'a: &x 1\nb: *x\n',
      keys: { b: 2 },
      want: 'a: &x 1\nb: 2\n',
    },
    { what: 'a text block', text: 'a: |\n  x\n  # y\nb: 1\n', keys: { a: 1 }, want: 'a: 1\nb: 1\n' },
    { what: 'nothing', text: '', keys: { a: 1, b: null }, want: 'a: 1\n' },
  ])('edits $what', ({ text, keys, want }) => {
    expect(editText(text, keys)).toBe(want);
  });

  describe('a list whose items have ids', () => {
    const graph = [
      'name: shop',
      '# What it is made of',
      'nodes: # two',
      '',
      '  # The front',
      '  - id: web # keep',
      '    type: deployment',
      '    data: { name: web, image: "nginx:1.28" } # pinned',
      '    position: { x: 1, y: 2 }',
      '',
      '  # The address',
      '  - id: svc',
      '    type: service',
      '    data:',
      '      name: svc',
      '      # The port of the front',
      '      port: 80',
      '  # The end',
      '# The lines',
      'edges: []',
      '',
    ].join('\n');
    const web = {
      id: 'web',
      type: 'deployment',
      data: { name: 'web', image: 'nginx:1.28' },
      position: { x: 1, y: 2 },
    };
    const svc = { id: 'svc', type: 'service', data: { name: 'svc', port: 80 } };

    it.each([
      ['that says the same', [web, svc], []],
      ['in another order', [svc, web], []],
      [
        'with other values',
        [
          { ...web, data: { name: 'web', image: 'nginx:1.29' } },
          { ...svc, data: { name: 'svc', port: 81 } },
        ],
        [
          ['nginx:1.28', 'nginx:1.29'],
          ['port: 80', 'port: 81'],
        ],
      ],
      ['moved', [{ ...web, position: { x: 3.5, y: 2 } }, svc], [['x: 1,', 'x: 3.5,']]],
      [
        'with one more',
        [web, { id: 'db', type: 'secret', data: { name: 'db' } }, svc],
        [
          [
            '      port: 80\n  # The end\n',
            '      port: 80\n  - id: db\n    type: secret\n    data:\n      name: db\n  # The end\n',
          ],
        ],
      ],
      ['with one less', [svc], [[/\n {2}# The front\n[^]+?y: 2 \}\n/, '']]],
    ] as const)('%s is changed where it differs alone', (_what, nodes, changes) => {
      const want = changes.reduce<string>((text, [from, to]) => text.replace(from, to), graph);
      expect(editText(graph, { nodes })).toBe(want);
    });

    it('is written as a whole where it is written in one line, or ids are not unique', () => {
      const flow = 'nodes: [{ id: a, n: 1 }]\n';
      expect(editText(flow, { nodes: [{ id: 'a', n: 2 }] })).toBe('nodes:\n  - id: a\n    n: 2\n');
      const twice = 'nodes:\n  - id: a # one\n  - id: a\n';
      expect(editText(twice, { nodes: [{ id: 'a' }] })).toBe('nodes:\n  - id: a\n');
    });

    it('takes hundreds of them, all moved, in one go', () => {
      const many = (x: number) =>
        Array.from({ length: 500 }, (_, at) => ({ ...web, id: `n${at}`, position: { x } }));
      const before = editText('name: s\n', { nodes: many(1) });
      expect(editText(before, { nodes: many(2) })).toBe(before.replaceAll('x: 1\n', 'x: 2\n'));
    });
  });

  it('leaves a key alone that already says the same', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinations/s/kombination.yaml': text });
    const { text: edited } = await state.editStack('s', { services: { web: { image: 'nginx:1' } } });
    expect(edited).toContain('# pinned');
  });

  it('finds what would be wrong', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinations/s/kombination.yaml': text });
    const { diagnostics } = await state.editStack('s', { services: { web: {} } });
    expect(briefDiagnostics(diagnostics)).toEqual(['7:3 error UNKNOWN_SERVICE services.web']);
  });

  it('throws for a stack that is not there', async () => {
    const { state } = createDesiredFixture();
    await expect(state.editStack('s', {})).rejects.toMatchObject({ code: 'UNKNOWN_STACK' });
  });
});

describe('draftNode', () => {
  it('writes and checks the node', () => {
    const { state } = createDesiredFixture();
    expect(state.draftNode('pi', { connection: { host: 'pi.lan' } })).toEqual({
      path: 'nodes/pi.yaml',
      text: 'connection:\n  host: pi.lan\n',
      diagnostics: [],
    });
    expect(state.draftNode('pi', {}).diagnostics).toMatchObject([
      { code: 'REQUIRED', file: 'nodes/pi.yaml' },
    ]);
    expect(state.draftNode('../pi', { connection: { host: 'x' } }).diagnostics).toMatchObject([
      { code: 'INVALID_FORMAT' },
    ]);
  });
});

it('brings any list of items with ids to any other, whatever the text looks like', () => {
  const value = fc.oneof(
    fc.constantFrom<unknown>('a', 'two words', '# no comment', 'a\n# b\n', '', 5, true, null),
    fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('v', 'line\n# line\n'), { maxKeys: 2 }),
  );
  const items = fc.uniqueArray(
    fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), one: value, two: value }, { requiredKeys: ['id'] }),
    { selector: ({ id }) => id, maxLength: 4 },
  );
  const comments = fc.array(fc.constantFrom('', '  # in', '# out', '      # deep'), { maxLength: 3 });
  fc.assert(
    fc.property(items, items, comments, (before, after, lines) => {
      const text = editText('first: 1\n', { items: before, last: [1] })
        .split('\n')
        .flatMap((line, at) => (at % 3 === 2 && line.startsWith('  - ') ? [...lines, line] : [line]))
        .join('\n');
      const edited = parse(editText(text, { items: after })) as { readonly items: readonly { id: string }[] };
      const sorted = (list: readonly { id: string }[]) => list.toSorted((a, b) => compareText(a.id, b.id));
      expect(edited).toEqual({ first: 1, last: [1], items: edited.items });
      expect(sorted(edited.items)).toEqual(sorted(JSON.parse(JSON.stringify(after)) as { id: string }[]));
    }),
    { numRuns: 100 },
  );
});
