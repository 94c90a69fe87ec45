import { expect, it } from 'vitest';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';
import { workflow } from '../../support/kubernetes/workflow-texts.ts';

const NODES = ['{ id: conf, type: configmap, data: { name: conf, data: { a: b } } }'];
const SHOP = workflow(NODES);
const PROD = 'clusters/prod.yaml';
const FILE = 'workflows/shop.yaml';

it('is a stack on its cluster', async () => {
  const { state, push } = createDesiredFixture();
  expect(await push({ [FILE]: SHOP, [PROD]: 'inCluster: true\n' })).toEqual({
    changed: ['shop'],
    removed: [],
  });
  expect(state.diagnostics()).toEqual([]);
  expect(state.get('shop')).toMatchObject({
    kind: 'workflow',
    file: FILE,
    targets: [{ name: 'prod', kind: 'kubernetes', connection: { type: 'in-cluster' } }],
    resources: [{ id: 'prod/ConfigMap/default/conf' }],
  });
  expect(state.nodes()).toEqual([]);
  expect(state.filesOf('shop')).toEqual([FILE]);
});

it('may lie anywhere under the name NAME.workflow.yaml', async () => {
  const { state, push } = createDesiredFixture();
  await push({ 'a/b/c.workflow.yaml': SHOP, [PROD]: 'inCluster: true\n' });
  expect(state.names()).toEqual(['shop']);
});

it('needs a cluster that is there and well', async () => {
  const { state, push } = createDesiredFixture();
  await push({ [FILE]: SHOP, 'clusters/prot.yaml': 'inCluster: true\n' });
  expect(state.diagnostics()).toMatchObject([
    { code: 'UNKNOWN_CLUSTER', file: FILE, line: 2, hint: 'did you mean prot?' },
  ]);
  await push({ [PROD]: 'inCluster: false\n' });
  expect(state.diagnostics().map(({ code, file }) => `${code} ${file}`)).toContain(`UNKNOWN_CLUSTER ${FILE}`);
  expect(state.get('shop')?.resources).toEqual([]);
});

it('changes when the file of its cluster does, and no other stack with it', async () => {
  const { push } = createDesiredFixture();
  const web = { 'kombinations/web/kombination.yaml': kombination('web') };
  await push({ [FILE]: SHOP, [PROD]: 'inCluster: true\n', ...web });
  expect(await push({ [PROD]: 'kubeconfig: /etc/kubeconfig\n' })).toEqual({ changed: ['shop'], removed: [] });
});

it('wants nothing when it is archived, and is paused as a draft', async () => {
  const { state, push } = createDesiredFixture();
  await push({ [FILE]: SHOP.replace('published', 'archived'), [PROD]: 'inCluster: true\n' });
  expect(state.get('shop')).toMatchObject({ resources: [], targets: [{ name: 'prod' }] });
  expect(state.get('shop')?.paused).toBeUndefined();
  await push({ [FILE]: SHOP.replace('published', 'draft') });
  expect(state.get('shop')).toMatchObject({ resources: [], paused: true });
});

it('needs its secrets when it is published, at the line that asks', async () => {
  const { state, push } = createDesiredFixture();
  const text = workflow(['{ id: sec, type: secret, data: { name: sec, keys: [{ name: TOKEN }] } }']);
  await push({ [FILE]: text, [PROD]: 'inCluster: true\n' });
  expect(briefDiagnostics(state.diagnostics())).toEqual([
    '5:64 error SECRET_NOT_FOUND nodes[0].data.keys[0].name',
  ]);
  await push({ [FILE]: text.replace('published', 'draft') });
  expect(state.diagnostics()).toEqual([]);
});

it('keeps its name when its text is broken', async () => {
  const { state, push } = createDesiredFixture();
  await push({ [FILE]: SHOP, [PROD]: 'inCluster: true\n' });
  await push({ [FILE]: `${SHOP}  - [` });
  expect(state.names()).toEqual(['shop']);
  expect(state.diagnostics()[0]).toMatchObject({ code: 'YAML_SYNTAX', file: FILE });
});
