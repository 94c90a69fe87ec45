import { showLine } from './shown-text.ts';

/** A place in a repository file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One finding about the desired state. Validation returns all of them, never just the first.
 * A stack with a finding of severity `error` is not planned.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable identifier, upper snake case (`UNKNOWN_KEY`); the message is not stable. */
  readonly code: string;
  readonly message: string;
  /** Repository path of the file; absent when the finding is about no single file. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Path inside the document, `services.web.ports[0]`; `` for the document itself. */
  readonly path?: string;
  /** Advice on what to do about it: nearest known key or name, an example. */
  readonly hint?: string;
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

/** `file:line:column: error: message [CODE at path] (hint)`, the form editors and CI logs recognise. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, code, path, hint } = diagnostic;
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const where = path ? `${code} at ${path}` : code;
  return showLine(
    `${place ? `${place}: ` : ''}${severity}: ${message} [${where}]${hint ? ` (${hint})` : ''}`,
  );
}

/** Nobody reads more of a text, and a document may be made to have any number of characters in each. */
const MAX_TEXT_LENGTH = 1_000;

/** The text of a finding, cut where nobody reads on. */
export function shorten(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}…`;
}

/** Order for reports: file, line, column, code. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    (a.file ?? '').localeCompare(b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    (a.column ?? 0) - (b.column ?? 0) ||
    a.code.localeCompare(b.code)
  );
}
