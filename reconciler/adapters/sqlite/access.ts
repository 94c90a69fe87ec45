import type { Statements } from './statements.ts';
import type { DatabaseSync } from 'node:sqlite';
export interface Access {
  /** One statement, or reads. */
  use<T>(work: (statements: Statements, database: DatabaseSync) => T): T;
  /** Several writes as one. */
  transaction(work: (statements: Statements) => void): void;
  close(): void;
}
