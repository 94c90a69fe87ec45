import type { RunContext } from '../context.ts';
import { Removals } from '../decide/removals.ts';
import { RepairLimiter } from '../decide/repair-limiter.ts';
import { DriftProposals } from '../drift/drift-proposals.ts';
import { DriftSchedule } from '../drift/drift-schedule.ts';
import { PendingRequests } from './pending-requests.ts';

/** The things that runs of stacks remember from one to the next, beside the stack table. */
export interface ReconcileParts {
  readonly context: RunContext;
  readonly pending: PendingRequests;
  readonly removals: Removals;
  readonly repairs: RepairLimiter;
  readonly proposals: DriftProposals;
  readonly schedule: DriftSchedule;
}

export function createReconcileParts(context: RunContext): ReconcileParts {
  return {
    context,
    pending: new PendingRequests(context),
    removals: new Removals(context.desired),
    repairs: new RepairLimiter(context.clock),
    proposals: new DriftProposals(context),
    schedule: new DriftSchedule(context.clock),
  };
}
