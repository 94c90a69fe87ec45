import type { Plan } from '../../../reconciler/index.ts';
import type { Outcome } from '../apply/outcomes.ts';
import { toFailure } from '../terminal/failure.ts';
import type { Progress } from '../terminal/progress.ts';
import type { Session, StackApplyRequest } from './session.ts';

/** All at once, but for stacks that have to wait for others among them. */
export function inTurn(
  plans: readonly Plan[],
  apply: (plan: Plan) => Promise<Outcome>,
): Promise<readonly Outcome[]> {
  const byStack = new Map(plans.map((plan) => [plan.stack, plan]));
  const begun = new Map<string, Promise<Outcome>>();
  // Removals go first, as they make room: ports and names of a stack that was renamed, say.
  const removals = plans.filter(({ mode }) => mode === 'destroy');
  const begin = (plan: Plan): Promise<Outcome> => {
    const known = begun.get(plan.stack);
    if (known !== undefined) return known;
    const waitsFor = ({ waitsFor = [] }: Plan) => waitsFor;
    // The stacks that others need are applied before them, and destroyed after them.
    const first =
      plan.mode === 'destroy'
        ? plans.filter((other) => other.mode === 'destroy' && waitsFor(other).includes(plan.stack))
        : [...removals, ...waitsFor(plan).flatMap((stack) => byStack.get(stack) ?? [])];
    // Circles are errors: such a plan is not applied.
    const outcome = Promise.all(first.map(begin)).then(() => apply(plan));
    begun.set(plan.stack, outcome);
    return outcome;
  };
  return Promise.all(plans.map(begin));
}

export async function applyOne(
  session: Session,
  request: StackApplyRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome> {
  const { stack } = request;
  try {
    const job = await session.apply(request, signal);
    const detail = await session.followJob(job.id, (step) => progress.step(stack, step), signal);
    return { stack, detail, failure: null };
  } catch (error) {
    return { stack, detail: null, failure: toFailure(error) };
  }
}
