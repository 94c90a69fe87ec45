import type { AbortScope } from '../../base/abort-scope.ts';
import { createAbortScope } from '../../base/abort-scope.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { Preempted } from '../apply/execution.ts';
import type { RunContext } from '../context.ts';
import { planStack } from '../observe/plan-stack.ts';
import type { PlannedStack } from '../observe/plan-stack.ts';

/** Pause between two looks at a stack of which something moves while it is repaired. */
const LOOK_MS = 2_000;

/**
 * Carries out a repair, and ends it when something else of its stack differs meanwhile: the next one puts that right as well and goes on to wait
 * for what this one has changed. An object that is gone does not wait for the rollout of another one.
 *
 * @returns whether it was ended so
 */
export async function repairBeside(
  context: RunContext,
  planned: PlannedStack,
  signal: AbortSignal,
  repair: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  using scope = createAbortScope({ signals: [signal] });
  using looking = createAbortScope({ signals: [scope.signal] });
  const watch = watchBeside(context, planned, scope, looking.signal);
  try {
    await repair(scope.signal);
    return false;
  } catch (error) {
    const isEnded = scope.signal.reason instanceof Preempted && !signal.aborted;
    if (isEnded && isReconcilerError(error, 'CANCELLED')) return true;
    throw error;
  } finally {
    looking.abort();
    await watch;
  }
}

/** Looks at the stack whenever something of it has moved, until the signal aborts. Throws nothing. */
async function watchBeside(
  context: RunContext,
  { plan }: PlannedStack,
  repairing: AbortScope,
  signal: AbortSignal,
): Promise<void> {
  const { stacks, clock, logger } = context;
  const { stack } = plan;
  const worked = new Set(
    plan.changes.flatMap(({ id, action, verify }) => (action !== 'no-op' || verify ? [id] : [])),
  );
  try {
    for (let seen = stacks.sighting(stack); ;) {
      await clock.sleep(LOOK_MS, signal);
      if (stacks.sighting(stack) === seen) continue;
      const order = { stack, mode: 'apply', deleteVolumes: false, unasked: true } as const;
      const now = (await planStack(context, order, signal)).plan;
      seen = stacks.sighting(stack);
      // A newer description comes in by itself.
      if (now.desired !== plan.desired || now.mode !== plan.mode) return;
      const other = now.changes.find(({ id, action }) => action !== 'no-op' && !worked.has(id));
      if (other === undefined) continue;
      repairing.abort(new Preempted(`${other.id} differs as well, and does not wait`));
      return;
    }
  } catch (error) {
    if (!signal.aborted)
      logger.debug({ stack, error: errorMessage(error) }, 'a stack cannot be looked at while it is repaired');
  }
}
