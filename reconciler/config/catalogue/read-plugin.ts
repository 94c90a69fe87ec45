import type { Plugin, PluginField, PluginNodeType } from '../../model/catalogue.ts';
import { FIELD_TYPES } from '../../model/catalogue.ts';
import { groupOf } from '../../model/kubernetes/kubernetes-object.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, defined } from '../../base/values.ts';

/** Category of a plugin that names none. */
const OTHER = 'other';

/** Reads the description of a plugin that the schema has passed. */
export function readPlugin(id: string, fields: Fields): Plugin {
  const category = asString(fields['category']) ?? OTHER;
  const nodeTypes = (asList(fields['nodeTypes']) ?? []).map((item) =>
    readType(asFields(item) ?? {}, category),
  );
  const group = groupOf(nodeTypes[0]?.apiVersion ?? '');
  return {
    id,
    name: asString(fields['name']) ?? id,
    displayName: asString(fields['displayName']) ?? id,
    description: asString(fields['description']) ?? '',
    category,
    version: asString(fields['version']) ?? '1.0.0',
    crdGroup: asString(fields['crdGroup']) ?? group,
    crdKinds: [...new Set(nodeTypes.map(({ kind }) => kind))],
    nodeTypes,
  };
}

function readType(fields: Fields, category: string): PluginNodeType {
  const name = asString(fields['name']) ?? '';
  return {
    name,
    displayName: asString(fields['displayName']) ?? name,
    description: asString(fields['description']) ?? '',
    category,
    apiVersion: asString(fields['apiVersion']) ?? '',
    kind: asString(fields['kind']) ?? '',
    fields: (asList(fields['fields']) ?? []).map((item) => readField(asFields(item) ?? {})),
    defaultYaml: asString(fields['defaultYaml']) ?? '',
  };
}

function readField(fields: Fields): PluginField {
  const id = asString(fields['id']) ?? '';
  const standard = fields['default'];
  const options = asList(fields['options'])?.filter((option) => typeof option === 'string');
  return defined({
    id,
    label: asString(fields['label']) ?? id,
    type: FIELD_TYPES.find((type) => type === fields['type']) ?? 'text',
    required: fields['required'] === true,
    default: typeof standard === 'string' || typeof standard === 'number' ? standard : undefined,
    options,
    placeholder: asString(fields['placeholder']),
    path: asString(fields['path']) ?? `/spec/${id}`,
    yaml: fields['yaml'] === true ? (true as const) : undefined,
  });
}
