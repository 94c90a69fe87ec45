/** Answer of a parser to a value that it cannot read; the caller knows the path and reports it. */
export interface Problem {
  readonly problem: string;
  readonly hint?: string;
  /** Code of the diagnostic. Default `INVALID_FORMAT`. */
  readonly code?: string;
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'problem' in value;
}
