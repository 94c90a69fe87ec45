import { describe, expect, it } from 'vitest';
import { blobId } from '../../../reconciler/base/blob-id.ts';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import type { DesiredState } from '../../../reconciler/ports/desired.ts';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

const at = (name: string): string => `kombinations/${name}/kombination.yaml`;
const codes = (state: DesiredState, name: string): readonly string[] =>
  (state.get(name)?.diagnostics ?? []).map((diagnostic) => diagnostic.code);

describe('files of the repository', () => {
  const text = kombination(
    'a',
    'web: { image: nginx, files: [{ source: conf, target: /etc/web }, { source: ../shared.txt, target: /s }] }',
  );
  const files = { [at('a')]: text, 'kombinations/a/conf/x': '1', 'kombinations/shared.txt': 's' };
  const targets = (state: DesiredState): readonly string[] => {
    const container = state.get('a')?.resources.find(({ kind }) => kind === 'container');
    return ((container?.spec as ContainerSpec | undefined)?.files ?? []).map(({ target }) => target);
  };

  it('change the stacks that use them', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...files, [at('b')]: kombination('b') });
    const hash = state.get('a')?.resources.at(-1)?.hash;
    expect(await push({ 'kombinations/shared.txt': 't' })).toEqual({ changed: ['a'], removed: [] });
    expect(state.get('a')?.resources.at(-1)?.hash).not.toBe(hash);
    expect(await push({ 'kombinations/a/conf/sub/y': '2' })).toEqual({ changed: ['a'], removed: [] });
    expect(targets(state)).toEqual(['/etc/web/sub/y', '/etc/web/x', '/s']);
    expect(await push({ 'kombinations/a/notes.txt': 'n' })).toEqual({ changed: [], removed: [] });
  });

  it('heal a stack when they come', async () => {
    const { state, push } = createDesiredFixture();
    await push({ [at('a')]: text });
    expect(codes(state, 'a')).toEqual(['FILE_NOT_FOUND', 'FILE_NOT_FOUND']);
    expect(await push({ 'kombinations/a/conf/x': '1', 'kombinations/shared.txt': 's' })).toEqual({
      changed: ['a'],
      removed: [],
    });
    expect(codes(state, 'a')).toEqual([]);
    await push({ 'kombinations/shared.txt': null });
    expect(codes(state, 'a')).toEqual(['FILE_NOT_FOUND']);
  });

  it('are refused when they are too large, and not read', async () => {
    const { state, push } = createDesiredFixture({ limits: { fileBytes: 10 } });
    await push({ ...files, 'kombinations/shared.txt': 'x'.repeat(11) });
    expect(briefDiagnostics(state.diagnostics())).toEqual([
      '4:68 error FILE_TOO_LARGE services.web.files[1]',
    ]);
  });

  it('are known to be in the repository when somebody wants to mount them', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      [at('a')]: kombination('a', 'web: { image: nginx, volumes: ["./conf:/c"] }'),
      'kombinations/a/conf/x': '1',
    });
    expect(state.diagnostics()).toMatchObject([
      { code: 'BIND_TRACKED', hint: expect.stringContaining('git rm -r --cached kombinations/a/conf') },
    ]);
  });

  it('keep what executable means', async () => {
    const { state, source, load } = createDesiredFixture();
    source.pushWrites([
      { path: at('a'), content: text },
      { path: 'kombinations/a/conf/run', content: 'x', type: 'executable' },
      { path: 'kombinations/shared.txt', content: 's' },
    ]);
    await load();
    const container = state.get('a')?.resources.at(-1)?.spec as ContainerSpec;
    expect(container.files?.map(({ mode }) => mode.toString(8))).toEqual(['755', '644']);
  });
});

describe('symlinks', () => {
  const link = (path: string, content: string) => ({ path, content, type: 'symlink' as const });
  const text = kombination('a', 'web: { image: nginx, files: [{ source: conf, target: /c }] }');

  it('are followed inside the repository', async () => {
    const { state, source, push, load } = createDesiredFixture();
    source.pushWrites([
      { path: at('a'), content: text },
      link('kombinations/a/conf', '../../shared/conf'),
      { path: 'shared/conf/x', content: '1' },
      link('shared/conf/y', 'x'),
    ]);
    await load();
    const container = state.get('a')?.resources.at(-1)?.spec as ContainerSpec;
    expect(container.files?.map(({ target }) => target)).toEqual(['/c/x', '/c/y']);
    expect(await push({ 'shared/conf/x': '2' })).toEqual({ changed: ['a'], removed: [] });
  });

  it.each([
    { what: 'out of the repository', target: '../../../etc', code: 'PATH_OUTSIDE_REPOSITORY' },
    { what: 'to an absolute path', target: '/etc', code: 'PATH_OUTSIDE_REPOSITORY' },
    { what: 'to nothing', target: 'nothing', code: 'FILE_NOT_FOUND' },
    { what: 'to itself', target: 'conf', code: 'FILE_NOT_FOUND' },
    { what: 'to a directory around it', target: '..', code: 'INVALID_VALUE' },
  ])('$what are refused', async ({ target, code }) => {
    const { state, source, load } = createDesiredFixture();
    source.pushWrites([{ path: at('a'), content: text }, link('kombinations/a/conf', target)]);
    await load();
    expect(codes(state, 'a')).toContain(code);
  });

  it('may stand for a kombination', async () => {
    const { state, source, push, load } = createDesiredFixture();
    source.pushWrites([
      link(at('a'), '../../shared/a.yaml'),
      { path: 'shared/a.yaml', content: kombination('a') },
    ]);
    await load();
    expect(state.get('a')).toMatchObject({ file: at('a'), diagnostics: [] });
    expect(await push({ 'shared/a.yaml': kombination('a', 'web: { image: other }') })).toEqual({
      changed: ['a'],
      removed: [],
    });
    expect((await state.editStack('a', { policy: { drift: 'alert' } })).path).toBe('shared/a.yaml');
  });

  it('to a kombination outside are refused', async () => {
    const { state, source, load } = createDesiredFixture();
    source.pushWrites([link(at('a'), '/etc/passwd')]);
    await load();
    expect(codes(state, 'a')).toEqual(['PATH_OUTSIDE_REPOSITORY']);
  });
});

describe('inline contents', () => {
  it('can be read by blob id, however many there are', async () => {
    const { state, push } = createDesiredFixture();
    const contents = Array.from(
      { length: 300 },
      (_, index) => `{ content: "c${index}", target: /x${index} }`,
    );
    await push({ [at('a')]: kombination('a', `web: { image: a, files: [${contents.join(', ')}] }`) });
    expect(state.get('a')?.diagnostics).toEqual([]);
    const content = new TextEncoder().encode('c0');
    expect(state.inlineBlob(blobId(content))).toEqual(content);
    expect(state.inlineBlob('0'.repeat(40))).toBeUndefined();
  });
});

describe('filesOf', () => {
  it.each([
    {
      when: 'the directory is its own',
      files: { [at('a')]: kombination('a'), 'kombinations/a/b/c': '1' },
      want: [at('a').replace('kombination.yaml', 'b/c'), at('a')],
    },
    {
      when: 'another stack lives below',
      files: { [at('a')]: kombination('a'), 'kombinations/a/b/kombination.yaml': kombination('b') },
      want: [at('a')],
    },
    {
      when: 'it stands in the root',
      files: { 'kombination.yaml': kombination('a'), 'README.md': '1' },
      want: ['kombination.yaml'],
    },
    {
      when: 'another stack mounts a file of it',
      files: {
        [at('a')]: kombination('a'),
        'kombinations/a/x': '1',
        'kombinations/a/y': '1',
        [at('b')]: kombination('b', 'web: { image: a, files: [{ source: ../a/x, target: /x }] }'),
      },
      want: [at('a'), 'kombinations/a/y'],
    },
  ])('answers for when $when', async ({ files, want }) => {
    const { state, push } = createDesiredFixture();
    await push(files);
    expect(state.filesOf('a')).toEqual(want);
  });
});
