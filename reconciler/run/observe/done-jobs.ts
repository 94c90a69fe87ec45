import { canonicalJson } from '../../base/json.ts';
import { asFields } from '../../base/values.ts';
import type { DesiredResource, ObservedResource } from '../../model/resource.ts';
import { maskSpec } from '../../model/secret.ts';
import type { RunContext } from '../context.ts';

/**
 * Adds the jobs that a cluster takes away by itself after they have done their work (`ttlSecondsAfterFinished`), as long as the newest deployment
 * had the same job: it is done, and not missing. Where everything else of the stack is gone as well, it is another cluster.
 */
export function withDoneJobs(
  context: RunContext,
  stack: string,
  desired: readonly DesiredResource[],
  observed: readonly ObservedResource[],
): readonly ObservedResource[] {
  const seen = new Set(observed.filter(isThere).map(({ id }) => id));
  const own = desired.filter(({ shared }) => shared !== true);
  const absent = own.filter((one) => endsByItself(one) && !seen.has(one.id));
  if (absent.length === 0) return observed;
  const others = own.filter((one) => !endsByItself(one));
  if (others.length > 0 && !others.some(({ id }) => seen.has(id))) return observed;
  const deployed = lastDeployed(context, stack);
  const done = absent.filter(
    ({ id, spec }) =>
      deployed.has(id) && canonicalJson(deployed.get(id) ?? null) === canonicalJson(maskSpec(spec)),
  );
  const ids = new Set(done.map(({ id }) => id));
  return [...observed.filter(({ id }) => !ids.has(id)), ...done.map(toObserved)];
}

function isThere({ health }: ObservedResource): boolean {
  return health.status !== 'missing';
}

function endsByItself({ kind, spec }: DesiredResource): boolean {
  return kind === 'Job' && typeof asFields(spec['spec'])?.['ttlSecondsAfterFinished'] === 'number';
}

/** Applies without a plan that may have come after the one that is looked for. */
const MAX_JOBS = 20;

/** Returns what the newest apply that came to its end has put there, by resource. */
function lastDeployed(
  { store, jobs }: RunContext,
  stack: string,
): ReadonlyMap<string, ObservedResource['spec'] | null> {
  const { jobs: found } = jobs.list({ stack, type: 'apply', status: 'completed', limit: MAX_JOBS });
  // One that only completes what was begun before has no plan of its own.
  const planId = found.find((job) => job.planId !== null)?.planId ?? null;
  const plan = planId === null ? undefined : store.getPlan(planId);
  return new Map((plan?.changes ?? []).map(({ id, after }) => [id as string, after]));
}

function toObserved({ id, target, kind, name, hash, spec }: DesiredResource): ObservedResource {
  return {
    id,
    target,
    kind,
    name,
    hash,
    revision: null,
    spec: maskSpec(spec),
    health: { status: 'completed', reason: 'has done its work; its cluster has taken it away since' },
    fingerprint: `done: ${hash}`,
    interrupted: false,
    dryRun: { fields: [], immutable: null, conflicts: [], refused: null },
  };
}
