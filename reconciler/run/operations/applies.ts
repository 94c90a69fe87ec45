import { formatSummary } from '../../plan/format-plan.ts';
import type { ApplyOperations } from '../../public/reconciler.ts';
import { savePlan } from '../context.ts';
import { withContents } from '../observe/plan-contents.ts';
import { planStack } from '../observe/plan-stack.ts';
import { orderOf } from '../reconcile/requests.ts';
import type { OperationParts } from './parts.ts';

export function createApplyOperations({ context, loop }: OperationParts): ApplyOperations {
  return {
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
