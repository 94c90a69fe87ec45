import type { DocumentPath, TextPlace } from './document-path.ts';

/** A finding about a document before its place in the text is known. */
export interface Issue {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly path: DocumentPath;
  readonly message: string;
  readonly hint?: string;
  /** Whether to point at the key or at its value. Default `value`. */
  readonly at?: 'key' | 'value';
  /** Where it stands, when that is known already: the path leads nowhere then. */
  readonly place?: TextPlace;
}

export interface IssueDetails {
  readonly hint?: string | undefined;
  readonly at?: 'key' | 'value';
}

/** Collects findings, so that all of them are reported and not only the first. */
export interface Issues {
  readonly list: readonly Issue[];
  add(issue: Issue): void;
  error(code: string, path: DocumentPath, message: string, details?: IssueDetails): void;
  warning(code: string, path: DocumentPath, message: string, details?: IssueDetails): void;
}

export function createIssues(): Issues {
  const list: Issue[] = [];
  function add(issue: Issue, { hint, at }: IssueDetails = {}): void {
    list.push({ ...issue, ...(hint === undefined ? {} : { hint }), ...(at === undefined ? {} : { at }) });
  }
  return {
    list,
    add: (issue) => add(issue),
    error: (code, path, message, details) => add({ severity: 'error', code, path, message }, details),
    warning: (code, path, message, details) => add({ severity: 'warning', code, path, message }, details),
  };
}

/** What is wrong with one value, before anybody knows where it stands. */
export interface Problem {
  readonly problem: string;
  readonly hint?: string;
  /** Default INVALID_FORMAT. */
  readonly code?: string;
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

/** Reports a problem with the value at a path; passes everything else through. */
export function accept<T>(value: T | Problem, path: DocumentPath, issues: Issues): T | undefined {
  if (!isProblem(value)) return value;
  issues.error(value.code ?? 'INVALID_FORMAT', path, value.problem, { hint: value.hint });
  return undefined;
}
