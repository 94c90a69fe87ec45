import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { targetKey } from '../../model/target.ts';
import { hasCapability, requireCapability } from '../../ports/target-capabilities.ts';
import type { ApplyOperations, JobOperations, StackOperations } from '../../public/reconciler.ts';
import type { PrunedRemnant, PruneRequest, RemnantList, RemnantView } from '../../public/upkeep/upkeep.ts';
import type { RunContext } from '../context.ts';
import type { FoundRemnant } from './remnants.ts';
import { findRemnants } from './remnants.ts';

/** The parts that stacks which have left the repository are found and removed with. */
export interface PruneParts {
  readonly context: RunContext;
  readonly stacks: Pick<StackOperations, 'leftovers'>;
  readonly applies: Pick<ApplyOperations, 'plan' | 'apply'>;
  readonly jobs: Pick<JobOperations, 'waitForJob'>;
}

export async function listRemnants(parts: PruneParts, signal: AbortSignal): Promise<RemnantList> {
  const { found, notes } = await findRemnants(parts.context, signal);
  const left = await findStacks(parts, signal);
  return {
    remnants: [...left.stacks, ...found.map(({ view }) => view)],
    notes: [...left.notes, ...notes],
  };
}

/** Stacks that nothing describes any more, and what of them would go: never volumes. */
async function findStacks(
  { context, stacks, applies }: PruneParts,
  signal: AbortSignal,
): Promise<{ readonly stacks: readonly RemnantView[]; readonly notes: RemnantList['notes'] }> {
  const found: RemnantView[] = [];
  const notes: { readonly subject: string; readonly message: string }[] = [];
  for (const { name, state, message } of await stacks.leftovers(signal)) {
    // One that is blocked waits for somebody to ask for it by name: a list with a yes is not that.
    if (state === 'removed' || state === 'blocked') {
      notes.push({ subject: name, message: message ?? 'only what is kept is left of it' });
      continue;
    }
    try {
      const request = { stack: name, mode: 'destroy', actor: null, trigger: 'prune' } as const;
      const { plan } = await applies.plan(request, signal);
      const going = plan.changes.filter(({ action }) => action === 'delete');
      const nodes = new Set(going.map(({ target }) => target));
      const [node = null, ...others] = nodes;
      if (going.length === 0) continue;
      found.push({
        id: `stack/${name}`,
        kind: 'stack',
        node: others.length === 0 ? node : null,
        names: going.map(({ id }) => id),
        sizeBytes: await bytesOf(context, name, signal),
        stack: name,
      });
    } catch (error) {
      if (signal.aborted || !isReconcilerError(error)) throw error;
      notes.push({ subject: name, message: errorMessage(error) });
    }
  }
  return { stacks: found, notes };
}

/** Bytes that its containers have written; `null` where a node of it does not count them. */
async function bytesOf(
  { pool, stacks }: RunContext,
  stack: string,
  signal: AbortSignal,
): Promise<number | null> {
  let bytes = 0;
  for (const reference of stacks.targetsOf(stack)) {
    const written = await pool.probe(reference, async (target) =>
      hasCapability(target, 'prunes') ? target.stackBytes(stack, signal) : null,
    );
    if (written === null) return null;
    bytes += written;
  }
  return bytes;
}

/** Looks again before anything is removed: what somebody uses by now stays. */
export async function prune(
  parts: PruneParts,
  request: PruneRequest,
  signal: AbortSignal,
): Promise<readonly PrunedRemnant[]> {
  const { found } = await findRemnants(parts.context, signal);
  const left = new Map((await findStacks(parts, signal)).stacks.map((view) => [view.id, view]));
  const byId = new Map(found.map((one) => [one.view.id, one]));
  const pruned: PrunedRemnant[] = [];
  for (const id of new Set(request.ids)) {
    const one = byId.get(id);
    try {
      const stack = left.get(id);
      if (one !== undefined) pruned.push(await removeOne(parts.context, one, signal));
      else if (stack !== undefined) pruned.push(await removeStack(parts, stack, request, signal));
      else pruned.push({ id, freedBytes: null, message: 'it is not left over any more' });
    } catch (error) {
      if (signal.aborted || !isReconcilerError(error)) throw error;
      pruned.push({ id, freedBytes: null, message: errorMessage(error) });
    }
  }
  return pruned;
}

async function removeOne(
  { pool, store, logger }: RunContext,
  { view, remnant, reference }: FoundRemnant,
  signal: AbortSignal,
): Promise<PrunedRemnant> {
  const { id, kind, names, stack } = view;
  const freedBytes = await pool.probe(reference, (target) =>
    requireCapability(target, 'prunes').removeRemnant(remnant, signal),
  );
  if (freedBytes === null) return { id, freedBytes, message: 'a container uses it by now' };
  logger.info({ node: reference.name, kind, names, stack, freedBytes }, 'pruned');
  if (kind === 'fetched-image')
    for (const name of names) store.forgetFetchedImage(targetKey(reference), name);
  return { id, freedBytes, message: null };
}

async function removeStack(
  { applies, jobs }: PruneParts,
  { id, stack, sizeBytes }: RemnantView,
  { actor, trigger }: PruneRequest,
  signal: AbortSignal,
): Promise<PrunedRemnant> {
  if (stack === null) throw new Error('internal: a stack without a name');
  const { id: jobId } = await applies.apply(
    { stack, mode: 'destroy', confirm: true, actor, trigger },
    signal,
  );
  const { job } = await jobs.waitForJob(jobId, signal);
  const message = job.status === 'completed' ? null : (job.error?.message ?? `its removal was ${job.status}`);
  return { id, freedBytes: message === null ? sizeBytes : null, message };
}
