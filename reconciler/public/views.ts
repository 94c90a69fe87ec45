import type { ServiceView } from '../model/stack.ts';
import type { HealthStatus } from '../model/resource.ts';
/** Person who asks; becomes the author of commits and the actor of jobs. */
export interface Actor {
  readonly name: string;
  readonly email: string;
}

export interface ServiceStatus extends ServiceView {
  readonly health: HealthStatus | 'unknown';
  readonly reason: string | null;
  /** Image that runs; left out where none was seen. */
  readonly running?: string;
}

export interface Deployment {
  readonly number: number;
  readonly tag: string;
  readonly revision: string;
  /** ISO 8601. */
  readonly time: string;
  readonly author: string | null;
  readonly jobId: string | null;
  /** `Plan: 1 to create, …` as it stands in the tag message. */
  readonly summary: string;
  /** First line of the message of its commit; left out where the repository does not have it (any more). */
  readonly subject?: string;
}

/** One deployment as it went, also one that came to nothing. */
export interface HistoryEntry {
  /** `null` for one that left no tag. */
  readonly number: number | null;
  readonly tag: string | null;
  /** `null` when it ended before anything was read. */
  readonly revision: string | null;
  /** When it ended, ISO 8601. */
  readonly time: string;
  /** Person who asked for it, else the author of the commit. */
  readonly author: string | null;
  readonly jobId: string | null;
  readonly summary: string;
  /** `removed`: the stack was destroyed, so there is nothing to go back to. `held`: it was planned, and then had to wait. */
  readonly result: 'deployed' | 'removed' | 'failed' | 'cancelled' | 'held';
  /** Event that set it off: `push`, `api`, `cli`, `drift`, … */
  readonly trigger: string | null;
  /** First line of the message of its commit; `null` when the repository does not have it (any more). */
  readonly subject: string | null;
  readonly durationMs: number | null;
  /** Reason why it failed, or had to wait. */
  readonly message: string | null;
}
