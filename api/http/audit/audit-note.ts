import type { Identity } from '../../auth/identity.ts';

/** Facts that a handler knows of its request beyond the row and the answer. */
export interface AuditNote {
  /** The caller, where that turns out only here: somebody who signs in. */
  readonly identity?: Identity;
  readonly object?: Readonly<Record<string, string>>;
  /** Code of what went wrong, where the answer is no error. */
  readonly code?: string;
}
