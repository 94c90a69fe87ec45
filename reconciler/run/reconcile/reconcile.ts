import { runControl } from '../apply/control-stack.ts';
import { forgetIfGone } from './decide-stack.ts';
import { refreshStatus } from './refresh-status.ts';
import type { ReconcileParts } from './parts.ts';
import type { PendingControl } from './pending-requests.ts';
import { reconcileRequest } from './reconcile-request.ts';
import { reconcileUnasked } from './reconcile-unasked.ts';
import { DONE } from './result.ts';
import type { Result } from './result.ts';

/**
 * Brings one stack in line with what describes it, or does what somebody asked for: plan, decide, apply or hold, record. Reads everything
 * again, so a lost or doubled trigger changes nothing. Never run twice at the same time for one stack.
 */
export async function reconcile(parts: ReconcileParts, stack: string, signal: AbortSignal): Promise<Result> {
  const work = parts.pending.takeNext(stack);
  const result =
    'control' in work
      ? await reconcileControl(parts, work, signal)
      : 'request' in work
        ? await reconcileRequest(parts, work, signal)
        : await reconcileUnasked(parts, stack, { ...work, signal });
  parts.context.stacks.setError(stack, null);
  forgetIfGone(parts, stack);
  return result;
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
