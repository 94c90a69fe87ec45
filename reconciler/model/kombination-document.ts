import { normaliseDocument } from './dialect.ts';
import type { Issue } from './issue.ts';
import { createIssues } from './issue.ts';
import type { YamlDocument } from './yaml-document.ts';
import { parseYaml } from './yaml-document.ts';

/** A kombination as written, and in the words of the public format. Paths and lines are always the author's. */
export interface KombinationDocument extends YamlDocument {
  /** Whatever the dialect, in the words of the public format. */
  readonly normal: unknown;
  /** Findings of the translation. */
  readonly notes: readonly Issue[];
}

/** Reads a text in either dialect. Never throws. */
export function parseKombination(text: string): KombinationDocument {
  const document = parseYaml(text);
  const issues = createIssues();
  const { value: normal, sourcePath } = normaliseDocument(document.value, issues);
  return {
    ...document,
    normal,
    notes: issues.list,
    sourcePath,
    position: (path, at) => document.position(sourcePath(path), at),
  };
}
