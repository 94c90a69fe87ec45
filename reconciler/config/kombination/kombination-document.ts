import { normaliseDocument } from '../intent/dialect.ts';
import type { Issue } from '../../base/issue.ts';
import { createIssues } from '../../base/issue.ts';
import type { YamlDocument } from '../yaml-document.ts';

/** A kombination in the words of the public format, whatever the dialect. Paths and lines are always the author's. */
export interface KombinationDocument extends YamlDocument {
  /** In the author's words. */
  readonly original: unknown;
  /** Findings of the translation. */
  readonly notes: readonly Issue[];
}

/** Reads a document in either dialect. */
export function translateDocument(document: YamlDocument): KombinationDocument {
  const issues = createIssues();
  const original = document.value;
  const { value, sourcePath } = normaliseDocument(original, issues);
  if (value === original) return { ...document, original, notes: issues.list };
  return {
    ...document,
    original,
    value,
    notes: issues.list,
    position(path, at) {
      const source = sourcePath(path);
      return { path: source, ...document.position(source, at) };
    },
  };
}
