import { isRolled } from '../../model/kubernetes/kubernetes-object.ts';
import type { DesiredResource, Health, ObservedResource } from '../../model/resource.ts';
import { resourceId } from '../../model/resource.ts';
import { adviceToEnd, asObserved } from '../../model/well.ts';
import type { RunContext } from '../context.ts';
import { recallStack, stableMsOf } from '../context.ts';
import type { StackObservation } from './observe-stack.ts';

/**
 * Judges what was observed by how long it has run. A deployment that was begun and is not over, say because another push came in between, has
 * not been seen to be well by anybody yet.
 */
export async function judgeRuns(
  context: RunContext,
  stack: string,
  { resources, references, aliases }: StackObservation,
  signal: AbortSignal,
): Promise<readonly ObservedResource[]> {
  const proven = !recallStack(context, stack).untagged;
  const stackMs = stableMsOf(context, stack);
  const desired = new Map(context.desired.get(stack)?.resources.map((one) => [one.id, one]));
  async function look(one: ObservedResource): Promise<Health> {
    const reference = references.get(one.target);
    // Workloads of a cluster tell nothing of their pods by themselves.
    if (proven || one.health.status !== 'healthy' || !isRolled(one.kind) || reference === undefined)
      return one.health;
    const known = aliases.get(one.target);
    const id = known === undefined ? one.id : resourceId(known, one.kind, one.name);
    return context.pool.get(reference).health(stack, id, signal);
  }
  return Promise.all(
    resources.map(async (one) => {
      const wanted = desired.get(one.id);
      const health = asObserved(await look(one), { stableMs: wanted?.stableMs ?? stackMs, proven });
      return { ...one, health: withAdvice(health, wanted) };
    }),
  );
}

function withAdvice(health: Health, desired: DesiredResource | undefined): Health {
  const advice = health.reason === undefined ? '' : adviceToEnd(health.run, desired);
  return advice === '' ? health : { ...health, reason: `${health.reason}${advice}` };
}
