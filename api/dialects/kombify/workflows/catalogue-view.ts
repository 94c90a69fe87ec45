import type { NodeTemplate, PluginField, PluginNodeType, PluginView } from '../../../../reconciler/index.ts';
import { own } from '../../../../reconciler/index.ts';

type Schema = Readonly<Record<string, unknown>>;

type CoreTemplate = Pick<NodeTemplate, 'name' | 'displayName' | 'category' | 'description' | 'icon'>;

/** Fields that most nodes of a type give, in the order in which people think of them. */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  deployment: ['name', 'image', 'replicas', 'port', 'env', 'envKeys', 'resources'],
  statefulset: ['name', 'image', 'replicas', 'port', 'env', 'envKeys', 'volumeClaimTemplates'],
  daemonset: ['name', 'image', 'port', 'env', 'envKeys'],
  job: ['name', 'image', 'command', 'args', 'env', 'envKeys'],
  cronjob: ['name', 'schedule', 'image', 'command', 'args', 'env', 'envKeys'],
  service: ['name', 'type', 'port', 'targetPort'],
  ingress: ['name', 'host', 'path', 'tlsEnabled'],
  configmap: ['name', 'data', 'mountPath'],
  secret: ['name', 'keys', 'mountPath'],
  persistentvolumeclaim: ['name', 'storage', 'mountPath', 'storageClassName'],
  hpa: ['name', 'minReplicas', 'maxReplicas', 'targetCPUUtilization'],
  networkpolicy: ['name', 'policyTypes', 'ingressRules', 'egressRules'],
};

/** A template of Kubernetes' own objects; its schema stands among the definitions. */
export function toCoreTemplate(template: CoreTemplate) {
  const { name, displayName, category, description, icon } = template;
  return {
    id: `core/${name}`,
    type: name,
    plugin_id: null,
    display_name: displayName,
    category,
    description,
    icon,
    usual: own(USUAL, name) ?? [],
    schema: { $ref: `#/$defs/${name}` },
  };
}

/** One that takes any object as it is: the catalogue of the platform has none. */
export const MANIFEST_TEMPLATE = toCoreTemplate({
  name: 'manifest',
  displayName: 'Any object',
  category: 'advanced',
  description: 'Any Kubernetes object, written as it is.',
  icon: 'FileCode',
});

/** Node types of a plugin, each with the schema of its fields. */
export function toPluginTemplates({ id, displayName, nodeTypes }: PluginView) {
  return nodeTypes.map((type) => ({
    id: `${id}/${type.name}`,
    type: 'plugin',
    plugin_id: id,
    display_name: type.displayName,
    category: displayName,
    description: type.description,
    icon: 'Puzzle',
    usual: type.fields.map((field) => field.id),
    schema: schemaOf(id, type),
  }));
}

function schemaOf(pluginId: string, { name, fields }: PluginNodeType): Schema {
  const own = Object.fromEntries(fields.map((field) => [field.id, schemaOfField(field)]));
  const required = fields
    .filter((field) => field.required && field.default === undefined)
    .map(({ id }) => id);
  return {
    type: 'object',
    required: ['name', ...required],
    properties: {
      name: { $ref: '#/$defs/objectName', title: 'Name', description: 'Name of the object.' },
      ...own,
      namespace: {
        $ref: '#/$defs/namespaceName',
        title: 'Namespace',
        description: 'Default: that of the workflow.',
      },
      pluginId: { const: pluginId },
      templateId: { const: name },
      apiVersion: { $ref: '#/$defs/apiVersion', description: 'Another version than the catalogue has.' },
      labels: { $ref: '#/$defs/plugin/properties/labels' },
      annotations: { $ref: '#/$defs/plugin/properties/annotations' },
      spec: { type: 'object', description: 'Members of the spec that no field is for.' },
    },
  };
}

function schemaOfField({ label, type, options, placeholder, yaml, ...field }: PluginField): Schema {
  const words = yaml === true ? 'Written as YAML.' : '';
  const value = field.default === undefined ? '' : `Default ${field.default}.`;
  const description = [words, value].filter((one) => one !== '').join(' ');
  return {
    title: label,
    ...(description === '' ? {} : { description }),
    ...(type === 'select' && options !== undefined
      ? { enum: options }
      : { type: type === 'number' ? 'number' : 'string' }),
    ...(type === 'textarea' ? { format: 'textarea' } : {}),
    ...(placeholder === undefined ? {} : { examples: [placeholder] }),
  };
}
