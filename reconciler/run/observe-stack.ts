import { errorMessage, isReconcilerError } from '../model/errors.ts';
import type { DesiredResource, ObservedResource } from '../model/resource.ts';
import { targetKey } from '../model/target.ts';
import type { TargetReference } from '../model/target.ts';
import type { TargetPool } from './target-pool.ts';

export interface ObserveRequest {
  readonly stack: string;
  /** Nodes of the stack. */
  readonly nodes: readonly TargetReference[];
  /** Engines that are no node of the stack (any more) but may hold resources of it. */
  readonly others: readonly TargetReference[];
  readonly desired: readonly DesiredResource[];
}

export interface StackObservation {
  readonly resources: readonly ObservedResource[];
  /** Engine behind every node name that occurs in an id. */
  readonly references: ReadonlyMap<string, TargetReference>;
  readonly warnings: readonly string[];
}

/** Asks every engine of a stack at once. Throws TARGET_UNREACHABLE when one of its nodes does not answer. */
export async function observeStack(
  request: ObserveRequest,
  pool: TargetPool,
  signal: AbortSignal,
): Promise<StackObservation> {
  const nodeNames = namesByEngine(request.nodes);
  const engines = new Map<string, TargetReference>();
  for (const reference of [...request.nodes, ...request.others]) engines.set(targetKey(reference), reference);
  const references = new Map(request.nodes.map((node) => [node.name, node]));
  const warnings: string[] = [];
  const observations = await Promise.all(
    [...engines].map(async ([key, reference]) => {
      const names = nodeNames.get(key);
      const desired = request.desired.filter((resource) => names?.includes(resource.target) === true);
      try {
        return await pool.ask(reference, (target) =>
          target.observe({ stack: request.stack, desired }, signal),
        );
      } catch (error) {
        if (names !== undefined || !isReconcilerError(error)) throw error;
        warnings.push(`${key} may still hold resources of ${request.stack}, but: ${errorMessage(error)}`);
        return null;
      }
    }),
  );
  const resources: ObservedResource[] = [];
  for (const [index, reference] of [...engines.values()].entries()) {
    const observation = observations[index];
    if (observation === null || observation === undefined) continue;
    resources.push(...observation.resources);
    warnings.push(...observation.warnings);
    for (const { target } of observation.resources)
      if (!references.has(target)) references.set(target, reference);
  }
  return { resources, references, warnings };
}

function namesByEngine(nodes: readonly TargetReference[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const node of nodes) {
    const key = targetKey(node);
    names.set(key, [...(names.get(key) ?? []), node.name]);
  }
  return names;
}
