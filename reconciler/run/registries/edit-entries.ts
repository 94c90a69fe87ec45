import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import { normaliseHost } from '../../model/registry.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';
import { registryId } from '../../model/registry-entry.ts';

/** Returns the top-level keys of `kombinator.yaml` that are to be others. */
type Edit = (document: Fields) => object;

function listed(document: Fields): readonly Fields[] {
  return (asList(document['registries']) ?? []).map((item) => asFields(item) ?? {});
}

/** The id that an item has, written or derived. */
function idOf(item: Fields): string {
  const host = normaliseHost(asString(item['url']) ?? asString(item['host']) ?? '');
  return asString(item['id']) ?? registryId(asString(item['name']) ?? host);
}

export function addEntry({ id, name, type, url }: RegistryEntry): Edit {
  return (document) => ({ registries: [...listed(document), { id, name, type, url }] });
}

export function removeEntry(id: string): Edit {
  return (document) => {
    const left = listed(document).filter((item) => idOf(item) !== id);
    return { registries: left.length === 0 ? null : left };
  };
}

export interface EntryUpdate {
  readonly name: string;
  readonly url: string;
  /** Its credentials have moved into the vault. */
  readonly isMoved: boolean;
}

export function updateEntry({ id, type, setting }: RegistryEntry, { name, url, isMoved }: EntryUpdate): Edit {
  return mapEntry(id, (item) => {
    const { host: _host, username: _username, password: _password, ...rest } = item;
    if (setting === null || isMoved) return { ...rest, id, name, type, url };
    return { ...item, id, name, host: url };
  });
}

/** The one of its type; others are no longer. */
export function chooseEntry({ id, type }: RegistryEntry, entries: readonly RegistryEntry[]): Edit {
  const ofType = new Set(entries.filter((one) => one.type === type).map((one) => one.id));
  return (document) => ({
    registries: listed(document).map((item) => {
      if (idOf(item) === id) return { ...item, default: true };
      const { default: _default, ...rest } = item;
      return ofType.has(idOf(item)) ? rest : item;
    }),
  });
}

function mapEntry(id: string, change: (item: Fields) => Fields): Edit {
  return (document) => ({
    registries: listed(document).map((item) => (idOf(item) === id ? change(item) : item)),
  });
}
