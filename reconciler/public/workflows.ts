import type { WorkflowSummary } from '../model/stack.ts';

/** A workflow as lists show it, without its graph. */
export interface WorkflowListing extends WorkflowSummary {
  /** Name of the stack. */
  readonly name: string;
  readonly file: string;
  /** Time of the newest deployment, ISO 8601; `null` when there is none. */
  readonly deployedAt: string | null;
  /** Time of the commit that changed it last, ISO 8601; `null` when there was none since the start. */
  readonly updatedAt: string | null;
}

/** Applies of a stack that are on record. */
export interface RunCounts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

/** Workflows in numbers: costs no rendering, however many there are. */
export interface WorkflowOperations {
  /** Every workflow that the repository describes, sorted by name. */
  listWorkflows(): readonly WorkflowListing[];
  /** Applies of all stacks, by stack; those without any are left out. */
  countRuns(): ReadonlyMap<string, RunCounts>;
}
