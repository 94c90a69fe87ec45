import type { DocumentPath } from '../../base/document-path.ts';
import type { DocumentDiagnostic, DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { ServiceFields } from '../kombination/kombination.ts';
import {
  isLoose,
  EMPTY_SERVICE_FIELDS,
  readLooseFields,
  readServiceFields,
} from '../kombination/service/service-fields.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, own } from '../../base/values.ts';

/** A piece of a definition, read. Its paths lead nowhere: they are those of whoever uses it. */
export interface Definition {
  readonly fields: ServiceFields;
  readonly diagnostics: readonly DocumentDiagnostic[];
}

/** Definitions of one kit. What is not filled in is read once. */
export interface Definitions {
  read(fragment: Fields, values: Readonly<Record<string, string>>): Definition;
}

/** Filled definitions that are kept: stacks may fill in anything, so there has to be a limit. */
const MAX_DEFINITIONS_KEPT = 2_000;

/** A fragment taken apart, once. */
interface Prepared {
  /** Its text, when something is to be filled in at a place that others depend on. */
  readonly whole: string | undefined;
  /** Part that is the same for every stack. */
  readonly still: Definition;
  /** Text of what is filled in and stands for itself. */
  readonly loose: string | undefined;
}

export function createDefinitions(): Definitions {
  const prepared = new WeakMap<Fields, Prepared>();
  const known = new Map<string, Definition>();
  function readWhole(text: string): Definition {
    const before = known.get(text);
    if (before) return before;
    const definition = readText(text, readServiceFields);
    if (known.size >= MAX_DEFINITIONS_KEPT) known.clear();
    known.set(text, definition);
    return definition;
  }
  return {
    read(fragment, values) {
      const parts = prepared.get(fragment) ?? prepare(fragment);
      prepared.set(fragment, parts);
      const { whole, still, loose } = parts;
      if (whole !== undefined) return readWhole(fillJson(whole, values));
      if (loose === undefined) return still;
      const filled = readText(fillJson(loose, values), readLooseFields);
      return {
        fields: { ...still.fields, ...filled.fields },
        diagnostics: [...still.diagnostics, ...filled.diagnostics],
      };
    },
  };
}

const EMPTY_DEFINITION: Definition = { fields: EMPTY_SERVICE_FIELDS, diagnostics: [] };

function prepare(fragment: Fields): Prepared {
  const filled = Object.entries(fragment).filter((entry) => JSON.stringify(entry).includes('{{'));
  if (filled.some(([key]) => !isLoose(key))) {
    return { whole: JSON.stringify(fragment), still: EMPTY_DEFINITION, loose: undefined };
  }
  const names = new Set(filled.map(([key]) => key));
  const still = Object.fromEntries(Object.entries(fragment).filter(([key]) => !names.has(key)));
  const loose = filled.length > 0 ? JSON.stringify(Object.fromEntries(filled)) : undefined;
  return { whole: undefined, still: readText(JSON.stringify(still), readServiceFields), loose };
}

type Reader<T> = (fields: Fields, path: DocumentPath, diagnostics: DiagnosticCollector) => T;

function readText<T>(
  text: string,
  read: Reader<T>,
): { readonly fields: T; readonly diagnostics: readonly DocumentDiagnostic[] } {
  const diagnostics = createDiagnosticCollector();
  return { fields: read(asFields(JSON.parse(text)) ?? {}, [], diagnostics), diagnostics: diagnostics.list };
}

/** Fills in the `{{name}}` of a JSON text, values escaped. */
function fillJson(text: string, values: Readonly<Record<string, string>>): string {
  if (!text.includes('{{')) return text;
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => {
    const value = own(values, name);
    return value === undefined ? whole : JSON.stringify(value).slice(1, -1);
  });
}
