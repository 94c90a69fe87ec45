import type { JsonObject } from '../../base/json.ts';
import { compareText, defined, own } from '../../base/values.ts';
import type { KitServiceView, KitView } from '../../model/catalogue.ts';
import type { KitService, KitSetting } from './kit.ts';
import type { KitCatalogue } from './kit-catalogue.ts';

/** JSON types of what settings are; the others are texts in a form of their own, which `format` names. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  integer: 'integer',
  list: 'array',
  paths: 'array',
};

/** Kits without errors, by name. */
export function viewKits({ kits }: KitCatalogue): readonly KitView[] {
  return [...kits.values()]
    .filter((kit) => kit !== null)
    .toSorted((a, b) => compareText(a.name, b.name))
    .map(({ name, description, services, addons }) => ({
      name,
      description,
      services: byName(services).map(([service, one]) => viewService(service, one)),
      addons: byName(addons).map(([addon, one]) => ({ name: addon, ...one })),
    }));
}

function viewService(name: string, { description, needs = [], settings = {} }: KitService): KitServiceView {
  const required = byName(settings).flatMap(([key, setting]) => (setting.required === true ? [key] : []));
  const properties = Object.fromEntries(byName(settings).map(([key, one]) => [key, viewSetting(one)]));
  const options = { type: 'object', properties, required, additionalProperties: false };
  return { name, description, needs, options };
}

function viewSetting({ description, type, default: byDefault, enum: values }: KitSetting): JsonObject {
  const known = own(TYPES, type);
  return defined({
    type: known ?? 'string',
    format: known === undefined ? type : undefined,
    items: known === 'array' ? { type: 'string' } : undefined,
    description,
    default: byDefault,
    enum: values === undefined ? undefined : [...values],
  }) as JsonObject;
}

function byName<T>(record: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(record).sort(([a], [b]) => compareText(a, b));
}
