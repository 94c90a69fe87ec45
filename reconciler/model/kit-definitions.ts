import type { Issue } from './issue.ts';
import { createIssues } from './issue.ts';
import type { ServiceFields } from './kombination.ts';
import { readServiceFields } from './service-fields.ts';
import type { Fields } from './values.ts';
import { asFields } from './values.ts';

/** A piece of a definition, read. Its paths lead nowhere: they are those of whoever uses it. */
export interface Definition {
  readonly fields: ServiceFields;
  readonly issues: readonly Issue[];
}

/** Definitions of one kit, each read once for as long as what is filled in stays the same. */
export interface Definitions {
  read(fragment: Fields, values: Readonly<Record<string, string>>): Definition;
}

/** What is filled in may be anything that stacks say: more than this is not kept. */
const KEPT = 2_000;

export function createDefinitions(): Definitions {
  const texts = new WeakMap<Fields, string>();
  const known = new Map<string, Definition>();
  return {
    read(fragment, values) {
      const written = texts.get(fragment) ?? JSON.stringify(fragment);
      texts.set(fragment, written);
      const filled = fillJson(written, values);
      const before = known.get(filled);
      if (before) return before;
      const issues = createIssues();
      const fields = readServiceFields(asFields(JSON.parse(filled)) ?? {}, [], issues);
      const definition = { fields, issues: issues.list };
      if (known.size >= KEPT) known.clear();
      known.set(filled, definition);
      return definition;
    },
  };
}

/** Fills in the `{{name}}` of a JSON text, values escaped. */
function fillJson(text: string, values: Readonly<Record<string, string>>): string {
  if (!text.includes('{{')) return text;
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined ? whole : JSON.stringify(value).slice(1, -1);
  });
}
