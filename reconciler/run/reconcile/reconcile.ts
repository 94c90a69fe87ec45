import type { StackRecord } from '../../ports/store.ts';
import { runControl } from '../apply/control-stack.ts';
import { CalledOff } from '../apply/execution.ts';
import { recallStack, rememberStack, withRecord } from '../context.ts';
import type { RunContext } from '../context.ts';
import { forgetIfGone } from './decide-stack.ts';
import { refreshStatus } from './refresh-status.ts';
import type { ReconcileParts } from './parts.ts';
import type { PendingControl, Work } from './pending-requests.ts';
import { reconcileRequest } from './reconcile-request.ts';
import { reconcileUnasked } from './reconcile-unasked.ts';
import { DONE } from './result.ts';
import type { Result } from './result.ts';

/**
 * Brings one stack in line with what describes it, or does what somebody asked for: plan, decide, apply or hold, record. Reads everything
 * again, so a lost or doubled trigger changes nothing. Never run twice at the same time for one stack.
 */
export function reconcile(parts: ReconcileParts, stack: string, signal: AbortSignal): Promise<Result> {
  return withRecord(parts.context, stack, () => run(parts, stack, signal));
}

async function run(parts: ReconcileParts, stack: string, signal: AbortSignal): Promise<Result> {
  const work = parts.pending.takeNext(stack);
  const { stopped } = recallStack(parts.context, stack);
  let result: Result;
  try {
    result = await carryOut(parts, stack, work, signal);
  } catch (error) {
    if (signal.reason instanceof CalledOff)
      noteCalledOff(parts.context, stack, { work, reason: signal.reason, stopped });
    throw error;
  }
  parts.context.stacks.setError(stack, null);
  forgetIfGone(parts, stack);
  return result;
}

function carryOut(parts: ReconcileParts, stack: string, work: Work, signal: AbortSignal): Promise<Result> {
  if ('control' in work) return reconcileControl(parts, work, signal);
  if ('request' in work) return reconcileRequest(parts, work, signal);
  return reconcileUnasked(parts, stack, { ...work, signal });
}

interface Called {
  readonly work: Work;
  readonly reason: CalledOff;
  /** The stop that held before. */
  readonly stopped: StackRecord['stopped'];
}

/** Remembers that nothing goes on by itself. What a restart has stopped is not left down: that is brought up again as any drift is. */
function noteCalledOff(context: RunContext, stack: string, { work, reason, stopped }: Called): void {
  if (!('control' in work)) rememberStack(context, stack, { heldDesired: reason.desired });
  else if (work.control.action === 'start') rememberStack(context, stack, { stopped });
}

async function reconcileControl(
  parts: ReconcileParts,
  { control, job }: PendingControl,
  signal: AbortSignal,
): Promise<Result> {
  const { stack } = control;
  parts.repairs.release(stack);
  await runControl(parts.context, {
    request: control,
    job,
    signal,
    refreshStatus: () => refreshStatus(parts, stack, signal, { afterJob: true }),
  });
  return DONE;
}
