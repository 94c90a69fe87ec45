import { describe, expect, it } from 'vitest';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

const COMPOSE = 'services: { web: { image: nginx, volumes: ["./data:/data"] } }\n';

describe('a folder of Compose projects', () => {
  it('is a stack for each, called as Compose calls them', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      'kombinator.yaml': 'compose: "stacks/*/compose.yaml"\n',
      'stacks/vault/compose.yaml': COMPOSE,
      'stacks/My_Wiki/compose.yaml': COMPOSE,
      'stacks/other/compose.yaml': `name: shop\n${COMPOSE}`,
      'elsewhere/compose.yaml': COMPOSE,
    });
    expect(state.names()).toEqual(['my-wiki', 'shop', 'vault']);
    expect(state.diagnostics()).toEqual([]);
    const [container] = state.get('vault')?.resources.filter(({ kind }) => kind === 'container') ?? [];
    expect(container?.spec).toMatchObject({
      name: 'vault-web-1',
      mounts: [{ type: 'bind', source: '/srv/kombinator/vault.data' }],
    });
  });

  it('changes with its files, its settings, and a kombination beside it, which counts instead', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinator.yaml': 'compose: ["*/compose.yaml"]\n', 'vault/compose.yaml': COMPOSE });
    const mounts = () =>
      state.get('vault')?.resources.find(({ kind }) => kind === 'container')?.spec['mounts'] as unknown;
    await push({ 'kombinator.yaml': 'compose: ["*/compose.yaml"]\ndata_dir: /home/me\nadopts: true\n' });
    expect(mounts()).toMatchObject([{ source: '/home/me/vault/data' }]);
    expect(state.get('vault')?.adopts).toEqual({ project: 'vault', services: [] });
    expect(await push({ 'vault/compose.yaml': COMPOSE.replace('nginx', 'nginx:2') })).toMatchObject({
      changed: ['vault'],
    });
    await push({ 'vault/compose.override.yaml': 'services: { web: { image: "nginx:3" } }\n' });
    expect(state.get('vault')?.services).toMatchObject([{ image: 'nginx:3' }]);
    await push({ 'vault/kombination.yaml': kombination('own') });
    expect(state.names()).toEqual(['own']);
    await push({ 'vault/kombination.yaml': null });
    expect(state.names()).toEqual(['vault']);
    expect(state.get('vault')?.services).toMatchObject([{ image: 'nginx:3' }]);
  });

  it('is edited by a kombination beside the file', async () => {
    const { state, push } = createDesiredFixture();
    await push({ 'kombinator.yaml': 'compose: "*/compose.yaml"\n', 'vault/compose.yaml': COMPOSE });
    const draft = await state.editStack('vault', { domain: 'example.org' });
    expect(draft).toMatchObject({ path: 'vault/kombination.yaml', diagnostics: [] });
    expect(draft.text).toContain('compose: ["compose.yaml"]');
    expect(draft.text).toContain('domain: example.org');
  });

  it('says where its findings are', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      'kombinator.yaml': 'compose: "*/compose.yaml"\n',
      'vault/compose.yaml': 'services: { web: { image: nginx, prots: [] } }\n',
    });
    expect(state.diagnostics()).toMatchObject([{ file: 'vault/compose.yaml', line: 1, code: 'UNKNOWN_KEY' }]);
  });

  it('says what is wrong with its settings', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      'kombinator.yaml': 'compose: ["[a"]\ndata_dir: here\n',
      'a/kombination.yaml': kombination('a'),
    });
    expect(briefDiagnostics(state.diagnostics())).toEqual([
      '1:11 error INVALID_FORMAT compose[0]',
      '2:11 error INVALID_FORMAT data_dir',
    ]);
  });
});

it('what was given back is described no more, and comes back with its line', async () => {
  const { state, push } = createDesiredFixture();
  await push({ 'a/kombination.yaml': kombination('a'), 'b/kombination.yaml': kombination('b') });
  expect(await push({ 'kombinator.yaml': 'released: [a]\n' })).toMatchObject({ removed: ['a'] });
  expect([state.names(), state.settings().released]).toEqual([['b'], ['a']]);
  expect(await push({ 'kombinator.yaml': null })).toMatchObject({ removed: [] });
  expect(state.names()).toEqual(['a', 'b']);
});

it('hashes of what is adopted are those of Compose also with variables of the kombination', async () => {
  const { state, push } = createDesiredFixture();
  const COMPOSED = 'services: { web: { image: nginx, environment: { A: "${A}", B: "${B:-}" } } }\n';
  const describedBy = (more: string) =>
    `version: "1.0"\nmeta: { name: shop }\ncompose: compose.yaml\nadopts: { project: shop, services: [web] }\ndata_dir: /srv/shop\n${more}`;
  const hash = async (files: Readonly<Record<string, string | null>>) => {
    await push({ 'shop/compose.yaml': COMPOSED, ...files });
    const container = state.get('shop')?.resources.find(({ kind }) => kind === 'container');
    return container?.compose?.labels['com.docker.compose.config-hash'];
  };
  const inFile = await hash({ 'shop/.env': 'A=one\nB=2\n', 'shop/kombination.yaml': describedBy('') });
  const named = await hash({
    'shop/.env': null,
    'shop/kombination.yaml': describedBy('variables: { A: one, B: 2 }\n'),
  });
  expect([inFile, named]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), inFile]);
  const other = await hash({ 'shop/kombination.yaml': describedBy('variables: { A: one, B: "3" }\n') });
  expect(other).not.toBe(inFile);
});
