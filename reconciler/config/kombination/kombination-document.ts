import { normaliseDocument } from '../intent/dialect.ts';
import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { YamlDocument } from '../yaml-document.ts';

/** A kombination in the words of the public format, whatever the dialect. Paths and lines are always the author's. */
export interface KombinationDocument extends YamlDocument {
  /** Document in the author's words. */
  readonly original: unknown;
  /** Findings of the translation. */
  readonly notes: readonly DocumentDiagnostic[];
}

/** Reads a document in either dialect. */
export function translateDocument(document: YamlDocument): KombinationDocument {
  const diagnostics = createDiagnosticCollector();
  const original = document.value;
  const { value, sourcePath } = normaliseDocument(original, diagnostics);
  if (value === original) return { ...document, original, notes: diagnostics.list };
  return {
    ...document,
    original,
    value,
    notes: diagnostics.list,
    position(path, at) {
      const source = sourcePath(path);
      return { path: source, ...document.position(source, at) };
    },
  };
}
