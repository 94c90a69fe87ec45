import type { Job } from '../../ports/store.ts';
import type { DriftRequest, DriftView } from '../../public/reconciler.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { ResourceId } from '../../model/resource.ts';
import type { RunContext } from '../context.ts';

export interface DriftCheckBy {
  readonly stack: string;
  /** `schedule`, `api`, `cli`. */
  readonly trigger: string;
  readonly actor: string | null;
}

/** Records that drift was looked for, and what was found: targets observe it, plan/diff-resource.ts compares, run/decide/decide.ts names it. */
export function recordDriftCheck(context: RunContext, { stack, trigger, actor }: DriftCheckBy): Job {
  const { jobs, desired, stacks } = context;
  const revision = desired.revision?.commit ?? null;
  const job = jobs.create({ type: 'drift_check', stack, trigger, actor, revision });
  const { hasDrift, changes } = stacks.drift(stack);
  job.start();
  for (const change of changes) job.log('warn', describe(change), change.resource);
  if (!hasDrift) job.log('info', 'no drift');
  job.end('completed');
  return job.job;
}

function describe({ resource, action, field }: DriftView['changes'][number]): string {
  if (action === 'create') return `${resource} is not there`;
  return `${resource} differs${field === null ? '' : ` in ${field}`}`;
}

/** The drifted resources that are asked for; `undefined` for all. Throws BAD_OPTIONS for what has not drifted. */
export function driftedOf(
  { stack, action, resources = [] }: DriftRequest,
  drift: DriftView,
): ReadonlySet<ResourceId> | undefined {
  if (!drift.hasDrift) throw new ReconcilerError('BAD_OPTIONS', `${stack} has not drifted`);
  if (resources.length === 0) return undefined;
  const drifted = [...new Set(drift.changes.map(({ resource }) => resource))];
  const strange = resources.filter((id) => !drifted.includes(id));
  if (strange.length > 0) {
    const message = `${strange.join(', ')} has not drifted; these have: ${drifted.join(', ')}`;
    throw new ReconcilerError('BAD_OPTIONS', message);
  }
  const left = drifted.filter((id) => !resources.includes(id));
  if (action === 'apply_desired' && left.length > 0) {
    const message = `the description is applied as a whole: ${left.join(', ')} would be repaired, too`;
    throw new ReconcilerError('BAD_OPTIONS', message);
  }
  return new Set(resources as readonly ResourceId[]);
}
