import { errorMessage } from '../../base/errors.ts';
import type { StackKind } from '../../model/stack.ts';
import type { StackFigures, StackOperations } from '../../public/reconciler.ts';
import type { RunContext } from '../context.ts';

/** Facts that change with the description alone. */
interface Described {
  readonly kind: StackKind;
  readonly stackkit: string;
  readonly hasBackup: boolean;
}

const UNDESCRIBED: Described = { kind: 'kombination', stackkit: '', hasBackup: false };

/** Figures of stacks. They are asked for every few seconds, so a description is looked at once for each revision: that resolves its secrets. */
export function createFigures(
  context: RunContext,
  stackNames: () => readonly string[],
): StackOperations['stackFigures'] {
  const { desired, stacks, deployments } = context;
  const known = { revision: '', stacks: new Map<string, Described>() };
  const describe = (name: string): Described => {
    const found = known.stacks.get(name) ?? readDescribed(context, name);
    known.stacks.set(name, found);
    return found;
  };
  return (limit) => {
    const revision = desired.revision?.commit ?? '';
    if (known.revision !== revision) {
      known.revision = revision;
      known.stacks.clear();
    }
    return chooseNames(context, stackNames(), limit).map((name): StackFigures => {
      const { kind, stackkit, hasBackup } = describe(name);
      const deployment = deployments.knownLatest(name);
      return {
        name,
        kind,
        stackkit,
        state: stacks.state(name) ?? 'unknown',
        drifted: new Set(stacks.drift(name).changes.map(({ resource }) => resource)).size,
        deployedAt: deployment === null || deployment.isRemoval ? null : Date.parse(deployment.time),
        backedUpAt: hasBackup ? lastBackup(context, name) : null,
      };
    });
  };
}

function readDescribed({ desired }: RunContext, name: string): Described {
  const stack = desired.get(name);
  if (stack === undefined) return UNDESCRIBED;
  return { kind: stack.kind, stackkit: stack.stackkit, hasBackup: stack.backup !== undefined };
}

/** Chooses in the order of names where there are more than are wanted: those that need a look come first. */
function chooseNames({ stacks }: RunContext, names: readonly string[], limit: number): readonly string[] {
  if (names.length <= limit) return names;
  const isWell = (name: string) => stacks.state(name) === 'in_sync';
  const needy = names.filter((name) => !isWell(name));
  return [...needy, ...names.filter(isWell)].slice(0, limit);
}

function lastBackup({ jobs, logger }: RunContext, stack: string): number | null {
  try {
    const [job] = jobs.list({ stack, type: 'backup', status: 'completed', limit: 1 }).jobs;
    return job?.endedAt ? Date.parse(job.endedAt) : null;
  } catch (error) {
    logger.warn({ stack, error: errorMessage(error) }, 'the store cannot be read');
    return null;
  }
}
