import { describe, expect, it } from 'vitest';
import { builtInPlugins } from '../../../reconciler/config/catalogue/built-in-plugins.ts';
import { readPluginDocument } from '../../../reconciler/config/catalogue/plugin-document.ts';
import { pointerKeys, valueAt } from '../../../reconciler/config/catalogue/pointer.ts';
import { CORE_TEMPLATES, pluginTemplates } from '../../../reconciler/config/catalogue/templates.ts';
import { NODE_TYPES } from '../../../reconciler/config/workflow/workflow.ts';
import { parseYaml } from '../../../reconciler/config/yaml-document.ts';
import { asFields, asList } from '../../../reconciler/base/values.ts';
import { workflowSchema } from '../../../schemas/index.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import { diagnose, renderText, workflow } from '../../support/kubernetes/workflow-texts.ts';

const plugins = [...builtInPlugins().values()].filter((plugin) => plugin !== null);
const types = plugins.flatMap((plugin) =>
  plugin.nodeTypes.map((type) => ({ plugin, type, name: type.name })),
);

describe('templates', () => {
  it('are one for each type of node that is an object of Kubernetes itself', () => {
    const names = CORE_TEMPLATES.map(({ name }) => name).toSorted();
    expect(names).toEqual(NODE_TYPES.filter((type) => type !== 'plugin' && type !== 'manifest').toSorted());
    expect(CORE_TEMPLATES.map(({ id }) => id)).toEqual(CORE_TEMPLATES.map(({ name }) => `core/${name}`));
  });

  it.each(CORE_TEMPLATES)(
    '$name asks for keys that the schema knows, and offers values that it takes',
    (template) => {
      const definitions: Readonly<Record<string, unknown>> = workflowSchema.$defs;
      const known = asFields(asFields(definitions[template.name])?.['properties']) ?? {};
      const unknown = template.parameters.filter(({ name }) => !Object.hasOwn(known, name));
      expect(unknown.map(({ name }) => name)).toEqual([]);
      for (const { name, options } of template.parameters) {
        const values = asList(asFields(known[name])?.['enum']);
        if (options && values)
          expect(options.map(({ value }) => value).toSorted()).toEqual(values.map(String).toSorted());
      }
    },
  );

  it.each(CORE_TEMPLATES)('$name: what its template gives by itself is no error', ({ name, parameters }) => {
    const EXAMPLES: Readonly<Record<string, unknown>> = {
      name: 'one',
      image: 'nginx:1.29',
      serviceName: 'one',
      targetApp: 'one',
      scaleTargetName: 'one',
    };
    const given = parameters.flatMap((parameter) => {
      const value = parameter.default ?? (parameter.required ? EXAMPLES[parameter.name] : undefined);
      return value === undefined ? [] : [[parameter.name, value]];
    });
    const node = JSON.stringify({ id: 'one', type: name, data: Object.fromEntries(given) });
    expect(diagnose(workflow([node]))).toEqual([]);
  });
});

describe('plugins that come along', () => {
  it('are 57, and no two of their node types have the same name', () => {
    expect(plugins).toHaveLength(57);
    expect(new Set(types.map(({ name }) => name)).size).toBe(types.length);
    expect(plugins.filter(({ nodeTypes }) => nodeTypes.length === 0)).toEqual([]);
  });

  it.each(plugins)(
    '$id is what a repository may have as well',
    ({ id, displayName, category, nodeTypes }) => {
      const written = nodeTypes.map(({ category: _category, ...type }) => type);
      const text = JSON.stringify({ displayName, category, nodeTypes: written });
      const { plugin, diagnostics } = readPluginDocument(`plugins/${id}.yaml`, text, checkSchema);
      expect(diagnostics).toEqual([]);
      expect(plugin?.nodeTypes).toEqual(nodeTypes);
    },
  );

  it.each(plugins)(
    '$id names the group and the kinds of its objects',
    ({ crdGroup, crdKinds, nodeTypes }) => {
      expect(crdKinds.toSorted()).toEqual([...new Set(nodeTypes.map(({ kind }) => kind))].toSorted());
      // Operators with several groups have them below one another, or beside (ECK).
      const domain = crdGroup.split('.').slice(-2).join('.');
      expect(nodeTypes.filter(({ apiVersion }) => !apiVersion.split('/')[0]?.endsWith(domain))).toEqual([]);
    },
  );

  it.each(types)('$name: each field says what the object has without it', ({ type }) => {
    const object = parseYaml(type.defaultYaml).value;
    for (const { path, required, yaml, default: standard, placeholder } of type.fields) {
      const value = valueAt(object, pointerKeys(path));
      const said = required ? placeholder : standard;
      if (value === undefined) expect(said === undefined || !required).toBe(true);
      else expect(yaml === true ? parseYaml(String(said)).value : said).toEqual(value);
    }
  });

  it.each(types)('$name: a node with what it needs is its object', ({ plugin, type }) => {
    const needed = type.fields.filter(({ required }) => required);
    const fields = Object.fromEntries(needed.map(({ id, placeholder }) => [id, placeholder]));
    const data = { name: 'one', pluginId: plugin.id, templateId: type.name, ...fields };
    const text = workflow([JSON.stringify({ id: 'one', type: 'plugin', data })]);
    expect(diagnose(text)).toEqual([]);
    const { metadata, ...object } = asFields(parseYaml(type.defaultYaml).value) ?? {};
    const { labels, annotations } = asFields(metadata) ?? {};
    const spec = renderText(text).find(({ kind }) => kind.startsWith(type.kind))?.spec;
    expect(spec).toMatchObject({ ...object, metadata: { name: 'one', namespace: 'default' } });
    expect(asFields(spec?.['metadata'])?.['labels']).toEqual(labels);
    expect(asFields(spec?.['metadata'])?.['annotations']).toEqual(annotations);
  });

  it.each(plugins)('$id has a template for each node type, with its fields', (plugin) => {
    expect(pluginTemplates(plugin)).toEqual(
      plugin.nodeTypes.map((type) =>
        expect.objectContaining({ id: type.name, isPlugin: true, pluginId: plugin.id, version: '1.0.0' }),
      ),
    );
  });
});
