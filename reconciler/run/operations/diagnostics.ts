import { ReconcilerError } from '../../base/errors.ts';
import type { DiagnosticsOperations } from '../../public/diagnostics.ts';
import type { StackOperations, WriteOperations } from '../../public/reconciler.ts';
import type { DiagnosedObject } from '../diagnose/checks.ts';
import { diagnose } from '../diagnose/checks.ts';
import { planFix, repaired, requireSame } from '../diagnose/fixes.ts';
import type { DescribedService } from '../diagnose/service-node.ts';
import { findService } from '../diagnose/service-node.ts';
import type { Inventory } from '../inventory/inventory.ts';

export interface DiagnosticsParts {
  readonly stacks: Pick<StackOperations, 'getStack'>;
  readonly writes: Pick<WriteOperations, 'updateStack'>;
  readonly inventory: Pick<Inventory, 'open' | 'list' | 'states'>;
}

export function createDiagnosticsOperations(parts: DiagnosticsParts): DiagnosticsOperations {
  const { stacks, writes } = parts;
  const find = (stack: string, node: string): DescribedService =>
    findService(stacks.getStack(stack).document, node);
  return {
    async diagnoseService(stack, node, signal) {
      const service = find(stack, node);
      return diagnose(service, await objectsOf(parts, stack, signal));
    },
    getServiceFix: (stack, node, type) => planFix(find(stack, node), type).fix,
    async fixService({ stack, node, type, yaml }, actor, signal) {
      const planned = planFix(find(stack, node), type);
      requireSame(yaml, planned);
      const keys = (document: unknown): object => {
        // Somebody may have pushed since it was looked at.
        const now = planFix(findService(document, node), type);
        requireSame(yaml, now);
        return repaired(document, node, now.changes);
      };
      const { commit } = await writes.updateStack(stack, { keys }, actor, signal);
      return { commit, fix: planned.fix };
    },
  };
}

/** Objects of a stack as they were told of last. Throws TARGET_UNREACHABLE where its cluster tells nothing. */
async function objectsOf(
  { stacks, inventory }: DiagnosticsParts,
  stack: string,
  signal: AbortSignal,
): Promise<readonly DiagnosedObject[]> {
  await inventory.open(signal);
  const nodes = new Set(stacks.getStack(stack).nodes.map(({ name }) => name));
  const silent = inventory.states().find(({ node, error }) => nodes.has(node) && error !== null);
  if (silent !== undefined)
    throw new ReconcilerError('TARGET_UNREACHABLE', `${silent.node}: ${silent.error}`, { retryable: true });
  return inventory.list().filter((one) => one.stack === stack);
}
