import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import { suggest } from '../../base/nearest.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, asText, own } from '../../base/values.ts';
import type { Plugin, PluginCatalogue, PluginField, PluginNodeType } from '../../model/catalogue.ts';
import type { WorkflowNode } from '../workflow/workflow.ts';
import { parseYaml } from '../yaml-document.ts';
import { pointerKeys, withValueAt } from './pointer.ts';

/** Keys of a node's data that are not fields of its plugin. */
export const PLUGIN_KEYS: readonly string[] = [
  'name',
  'namespace',
  'labels',
  'annotations',
  'templateId',
  'pluginId',
  'pluginCategory',
  'displayName',
  'apiVersion',
  'kind',
  'spec',
];

/**
 * Returns the node with the object that its plugin makes of its fields: `apiVersion`, `kind`, `spec`, labels and annotations. One that says
 * `apiVersion` and `kind` itself is left as it is.
 */
export function fillPlugin(
  node: WorkflowNode,
  plugins: PluginCatalogue,
  diagnostics: DiagnosticCollector,
): WorkflowNode {
  const { data, path } = node;
  if (node.type !== 'plugin' || (data['apiVersion'] !== undefined && data['kind'] !== undefined)) return node;
  const place = [...path, 'data'];
  const found = findType(data, plugins, { place, diagnostics });
  if (found === undefined) return { ...node, data: bare(data) };
  checkKeys(data, found, { place, diagnostics });
  const { metadata, spec } = fillObject(data, found, { place, diagnostics });
  const texts = (key: 'labels' | 'annotations') => {
    const merged = { ...asFields(metadata[key]), ...asFields(data[key]) };
    return Object.keys(merged).length === 0 ? {} : { [key]: merged };
  };
  const apiVersion = asString(data['apiVersion']) ?? found.apiVersion;
  const object = { apiVersion, kind: found.kind, spec };
  return { ...node, data: { ...bare(data), ...texts('labels'), ...texts('annotations'), ...object } };
}

interface Place {
  /** Path of the node's data. */
  readonly place: DocumentPath;
  readonly diagnostics: DiagnosticCollector;
}

function bare(data: Fields): Fields {
  const kept = Object.entries(data).filter(([key]) => PLUGIN_KEYS.includes(key) && key !== 'spec');
  return Object.fromEntries(kept);
}

function findType(
  data: Fields,
  plugins: PluginCatalogue,
  { place, diagnostics }: Place,
): PluginNodeType | undefined {
  const id = asString(data['pluginId']);
  if (id === undefined) {
    for (const key of ['apiVersion', 'kind']) {
      if (own(data, key) !== undefined) continue;
      const hint = 'give it, or say pluginId and templateId';
      diagnostics.error('REQUIRED', [...place, key], `${key} is missing`, { hint });
    }
    return undefined;
  }
  const plugin = plugins.get(id);
  if (plugin === undefined) {
    const hint = suggest(id, [...plugins.keys()]) ?? `describe it in plugins/${id}.yaml`;
    diagnostics.error('UNKNOWN_PLUGIN', [...place, 'pluginId'], `there is no plugin ${id}`, { hint });
    return undefined;
  }
  if (plugin === null) {
    diagnostics.error('UNKNOWN_PLUGIN', [...place, 'pluginId'], `the plugin ${id} has errors`);
    return undefined;
  }
  return typeOf(plugin, asString(data['templateId']), { place, diagnostics });
}

function typeOf(
  { id, nodeTypes }: Plugin,
  wanted: string | undefined,
  { place, diagnostics }: Place,
): PluginNodeType | undefined {
  const [only] = nodeTypes;
  if (wanted === undefined && nodeTypes.length === 1) return only;
  const names = nodeTypes.map(({ name }) => name);
  const found = nodeTypes.find(({ name }) => name === wanted);
  if (found) return found;
  const message =
    wanted === undefined ? `templateId is missing` : `the plugin ${id} has no node type ${wanted}`;
  const hint = `it has ${names.join(', ')}`;
  const code = wanted === undefined ? 'REQUIRED' : 'UNKNOWN_PLUGIN';
  diagnostics.error(code, [...place, 'templateId'], message, { hint });
  return undefined;
}

function checkKeys(data: Fields, { name, fields }: PluginNodeType, { place, diagnostics }: Place): void {
  const known = fields.map(({ id }) => id);
  for (const key of Object.keys(data)) {
    if (PLUGIN_KEYS.includes(key) || known.includes(key) || key.startsWith('_')) continue;
    const hint = suggest(key, known) ?? `fields: ${known.join(', ')}; anything else goes into spec`;
    diagnostics.error('UNKNOWN_KEY', [...place, key], `${name} has no field ${key}`, { hint, at: 'key' });
  }
}

interface Filled {
  readonly metadata: Fields;
  readonly spec: Fields;
}

/** The object of the type, with the members of `spec` that the node names, and its fields in their places. */
function fillObject(data: Fields, type: PluginNodeType, { place, diagnostics }: Place): Filled {
  const base = asFields(parseYaml(type.defaultYaml).value) ?? {};
  let object: unknown = {
    metadata: asFields(base['metadata']) ?? {},
    spec: { ...asFields(base['spec']), ...asFields(data['spec']) },
  };
  for (const field of type.fields) {
    const path = [...place, field.id];
    const value = readValue(field, own(data, field.id), { place: path, diagnostics });
    if (value === undefined) continue;
    const next = withValueAt(object, pointerKeys(field.path), value);
    if (next !== undefined) object = next;
    else
      diagnostics.error('INVALID_VALUE', path, `${field.id} has no place at ${field.path} of what spec says`);
  }
  const { metadata, spec } = asFields(object) ?? {};
  return { metadata: asFields(metadata) ?? {}, spec: asFields(spec) ?? {} };
}

/** The value of a field as it stands in the object; `undefined`: there is none, or it is wrong. */
export function readValue(field: PluginField, written: unknown, where: Place): unknown {
  const { place, diagnostics } = where;
  const isBlank = written === undefined || written === null || written === '';
  if (isBlank && field.required) {
    const hint = field.placeholder === undefined ? undefined : `such as ${field.placeholder}`;
    diagnostics.error('REQUIRED', place, `${field.id} is missing`, { hint });
    return undefined;
  }
  const value = isBlank ? field.default : written;
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.startsWith('secret://')) {
    const hint = 'name a Secret of the cluster instead, which a secret node makes';
    diagnostics.error('SECRET_MISPLACED', place, `${field.id} would show a secret in clear`, { hint });
    return undefined;
  }
  if (field.yaml === true) return readYamlValue(field, value, where);
  switch (field.type) {
    case 'number':
      return readNumber(field, value, where);
    case 'select':
      return readChoice(field, value, where);
    default:
      return readTextValue(field, value, where);
  }
}

function readYamlValue(field: PluginField, value: unknown, where: Place): unknown {
  const chosen = field.type === 'select' ? readChoice(field, value, where) : value;
  if (typeof chosen !== 'string') return chosen;
  const { problems, value: parsed } = parseYaml(chosen);
  const [problem] = problems;
  if (problem === undefined) return parsed ?? undefined;
  where.diagnostics.error('INVALID_FORMAT', where.place, `${field.id} is not YAML: ${problem.message}`);
  return undefined;
}

function readNumber({ id }: PluginField, value: unknown, { place, diagnostics }: Place): number | undefined {
  if (typeof value === 'number') return value;
  // Editors keep what was typed.
  if (typeof value === 'string' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)) return Number(value);
  diagnostics.error('INVALID_TYPE', place, `${id} must be a number`);
  return undefined;
}

function readChoice(
  { id, options = [] }: PluginField,
  value: unknown,
  { place, diagnostics }: Place,
): string | undefined {
  const text = asText(value);
  if (options.includes(text)) return text;
  const hint = suggest(text, options);
  diagnostics.error('INVALID_VALUE', place, `${id} must be one of ${options.join(', ')}`, { hint });
  return undefined;
}

function readTextValue(
  { id }: PluginField,
  value: unknown,
  { place, diagnostics }: Place,
): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  diagnostics.error('INVALID_TYPE', place, `${id} must be a text`);
  return undefined;
}
