import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';
import { REGISTRY_TYPES, registryId, registryTypeOf } from '../../model/registry-entry.ts';
import { normaliseHost } from '../../model/registry.ts';

/** The entries under `registries`, which the schema has passed. */
export function readRegistryEntries(
  fields: Fields,
  collector: DiagnosticCollector,
): readonly RegistryEntry[] {
  const entries = (asList(fields['registries']) ?? []).flatMap((item, index) =>
    readEntry(asFields(item) ?? {}, ['registries', index], collector),
  );
  for (const member of ['id', 'name'] as const) {
    const seen = new Set<string>();
    for (const { entry, path } of entries) {
      const value = entry[member];
      if (seen.has(value) && entry.setting === null)
        collector.error('DUPLICATE_NAME', [...path, member], `two registries have the ${member} ${value}`);
      seen.add(value);
    }
  }
  return entries.map(({ entry }) => entry);
}

interface Placed {
  readonly entry: RegistryEntry;
  readonly path: DocumentPath;
}

function readEntry(fields: Fields, path: DocumentPath, collector: DiagnosticCollector): readonly Placed[] {
  const [url, given, username, password] = ['url', 'host', 'username', 'password'].map((key) =>
    asString(own(fields, key)),
  );
  const address = url ?? given;
  if (address === undefined) return [];
  for (const key of ['host', 'username', 'password']) {
    if (url === undefined || own(fields, key) === undefined) continue;
    const hint =
      'give host, username and password, or name, type and url, whose credentials are given over the API';
    collector.error('INVALID_VALUE', [...path, key], `${key} does not go with url`, { at: 'key', hint });
  }
  const host = normaliseHost(address);
  const name = asString(fields['name']) ?? host;
  const written = REGISTRY_TYPES.find((type) => type === fields['type']);
  const byHost = registryTypeOf(host);
  if (written !== undefined && written !== byHost && byHost !== 'custom')
    collector.error('INVALID_VALUE', [...path, 'type'], `${host} is a registry of the type ${byHost}`);
  const isComplete = username !== undefined && password !== undefined;
  const entry = {
    id: asString(fields['id']) ?? registryId(name),
    name,
    type: written ?? byHost,
    url: address,
    host,
    isDefault: fields['default'] === true,
    setting: url === undefined && isComplete ? { host: address, username, password } : null,
  };
  return [{ entry, path }];
}
