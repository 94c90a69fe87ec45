import { describe, expect, it } from 'vitest';
import { editText } from '../../../reconciler/desired/document-text.ts';
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
