import { Document, isMap, parseDocument } from 'yaml';
import { asFields } from '../model/values.ts';

/** Order in which people expect the keys of a kombination. */
const KEY_ORDER = ['version', 'stackkit', 'meta', 'nodes', 'services', 'networks', 'volumes', 'policy'];
const FORMAT = { lineWidth: 0 } as const;

/** The text of a new kombination; `meta.name` is filled in when it is missing. */
export function buildStackText(name: string, document: object): string {
  const fields = { ...document } as Readonly<Record<string, unknown>>;
  const meta = fields['meta'] ?? {};
  const named = asFields(meta) ? { ...fields, meta: { name, ...asFields(meta) } } : fields;
  const keys = Object.keys(named);
  const ordered = [
    ...KEY_ORDER.filter((key) => keys.includes(key)),
    ...keys.filter((key) => !KEY_ORDER.includes(key)),
  ];
  return buildText(Object.fromEntries(ordered.map((key) => [key, asFields(named)?.[key]])));
}

export function buildText(document: object): string {
  return new Document(document, { aliasDuplicateObjects: false }).toString(FORMAT);
}

/**
 * A text with top-level keys replaced; comments and order of everything else are kept. `null` removes a key. Keys that
 * already say the same are left as they are written.
 */
export function editText(text: string, keys: object): string {
  const document = parseDocument(text, { merge: true });
  if (!isMap(document.contents)) return buildText(withoutNull(keys));
  const before = asFields(document.toJS({ maxAliasCount: 1_000 })) ?? {};
  for (const [key, value] of Object.entries(keys)) {
    if (value === null) document.delete(key);
    else if (JSON.stringify(before[key]) !== JSON.stringify(value))
      document.set(key, document.createNode(value));
  }
  return document.toString(FORMAT);
}

function withoutNull(keys: object): object {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
}
