import { formatSummary } from '../../plan/format-plan.ts';
import type { ApplyOperations, StackOperations } from '../../public/reconciler.ts';
import { holdStack, savePlan } from '../context.ts';
import { withContents } from '../observe/plan-contents.ts';
import { planStack } from '../observe/plan-stack.ts';
import { orderOf } from '../reconcile/requests.ts';
import type { OperationParts } from './parts.ts';

export function createApplyOperations(
  { context, loop }: OperationParts,
  { getStack }: Pick<StackOperations, 'getStack'>,
): ApplyOperations {
  /** Nothing else about a stack in sync changes by a hold. */
  const tellHold = (stack: string) => {
    loop.lookAgain(stack);
    const view = getStack(stack);
    context.events.publish({ type: 'stack', stack, state: view.state });
    return view;
  };
  return {
    hold(stack, actor, reason = '') {
      getStack(stack);
      const at = new Date(context.clock.now()).toISOString();
      holdStack(context, stack, { by: actor.name, reason: reason.trim() === '' ? null : reason.trim(), at });
      return tellHold(stack);
    },
    releaseHold(stack) {
      getStack(stack);
      holdStack(context, stack, null);
      return tellHold(stack);
    },
    async plan(request, signal) {
      await loop.refreshIfPossible(signal);
      const { stack, trigger, actor } = request;
      await loop.findLeftovers(stack, signal);
      const plan = await withContents(context, await planStack(context, orderOf(request), signal), signal);
      const { revision, summary } = plan;
      const job = context.jobs.create({ type: 'plan', stack, trigger, actor: actor?.name ?? null, revision });
      const planId = savePlan(context, plan);
      job.start({ summary, planId });
      job.log('info', formatSummary(summary));
      job.end('completed');
      return { plan, planId: planId ?? '', job: job.job };
    },
    getPlan: (id) => context.store.getPlan(id),
    async apply(request, signal) {
      await loop.refreshIfPossible(signal);
      return loop.request(request, signal);
    },
    control: (request) => loop.control(request),
  };
}
