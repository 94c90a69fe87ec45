import { describe, expect, it } from 'vitest';
import { pointerKeys, valueAt, withValueAt } from '../../../reconciler/config/catalogue/pointer.ts';
import { briefDiagnostics, createDesiredFixture } from '../../support/desired-fixtures.ts';
import { diagnose, renderText, workflow } from '../../support/kubernetes/workflow-texts.ts';

function nodeText(data: object): string {
  return workflow([JSON.stringify({ id: 'one', type: 'plugin', data: { name: 'one', ...data } })]);
}

function codes(data: object): readonly string[] {
  return diagnose(nodeText(data)).map(({ code, path, hint }) => `${code} ${path} ${hint ?? ''}`.trim());
}

const PG = { pluginId: 'postgresql', templateId: 'pg-cluster' };

describe('a node of a plugin', () => {
  it('is the object of its type with its fields in their places', () => {
    const data = {
      ...PG,
      instances: '3',
      storageSize: '20Gi',
      labels: { team: 'a' },
      spec: { logLevel: 'debug' },
    };
    expect(diagnose(nodeText(data))).toEqual([]);
    expect(renderText(nodeText(data))).toMatchObject([
      {
        id: 'prod/Cluster.postgresql.cnpg.io/default/one',
        spec: {
          apiVersion: 'postgresql.cnpg.io/v1',
          kind: 'Cluster',
          metadata: { name: 'one', labels: { team: 'a' } },
          spec: {
            instances: 3,
            storage: { size: '20Gi' },
            logLevel: 'debug',
            bootstrap: { initdb: { database: 'app', owner: 'app' } },
          },
        },
      },
    ]);
  });

  it('needs no templateId where the plugin has one node type, and may name another version', () => {
    const data = { pluginId: 'postgresql', apiVersion: 'postgresql.cnpg.io/v2' };
    expect(renderText(nodeText(data))[0]?.spec['apiVersion']).toBe('postgresql.cnpg.io/v2');
  });

  it('with apiVersion and kind is the object that it says itself, whatever its plugin', () => {
    const data = { ...PG, apiVersion: 'example.com/v1', kind: 'Widget', size: 3, spec: { color: 'red' } };
    expect(renderText(nodeText(data))[0]?.spec).toMatchObject({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      spec: { color: 'red', size: 3 },
    });
  });

  it('writes labels that its operator looks for', () => {
    const data = {
      pluginId: 'kafka',
      templateId: 'kafka-topic',
      cluster: 'main',
      config: 'retention.ms: 1000',
    };
    expect(renderText(nodeText(data))[0]?.spec).toMatchObject({
      metadata: { labels: { 'strimzi.io/cluster': 'main' } },
      spec: { config: { 'retention.ms': 1000 } },
    });
  });

  it.each([
    { when: 'neither plugin nor kind', data: {}, says: 'REQUIRED nodes[0].data.kind' },
    {
      when: 'no such plugin',
      data: { pluginId: 'postgres' },
      says: 'UNKNOWN_PLUGIN nodes[0].data.pluginId did you',
    },
    {
      when: 'a name of JavaScript',
      data: { pluginId: 'constructor' },
      says: 'UNKNOWN_PLUGIN nodes[0].data.pluginId',
    },
    {
      when: 'no such node type',
      data: { pluginId: 'kafka', templateId: 'kafka' },
      says: 'UNKNOWN_PLUGIN nodes[0].data.templateId it has kafka-cluster',
    },
    {
      when: 'several node types',
      data: { pluginId: 'kafka' },
      says: 'REQUIRED nodes[0].data.templateId it has',
    },
    {
      when: 'an unknown field',
      data: { ...PG, instanses: 3 },
      says: 'UNKNOWN_KEY nodes[0].data.instanses did you',
    },
    {
      when: 'a word for a number',
      data: { ...PG, instances: 'many' },
      says: 'INVALID_TYPE nodes[0].data.instances',
    },
    {
      when: 'a list for a text',
      data: { ...PG, storageSize: [1] },
      says: 'INVALID_TYPE nodes[0].data.storageSize',
    },
    {
      when: 'a choice that is none',
      data: { pluginId: 'jaeger', strategy: 'all' },
      says: 'INVALID_VALUE nodes[0].data.strategy',
    },
    {
      when: 'no required field',
      data: { pluginId: 'kafka', templateId: 'kafka-topic' },
      says: 'REQUIRED nodes[0].data.cluster such as kafka',
    },
    {
      when: 'YAML that is none',
      data: { pluginId: 'kafka', templateId: 'kafka-topic', cluster: 'a', config: 'a: [' },
      says: 'INVALID_FORMAT nodes[0].data.config',
    },
    {
      when: 'a secret in clear',
      data: { ...PG, owner: 'secret://env/OWNER' },
      says: 'SECRET_MISPLACED nodes[0].data.owner name a Secret',
    },
    {
      when: 'a spec without the place of a field',
      data: { ...PG, storageSize: '1Gi', spec: { storage: 'none' } },
      says: 'INVALID_VALUE nodes[0].data.storageSize',
    },
  ])('says where, with $when', ({ data, says }) => {
    expect(codes(data).join('\n')).toContain(says);
  });
});

describe('a place in an object', () => {
  it.each([
    { value: { a: [1, 2] }, path: '/a/2', becomes: { a: [1, 2, 'x'] } },
    { value: { a: [1, 2] }, path: '/a/5', becomes: undefined },
    { value: { a: 1 }, path: '/a/b', becomes: undefined },
    { value: {}, path: '/a~1b/c~0d', becomes: { 'a/b': { 'c~d': 'x' } } },
    { value: undefined, path: '/a', becomes: { a: 'x' } },
  ])('$path of $value', ({ value, path, becomes }) => {
    expect(withValueAt(value, pointerKeys(path), 'x')).toEqual(becomes);
    if (becomes !== undefined) expect(valueAt(becomes, pointerKeys(path))).toBe('x');
  });

  it('is never one that all objects have', () => {
    const made = withValueAt({}, pointerKeys('/__proto__/polluted'), 'x');
    expect(Object.hasOwn(Object(made), '__proto__')).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(valueAt({}, pointerKeys('/constructor/name'))).toBeUndefined();
  });
});

const WIDGET = `
displayName: Widgets
nodeTypes:
  - name: widget
    apiVersion: example.com/v1
    kind: Widget
    fields:
      - { id: size, type: number, default: 1 }
      - { id: color, type: select, options: [red, blue] }
    defaultYaml: |
      spec: { shape: round }
`;
const SHOP = nodeText({ pluginId: 'widgets', size: 4 });
const FILES = { 'workflows/shop.yaml': SHOP, 'clusters/prod.yaml': 'inCluster: true\n' };

describe('plugins of a repository', () => {
  it('are read from plugins/, and stacks follow their changes', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...FILES, 'plugins/widgets.yaml': WIDGET });
    expect(state.diagnostics()).toEqual([]);
    expect(state.get('shop')?.resources[0]?.spec['spec']).toEqual({ shape: 'round', size: 4 });
    const changed = WIDGET.replace('round', 'square');
    expect(await push({ 'plugins/widgets.yaml': changed })).toEqual({ changed: ['shop'], removed: [] });
    expect(state.get('shop')?.resources[0]?.spec['spec']).toEqual({ shape: 'square', size: 4 });
    expect((await push({ 'plugins/other.yaml': WIDGET })).changed).toEqual([]);
  });

  it('that are gone, or have errors, are told of at the node', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...FILES, 'plugins/widgets.yaml': WIDGET.replace('kind: Widget', 'kind: widget') });
    expect(state.diagnostics().map(({ code, file, line }) => `${code} ${file}:${line}`)).toEqual([
      'INVALID_FORMAT plugins/widgets.yaml:6',
      'UNKNOWN_PLUGIN workflows/shop.yaml:5',
    ]);
    await push({ 'plugins/widgets.yaml': null });
    expect(state.diagnostics().map(({ code, hint }) => `${code} ${hint}`)).toEqual([
      'UNKNOWN_PLUGIN describe it in plugins/widgets.yaml',
    ]);
  });

  it('stand before one that comes along under the same name', async () => {
    const { state, push } = createDesiredFixture();
    await push({
      ...FILES,
      'workflows/shop.yaml': nodeText({ pluginId: 'redis' }),
      'plugins/redis.yaml': WIDGET,
    });
    expect(state.get('shop')?.resources[0]?.kind).toBe('Widget.example.com');
  });

  it.each([
    { when: 'no node type', text: 'displayName: x\n', says: '1:1 error REQUIRED nodeTypes' },
    { when: 'another name', text: `name: other\n${WIDGET}`, says: '1:7 error INVALID_VALUE name' },
    {
      when: 'a group of Kubernetes itself',
      text: WIDGET.replace('example.com/v1', 'v1'),
      says: '5:17 error INVALID_FORMAT nodeTypes[0].apiVersion',
    },
    {
      when: 'a select without options',
      text: WIDGET.replace(', options: [red, blue]', ''),
      says: 'error REQUIRED nodeTypes[0].fields[1].options',
    },
    {
      when: 'a default of another type',
      text: WIDGET.replace('default: 1', 'default: one'),
      says: '8:44 error INVALID_TYPE nodeTypes[0].fields[0].default',
    },
    {
      when: 'a field twice',
      text: WIDGET.replace('id: color', 'id: size'),
      says: '9:15 error DUPLICATE_NAME nodeTypes[0].fields[1].id',
    },
    {
      when: 'a field called as a key of every node',
      text: WIDGET.replace('id: size', 'id: namespace'),
      says: '8:15 error INVALID_VALUE nodeTypes[0].fields[0].id',
    },
    {
      when: 'a field outside of the spec',
      text: WIDGET.replace('id: size', 'id: size, path: /metadata/name'),
      says: 'error INVALID_FORMAT nodeTypes[0].fields[0].path',
    },
    {
      when: 'a field where something else is',
      text: WIDGET.replace('id: size', 'id: size, path: /spec/shape/size'),
      says: 'error INVALID_VALUE nodeTypes[0].fields[0].path',
    },
    {
      when: 'a default object that is no YAML',
      text: WIDGET.replace('{ shape: round }', '{ shape: '),
      says: 'error INVALID_FORMAT nodeTypes[0].defaultYaml',
    },
    {
      when: 'a default object of another kind',
      text: WIDGET.replace('spec: {', 'kind: Gadget\n      spec: {'),
      says: 'error INVALID_VALUE nodeTypes[0].defaultYaml',
    },
    {
      when: 'a part of the default object that is not used',
      text: WIDGET.replace('spec: {', 'status: {}\n      spec: {'),
      says: 'error UNKNOWN_KEY nodeTypes[0].defaultYaml',
    },
    {
      when: 'two node types of one name',
      text: `${WIDGET}  - { name: widget, apiVersion: example.com/v1, kind: Gadget }\n`,
      says: 'error DUPLICATE_NAME nodeTypes[1].name',
    },
  ])('say where they are wrong, with $when', async ({ text, says }) => {
    const { state, push } = createDesiredFixture();
    await push({ ...FILES, 'plugins/widgets.yaml': text });
    const found = state.diagnostics().filter(({ file }) => file === 'plugins/widgets.yaml');
    expect(briefDiagnostics(found).join('\n')).toContain(says);
    const checked = state.check(text, 'plugins/widgets.yaml').diagnostics;
    expect(briefDiagnostics(checked)).toEqual(briefDiagnostics(found));
  });

  it('cannot be called as no file of a plugin may be', async () => {
    const { state, push } = createDesiredFixture();
    await push({ ...FILES, 'plugins/My Widgets.yaml': WIDGET });
    expect(state.diagnostics().map(({ code, file }) => `${code} ${file}`)).toContain(
      'INVALID_FORMAT plugins/My Widgets.yaml',
    );
  });
});
