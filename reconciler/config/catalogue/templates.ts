import templates from '../../../schemas/catalogue/templates.json' with { type: 'json' };
import type { NodeTemplate, Plugin, PluginField, PluginNodeType } from '../../model/catalogue.ts';
import { defined } from '../../base/values.ts';

/** Templates of the node types that Kubernetes itself has objects for. */
export const CORE_TEMPLATES: readonly NodeTemplate[] = templates;

const TYPE_OF_FIELD = { text: 'string', textarea: 'string', number: 'number', select: 'select' } as const;

/** The node types of a plugin as templates. */
export function pluginTemplates(plugin: Plugin): readonly NodeTemplate[] {
  return plugin.nodeTypes.map((type) => toTemplate(plugin, type));
}

function toTemplate(
  plugin: Plugin,
  { name, displayName, description, fields }: PluginNodeType,
): NodeTemplate {
  return {
    id: name,
    name,
    displayName,
    category: plugin.category,
    description,
    icon: 'Puzzle',
    version: '1.0.0',
    tags: ['plugin', plugin.category, plugin.name],
    usageFrequency: 'low',
    difficulty: 'medium',
    dependencies: [],
    parameters: [NAME, ...fields.map(toParameter), NAMESPACE],
    isPlugin: true,
    pluginId: plugin.id,
  };
}

const NAME = {
  name: 'name',
  label: 'Name',
  description: 'Name of the object.',
  type: 'string',
  required: true,
};

const NAMESPACE = {
  name: 'namespace',
  label: 'Namespace',
  description: 'Namespace that it lives in.',
  type: 'string',
  required: false,
  default: 'default',
};

function toParameter({ id, label, type, required, options, path, ...field }: PluginField) {
  return defined({
    name: id,
    label,
    description: `Goes to ${path} of the object${field.yaml === true ? ', as YAML' : ''}.`,
    type: TYPE_OF_FIELD[type],
    required,
    default: field.default,
    options: options?.map((value) => ({ value, label: value })),
  });
}
