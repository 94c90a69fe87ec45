import type { UnreachableTarget } from './plan.ts';
import type { StackPolicy } from '../model/stack.ts';
import type { DesiredResource, ObservedResource, ResourceId } from '../model/resource.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
export interface PlanInput {
  readonly stack: string;
  readonly mode: 'apply' | 'destroy';
  readonly revision: string | null;
  /** Everything that is described; a destroy plans as if it were nothing. */
  readonly desired: readonly DesiredResource[];
  readonly observed: readonly ObservedResource[];
  /** Findings about the description; errors make the plan one that cannot be applied. */
  readonly diagnostics: readonly Diagnostic[];
  readonly policy: StackPolicy;
  /** Delete volumes that are no longer described, too. */
  readonly deleteVolumes: boolean;
  /** Observed resources that carry this stack's name but were put there from another repository, or another directory of it. */
  readonly foreign?: readonly ResourceId[];
  /** Identity of the engine behind each target, where it is known: two targets may be one machine. */
  readonly engines?: ReadonlyMap<string, string>;
  /** Targets that could not be asked: what is described for them waits. */
  readonly unreachable?: readonly UnreachableTarget[];
  /** Template that describes the stack, and its element; left out: none does. */
  readonly template?: { readonly file: string; readonly element: string };
  /** Stacks that come first. */
  readonly waitsFor?: readonly string[];
  /** Registries were asked what tags stand for by now. Default false. */
  readonly newest?: boolean;
}
