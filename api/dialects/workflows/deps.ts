import type { ApiDeps } from '../../operations/deps.ts';

/** The parts that this dialect works with. */
export type WorkflowDeps = ApiDeps;
