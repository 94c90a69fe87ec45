import type { DocumentPath, TextPlace } from './document-path.ts';
import type { Problem } from './problem.ts';
import { isProblem } from './problem.ts';

/** A diagnostic that points into a document by path; a `Diagnostic` has the line and column as well. */
export interface DocumentDiagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly path: DocumentPath;
  readonly message: string;
  readonly hint?: string;
  /** Part of the pair to point at. Default `value`. */
  readonly at?: 'key' | 'value';
  /** Position in the text when it is known already; `path` is not looked up then. */
  readonly place?: TextPlace;
}

export interface DiagnosticDetails {
  readonly hint?: string | undefined;
  readonly at?: 'key' | 'value';
}

/** Collects diagnostics, so that all of them are reported and not only the first. */
export interface DiagnosticCollector {
  readonly list: readonly DocumentDiagnostic[];
  add(diagnostic: DocumentDiagnostic): void;
  error(code: string, path: DocumentPath, message: string, details?: DiagnosticDetails): void;
  warning(code: string, path: DocumentPath, message: string, details?: DiagnosticDetails): void;
}

/** A document with more findings than this is not read to its end by anybody. */
const MAX_FINDINGS = 1_000;

export function createDiagnosticCollector(): DiagnosticCollector {
  const list: DocumentDiagnostic[] = [];
  let left = 0;
  let severity: DocumentDiagnostic['severity'] = 'warning';
  function add(diagnostic: DocumentDiagnostic, { hint, at }: DiagnosticDetails = {}): void {
    if (list.length >= MAX_FINDINGS) {
      left += 1;
      if (diagnostic.severity === 'error') severity = 'error';
      list[MAX_FINDINGS] = manyMore(left, severity);
      return;
    }
    list.push({
      ...diagnostic,
      ...(hint === undefined ? {} : { hint }),
      ...(at === undefined ? {} : { at }),
    });
  }
  return {
    list,
    add: (diagnostic) => add(diagnostic),
    error: (code, path, message, details) => add({ severity: 'error', code, path, message }, details),
    warning: (code, path, message, details) => add({ severity: 'warning', code, path, message }, details),
  };
}

/** Stands for findings that are not listed; it is an error when one of them is. */
export function manyMore(count: number, severity: DocumentDiagnostic['severity']): DocumentDiagnostic {
  const message = `and ${count} more ${count === 1 ? 'finding' : 'findings'}, not listed`;
  return { severity, code: 'MORE_FINDINGS', path: [], message };
}

/** Reports a problem as an error at the path and returns `undefined`; returns any other value unchanged. */
export function accept<T>(
  value: T | Problem,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): T | undefined {
  if (!isProblem(value)) return value;
  diagnostics.error(value.code ?? 'INVALID_FORMAT', path, value.problem, { hint: value.hint });
  return undefined;
}
