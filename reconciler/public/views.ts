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
