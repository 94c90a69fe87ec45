import type { ReconcilerError } from '../../base/errors.ts';
import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../../model/resource.ts';
import { resourceId } from '../../model/resource.ts';
import type { DesiredStack } from '../../model/stack.ts';
import type { UnreachableTarget } from '../../plan/plan.ts';
import { targetKey } from '../../model/target.ts';
import type { TargetReference } from '../../model/target.ts';
import type { Claims, Observation, ObserveScope, Target } from '../../ports/target.ts';
import type { TargetPool } from './target-pool.ts';
import { NotYetAnswered } from './target-entry.ts';

export interface ObserveRequest {
  readonly stack: string;
  /** Nodes of the stack. */
  readonly nodes: readonly TargetReference[];
  /** Targets that are no node of the stack (any more) but may hold resources of it. */
  readonly others: readonly TargetReference[];
  readonly desired: readonly DesiredResource[];
  readonly adopts?: DesiredStack['adopts'];
  /** See `ObserveScope.trial`. */
  readonly trial?: boolean;
  /** Every target has to answer: nobody may be told that a stack is gone while one was not asked. */
  readonly complete: boolean;
  /** Tells who has what on a target. Default: labels do. */
  readonly claimsOn?: (reference: TargetReference) => Claims;
  /** Nobody has asked for it by name: a target that is known to be away is not asked. Default false. */
  readonly unasked?: boolean;
  /** See `ObserveScope`. */
  readonly newest?: boolean;
}

export interface StackObservation {
  readonly resources: readonly ObservedResource[];
  /** Target behind every node name that occurs in an id. */
  readonly references: ReadonlyMap<string, TargetReference>;
  /**
   * Node names given here to resources that stand on another target than the node of their name does (it has become
   * another machine), and the names that target knows them by.
   */
  readonly aliases: ReadonlyMap<string, string>;
  /** Targets that answered, and hold nothing of the stack. */
  readonly empty: readonly TargetReference[];
  /** Identity of the engine behind every node name that occurs in an id. */
  readonly engines: ReadonlyMap<string, string>;
  /** Nodes of the stack whose target did not answer, by name. */
  readonly unreachable: readonly UnreachableTarget[];
  readonly warnings: readonly string[];
}

/** Answer of one target. */
interface Answer extends Observation {
  readonly reference: TargetReference;
  /** Nodes of the stack on this target; none for the others. */
  readonly nodes: readonly string[];
  readonly engine: string;
}

/** Asks every target of a stack at once. Throws TARGET_UNREACHABLE when none of its nodes answers, or all have to. */
export async function observeStack(
  request: ObserveRequest,
  pool: TargetPool,
  signal: AbortSignal,
): Promise<StackObservation> {
  const nodeNames = namesByTarget(request.nodes);
  const targets = new Map<string, TargetReference>();
  for (const reference of [...request.nodes, ...byKey(request.others)])
    targets.set(targetKey(reference), reference);
  const warnings: string[] = [];
  const failures: { readonly nodes: readonly string[]; readonly error: ReconcilerError }[] = [];
  const answers = await Promise.all(
    [...targets].map(async ([key, reference]): Promise<Answer | null> => {
      const nodes = nodeNames.get(key) ?? [];
      const desired = request.desired.filter((resource) => nodes.includes(resource.target));
      try {
        const claims = request.claimsOn?.(reference);
        const scope: ObserveScope = {
          stack: request.stack,
          desired,
          leaving: request.complete,
          ...(request.adopts === undefined ? {} : { adopts: request.adopts }),
          ...(request.trial === true ? { trial: true } : {}),
          ...(request.newest === true ? { newest: true } : {}),
          ...(claims === undefined ? {} : { claims }),
        };
        const look = (target: Target) => target.observe(scope, signal);
        const answer = await (request.unasked === true
          ? pool.askUnlessAway(reference, look)
          : pool.ask(reference, look));
        return { ...answer, reference, nodes, engine: answer.engine ?? key };
      } catch (error) {
        if (request.complete || !isReconcilerError(error) || error instanceof NotYetAnswered) throw error;
        if (nodes.length > 0) {
          // Anything but silence (a version that is not spoken, say) is for a person to look at.
          if (error.code !== 'TARGET_UNREACHABLE') throw error;
          failures.push({ nodes, error });
          return null;
        }
        warnings.push(`${key} may still hold resources of ${request.stack}, but: ${errorMessage(error)}`);
        return null;
      }
    }),
  );
  const answered = answers.filter((answer) => answer !== null);
  const [failure] = failures;
  if (failure !== undefined && !answered.some(({ nodes }) => nodes.length > 0)) throw failure.error;
  const merged = merge(request.nodes, answered);
  const unreachable = failures
    .flatMap(({ nodes, error }) => nodes.map((target) => ({ target, message: errorMessage(error) })))
    .sort((a, b) => (a.target < b.target ? -1 : 1));
  return { ...merged, unreachable, warnings: [...warnings.sort(), ...merged.warnings] };
}

/** Puts the answers together so that no id stands for two objects, and no object is seen twice. */
function merge(
  nodes: readonly TargetReference[],
  answers: readonly Answer[],
): Omit<StackObservation, 'unreachable'> {
  const resources = new Map<ResourceId, ObservedResource>();
  const references = new Map(nodes.map((node) => [node.name, node]));
  const aliases = new Map<string, string>();
  const engineOf = new Map<string, string>();
  for (const answer of answers) for (const name of answer.nodes) engineOf.set(name, answer.engine);
  const answered = new Set<string>();
  for (const { engine, reference, nodes: own, resources: found } of answers) {
    // The same machine under another address: what it holds was told already.
    if (own.length === 0 && answered.has(engine)) continue;
    answered.add(engine);
    for (const resource of found) {
      const known = engineOf.get(resource.target) ?? engine;
      const target = known === engine ? resource.target : aliasOf(resource.target, reference);
      if (target !== resource.target) aliases.set(target, resource.target);
      engineOf.set(target, engine);
      if (!references.has(target)) references.set(target, reference);
      const id = resourceId(target, resource.kind, resource.name);
      if (!resources.has(id) || own.includes(target)) resources.set(id, { ...resource, id, target });
    }
  }
  const empty = answers
    .filter(({ resources: found }) => found.length === 0)
    .map((answer) => answer.reference);
  const warnings = answers.flatMap((answer) => answer.warnings);
  return { resources: [...resources.values()], references, aliases, empty, engines: engineOf, warnings };
}

/** `edge@ssh:root@10.0.0.2:22` */
function aliasOf(target: string, reference: TargetReference): string {
  const address = targetKey(reference).replace(/^docker:/, '');
  return `${target}@${address.replace('://', ':').replaceAll('/', '-')}`;
}

function byKey(references: readonly TargetReference[]): TargetReference[] {
  return references.toSorted((a, b) => (targetKey(a) < targetKey(b) ? -1 : 1));
}

function namesByTarget(nodes: readonly TargetReference[]): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const node of nodes) {
    const key = targetKey(node);
    names.set(key, [...(names.get(key) ?? []), node.name]);
  }
  return names;
}
