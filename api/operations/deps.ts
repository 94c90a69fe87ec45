import type { Logger, Reconciler } from '../../reconciler/index.ts';

/** The parts that the operations work with. */
export interface ApiDeps {
  readonly reconciler: Reconciler;
  readonly logger: Logger;
  /** Version of the program. */
  readonly version: string;
  /** Moment of the start, by `performance.now()`. */
  readonly startedAt: number;
  /** Further parts of the daemon: `ok`, or in words what is wrong. Shown to everybody, so they hold no secret. */
  readonly checks: () => Readonly<Record<string, string>>;
}
