import type { Job } from '../ports/store.ts';
import type { Actor } from './views.ts';
import type { WriteResult } from './writes.ts';

export interface DriftView {
  readonly hasDrift: boolean;
  readonly checkedAt: string | null;
  readonly changes: readonly {
    readonly resource: string;
    readonly action: string;
    readonly field: string | null;
    readonly expected: unknown;
    readonly actual: unknown;
  }[];
}

export interface DriftCheck {
  readonly drift: DriftView;
  /** The recorded check. */
  readonly job: Job;
}

export interface DriftRequest {
  readonly stack: string;
  /** `apply_desired` applies the description, `accept_actual` commits what runs as the description. */
  readonly action: 'apply_desired' | 'accept_actual';
  /** Ids of resources; all that have drifted when left out. The description is only ever applied as a whole. */
  readonly resources?: readonly string[];
  readonly actor: Actor;
  readonly trigger: string;
}

export interface DriftResolution {
  /** Job of `apply_desired`; it ends later. */
  readonly job: Job | null;
  /** Commit of `accept_actual`. */
  readonly write: WriteResult | null;
  /** Parts of the drift that have no place in the file, and so are undone by the next repair. */
  readonly unplaced: readonly string[];
}

/** The operations on what runs otherwise than it was deployed. */
export interface DriftOperations {
  /** Returns the drift as seen last: asks nobody. */
  getDrift(stack: string): DriftView;
  /** Asks the targets, records it as a job, repairs nothing. */
  checkDrift(stack: string, actor: Actor | null, signal: AbortSignal): Promise<DriftCheck>;
  /** Throws BAD_OPTIONS when there is nothing to resolve, or what runs cannot be written down; WRITE_CONFLICT. */
  resolveDrift(request: DriftRequest, signal: AbortSignal): Promise<DriftResolution>;
}
