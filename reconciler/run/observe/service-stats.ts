import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { TargetReference } from '../../model/target.ts';
import { targetKey } from '../../model/target.ts';
import { requireCapability } from '../../ports/target-capabilities.ts';
import type { StackView } from '../../public/reconciler.ts';
import type { ServiceStats, StackStats } from '../../public/services.ts';
import type { RunContext } from '../context.ts';
import { resourcesOf } from './service-health.ts';

/** Measures what of a stack runs, on all its nodes at once. A node that tells nothing keeps no other from it. */
export async function readStackStats(
  { desired, pool }: Pick<RunContext, 'desired' | 'pool'>,
  { name: stack, services }: Pick<StackView, 'name' | 'services'>,
  signal: AbortSignal,
): Promise<StackStats> {
  const serviceOf = new Map(
    services.flatMap((service) => resourcesOf(service).map((id) => [placeOf(id), service.name] as const)),
  );
  const nodes = new Map<string, TargetReference>();
  for (const reference of desired.get(stack)?.targets ?? []) {
    if (services.some(({ node }) => node === reference.name)) nodes.set(targetKey(reference), reference);
  }
  const failures = new Map<string, string>();
  const measure = async (reference: TargetReference): Promise<readonly ServiceStats[]> => {
    const node = reference.name;
    try {
      const seen = await pool.ask(reference, (target) =>
        requireCapability(target, 'measuresRuns').runStats(stack, signal),
      );
      return seen.map((stats) => ({ ...stats, node, service: serviceOf.get(placeOf(stats.id)) ?? null }));
    } catch (error) {
      if (signal.aborted || !isReconcilerError(error)) throw error;
      failures.set(node, errorMessage(error));
      return [];
    }
  };
  const stats = (await Promise.all([...nodes.values()].map(measure))).flat();
  const rank = new Map(services.map(({ name }, index) => [name, index]));
  const rankOf = ({ service }: ServiceStats) => rank.get(service ?? '') ?? services.length;
  return { stats: stats.toSorted((a, b) => rankOf(a) - rankOf(b)), failures: Object.fromEntries(failures) };
}

/** An id without its node, which may have been renamed since the container was made. */
function placeOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
