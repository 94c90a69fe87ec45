import { posix } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString } from '../../base/values.ts';
import type { Plugin, PluginField, PluginNodeType } from '../../model/catalogue.ts';
import { toDiagnostics } from '../kombination/analyze.ts';
import type { SchemaCheck } from '../schema-check.ts';
import { parseYaml } from '../yaml-document.ts';
import { PLUGIN_KEYS, readValue } from './plugin-node.ts';
import { pointerKeys, withValueAt } from './pointer.ts';
import { readPlugin } from './read-plugin.ts';

/** `plugins/<name>.yaml` as read. */
export interface PluginDocument {
  /** The file's name: what nodes say as `pluginId`. */
  readonly name: string;
  readonly file: string;
  /** `null` when the file has errors. */
  readonly plugin: Plugin | null;
  readonly diagnostics: readonly Diagnostic[];
}

export function readPluginDocument(file: string, text: string, checkSchema: SchemaCheck): PluginDocument {
  const name = posix.basename(file).replace(/\.ya?ml$/, '');
  const collector = createDiagnosticCollector();
  const document = parseYaml(text);
  if (document.problems.length === 0) checkSchema('plugin', document.value ?? {}, collector);
  const fields = asFields(document.value) ?? {};
  const writtenName = asString(fields['name']);
  if (writtenName !== undefined && writtenName !== name) {
    const message = `the file is called ${posix.basename(file)}, and the plugin ${writtenName}`;
    collector.error('INVALID_VALUE', ['name'], message, { hint: 'take out name, or rename the file' });
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    const message = `"${name}" is no name for a plugin: lower-case letters, digits and hyphens`;
    collector.error('INVALID_FORMAT', [], message, { hint: 'rename the file' });
  }
  const read = sound(document, collector) ? readPlugin(name, fields) : null;
  if (read) checkTypes(read, collector);
  const plugin = read && sound(document, collector) ? { ...read, file } : null;
  return { name, file, plugin, diagnostics: toDiagnostics(file, document, collector.list) };
}

function sound(
  { problems }: { readonly problems: readonly unknown[] },
  { list }: DiagnosticCollector,
): boolean {
  return problems.length === 0 && list.length === 0;
}

function checkTypes({ nodeTypes }: Plugin, collector: DiagnosticCollector): void {
  const seen = new Set<string>();
  for (const [index, type] of nodeTypes.entries()) {
    const path = ['nodeTypes', index];
    if (seen.has(type.name))
      collector.error('DUPLICATE_NAME', [...path, 'name'], `two node types are called ${type.name}`);
    seen.add(type.name);
    const object = readObject(type, { path: [...path, 'defaultYaml'], collector });
    if (object) checkFields(type.fields, object, { path: [...path, 'fields'], collector });
  }
}

interface Where {
  readonly path: DocumentPath;
  readonly collector: DiagnosticCollector;
}

/** The object of `defaultYaml`; what it says of its names has to be what the node type says. */
function readObject(type: PluginNodeType, { path, collector }: Where): Fields | undefined {
  const { problems, value } = parseYaml(type.defaultYaml);
  const [problem] = problems;
  if (problem !== undefined) {
    const place = `line ${problem.line}, column ${problem.column}`;
    collector.error('INVALID_FORMAT', path, `defaultYaml is not YAML: ${place}: ${problem.message}`);
    return undefined;
  }
  const object = asFields(value ?? {});
  if (object === undefined) {
    collector.error('INVALID_TYPE', path, 'defaultYaml must be a map, such as spec: { … }');
    return undefined;
  }
  for (const key of Object.keys(object)) {
    if (key === 'apiVersion' || key === 'kind') {
      if (object[key] === type[key]) continue;
      collector.error('INVALID_VALUE', path, `defaultYaml says another ${key} than the node type`);
    } else if (key !== 'metadata' && key !== 'spec')
      collector.error(
        'UNKNOWN_KEY',
        path,
        `${key} of defaultYaml is not used: only spec, labels and annotations are`,
      );
  }
  return { metadata: asFields(object['metadata']) ?? {}, spec: asFields(object['spec']) ?? {} };
}

function checkFields(fields: readonly PluginField[], object: Fields, { path, collector }: Where): void {
  const seen = new Set<string>();
  for (const [index, field] of fields.entries()) {
    const place = [...path, index];
    const { id } = field;
    if (seen.has(id)) collector.error('DUPLICATE_NAME', [...place, 'id'], `two fields are called ${id}`);
    seen.add(id);
    if (PLUGIN_KEYS.includes(id) || id === 'id')
      collector.error('INVALID_VALUE', [...place, 'id'], `${id} is a key of every node`);
    if (field.type === 'select' && field.options === undefined)
      collector.error('REQUIRED', [...place, 'options'], `options of ${id} are missing`);
    const where = { place: [...place, 'default'], diagnostics: collector };
    if (field.default !== undefined) readValue({ ...field, required: false }, field.default, where);
    if (withValueAt(object, pointerKeys(field.path), '') !== undefined) continue;
    const at = field.path === `/spec/${id}` ? 'id' : 'path';
    collector.error('INVALID_VALUE', [...place, at], `defaultYaml has no place for ${field.path}`);
  }
}
